"""Stored scores are never stale: what was made of another image, or otherwise, is computed again, and said."""

import json

import cv2
import numpy as np
import pytest

from unexpected_core.cli.main import main
from unexpected_core.evaluation.candidates import Candidate
from unexpected_core.evaluation.judge import judge
from unexpected_core.evaluation.results import DatasetFacts, read_results
from unexpected_core.evaluation.settings import EvaluationSettings
from unexpected_core.evaluation.source import open_source
from unexpected_core.evaluation.store import read_score, stored_scores
from unexpected_core.images import read_image, write_image
from unexpected_core.weights.catalog import shipped


def test_nothing_is_asked_twice(root, tmp_path, scored, caplog):
    first = scored(root, tmp_path)
    assert first[0] == ["00", "01", "02", "03", "04"] and scored(root, tmp_path)[0] == []
    assert not caplog.records


def test_a_changed_image_is_scored_again_whichever_it_is(own_root, tmp_path, scored, caplog):
    scored(own_root, tmp_path / "out")
    path = own_root / "images" / "01.png"
    write_image(path, 255 - read_image(path))
    asked, source = scored(own_root, tmp_path / "out")
    assert asked == ["01"] and "1 of 5 stored scores are computed again: their images changed" in caplog.text
    assert np.array_equal(read_score(source.scores["01"]), read_image(path).mean(2, dtype=np.float32) / 255)


def test_another_maker_scores_everything_again_and_the_difference_is_said(root, tmp_path, scored, caplog):
    scored(root, tmp_path, made_by={"method": "bright", "road_prior": "1.0", "code": "a" * 64})
    made_by = {"method": "bright", "road_prior": "2.0", "code": "b" * 64}
    assert len(scored(root, tmp_path, made_by=made_by)[0]) == 5
    assert "made otherwise (code aaaaaaaaaaaa..., now bbbbbbbbbbbb...; road_prior 1.0, now 2.0)" in caplog.text
    assert scored(root, tmp_path, made_by=made_by)[0] == []


def test_changed_files_lost_labels_and_scores_of_unknown_origin_are_made_again(root, tmp_path, scored, caplog):
    _, source = scored(root, tmp_path)
    np.save(source.scores["03"], read_score(source.scores["03"]) / 2)
    (tmp_path / "labels" / "00.png").unlink()
    assert scored(root, tmp_path)[0] == ["00", "03"]
    assert "their files changed" in caplog.text and "their labels changed" in caplog.text
    (tmp_path / "scores" / "made.jsonl").unlink()
    assert len(scored(root, tmp_path)[0]) == 5 and "not noted how they were made" in caplog.text


def test_labels_that_frames_had_not_when_they_were_scored_are_asked_for(own_root, tmp_path, scored, caplog):
    (own_root / "labels").rename(tmp_path / "labels_that_come_later")
    out = tmp_path / "out"
    assert scored(own_root, out)[1].labels is None
    (tmp_path / "labels_that_come_later").rename(own_root / "labels")
    asked, source = scored(own_root, out, first=2)
    assert asked == ["00", "01"] and "2 of 2 stored scores are computed again: their frames had no" in caplog.text
    assert source.predicted_labels("01") is not None and scored(own_root, out)[0] == ["02", "03", "04"]


def test_a_method_without_labels_is_not_asked_for_them_twice(root, tmp_path, scored, bright):
    def mute(image):
        return bright(image)._replace(labels=None)

    assert scored(root, tmp_path)[1].predicted_labels("01") is not None
    mute_now = {"answer": mute, "made_by": {"method": "bright", "version": "2"}}
    asked, source = scored(root, tmp_path, **mute_now)
    assert len(asked) == 5 and source.predicted_labels("01") is None, "labels are left that an earlier one predicted"
    assert scored(root, tmp_path, **mute_now)[0] == []


def test_a_line_cut_short_by_a_kill_costs_its_frame_only(root, tmp_path, scored):
    scored(root, tmp_path)
    ledger = tmp_path / "scores" / "made.jsonl"
    ledger.write_text(ledger.read_text()[:-20])
    assert scored(root, tmp_path)[0] == ["04"] and scored(root, tmp_path)[0] == []


def test_another_format_replaces_the_files(root, tmp_path, scored):
    scored(root, tmp_path)
    assert len(scored(root, tmp_path, kind="16bit")[0]) == 5
    assert {path.suffix for path in (tmp_path / "scores").glob("0*")} == {".npz"}


def test_scores_of_another_option_of_the_same_set_are_no_surplus(root, tmp_path, scored):
    """They stay in the folder, and the doctor is not alarmed by them; scores of strangers are another matter."""
    scored(root, tmp_path / "bright/frames")
    asked, source = scored(root, tmp_path / "bright/frames", first=2)
    assert asked == [] and len(source.scores) == 2 and len(stored_scores(tmp_path / "bright/frames/scores")) == 5

    def kinds(of):
        facts, settings = DatasetFacts(of.dataset.name, 2), EvaluationSettings(resamples=50, workers=1)
        return {finding.kind for finding in judge({"bright": Candidate(of)}, settings, facts, tmp_path / "judged")}

    assert "frame count" not in kinds(source)
    assert "frame count" in kinds(open_source(source.dataset, tmp_path / "bright/frames/scores"))


def test_a_card_or_an_image_that_changes_under_the_command_line(own_root, tmp_path, capsys, caplog):
    pytest.importorskip("torch")
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(shipped()["fast"].read_bytes())
    card = json.loads(shipped()["fast"].with_suffix(".json").read_text())
    for name in ("00", "02", "03"):
        for part in ("images", "obstacle", "labels"):
            (own_root / part / f"{name}.png").unlink()

    def average_precision(height):
        card["working_height"] = height
        weights.with_suffix(".json").write_text(json.dumps(card))
        command = ["evaluate", str(weights), f"obstacle_folder={own_root}", "--out", str(tmp_path / "out")]
        assert main([*command, "--device", "cpu", "--resamples", "20", "--workers", "1"]) in (0, 1), capsys.readouterr()
        return read_results(tmp_path / "out").methods["mine"].pixel["exact"].average_precision.value

    first = average_precision(96)
    caplog.clear()
    assert average_precision(96) == first and "computed again" not in caplog.text
    other = average_precision(64)
    assert other != first and "scorer working_height 96, now 64" in caplog.text
    path = own_root / "images" / "04.png"
    write_image(path, cv2.flip(read_image(path), -1))
    assert average_precision(64) != other and "1 of 2 stored scores are computed again: their images" in caplog.text
