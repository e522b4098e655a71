"""Scores made elsewhere: whose they are, and of which frames, is proven or refused."""

import re
import shutil

import numpy as np
import pytest

from unexpected_core.cli.main import main
from unexpected_core.datasets import open_dataset
from unexpected_core.evaluation.errors import PredictionError
from unexpected_core.evaluation.pairing import check_distinct, foreign_source
from unexpected_core.evaluation.score import First
from unexpected_core.evaluation.store import label_of, read_score
from unexpected_core.images import read_image, write_image


@pytest.fixture
def flat(root, tmp_path, scored):
    """Scores of somebody: theirs/*.npy, without a ledger."""
    _, source = scored(root, tmp_path / "ours")
    folder = tmp_path / "theirs"
    folder.mkdir()
    for key, path in source.scores.items():
        shutil.copy(path, folder / f"{key}.npy")
    return folder


def test_a_flat_folder_serves_the_method_whose_name_it_bears_and_no_other(root, flat):
    dataset = open_dataset("obstacle_folder", root)
    assert len(foreign_source(dataset, flat, "theirs").scores) == 5
    assert len(foreign_source(dataset, flat.parent, "theirs").scores) == 5
    with pytest.raises(PredictionError, match=r"has no folders: a folder must bear its method's name"):
        foreign_source(dataset, flat, "thiers")


def test_a_misspelt_method_is_refused(root, flat):
    with pytest.raises(PredictionError, match=r"no folder of scores: looked for .*has .*theirs: a folder must bear"):
        foreign_source(open_dataset("obstacle_folder", root), flat.parent, "thiers")


def test_the_same_files_for_two_methods_are_refused(root, flat, tmp_path, capsys):
    shutil.copytree(flat, flat.parent / "others")
    command = ["evaluate", "theirs,others", f"obstacle_folder={root}", "--from-scores", str(flat.parent)]
    assert main([*command, "--out", str(tmp_path / "out")]) == 2
    assert "methods 'theirs' and 'others' have the same scores" in capsys.readouterr().err
    np.save(flat / "04.npy", np.zeros((33, 57), np.float32))
    dataset = open_dataset("obstacle_folder", root)
    check_distinct({name: foreign_source(dataset, flat.parent, name) for name in ("theirs", "others")})


def test_names_of_frames_must_match(root, flat):
    dataset = open_dataset("obstacle_folder", root)
    (flat / "03.npy").rename(flat / "frame_03.npy")
    with pytest.raises(PredictionError, match=r"no score for frame '03' \(1 of 5\), but 1 of no frame of"):
        foreign_source(dataset, flat, "theirs")
    assert foreign_source(First(dataset, 2), flat, "theirs").surplus == 1  # no frame asked for lacks its score
    (flat / "frame_03.npy").unlink()
    assert foreign_source(dataset, flat, "theirs").keys == ["00", "01", "02", "04"]


def test_the_benchmarks_folder_of_all_splits_has_no_surplus(root, flat, tmp_path):
    dataset = open_dataset("obstacle_folder", root)
    dataset.name = "ObstacleTrack-validation"
    folder = tmp_path / "anomaly_p" / "theirs" / "ObstacleTrack-all"
    shutil.copytree(flat, folder)
    shutil.rmtree(flat)
    np.save(folder / "night_01.npy", np.zeros((33, 57), np.float32))
    assert foreign_source(dataset, tmp_path, "theirs").surplus == 0


def test_hashes_beside_the_scores_prove_image_file_and_method(own_root, tmp_path, scored):
    _, source = scored(own_root, tmp_path / "bright" / own_root.name)
    dataset = open_dataset("obstacle_folder", own_root)
    assert len(foreign_source(dataset, tmp_path, "bright").scores) == 5
    (tmp_path / "bright").rename(tmp_path / "dark")
    with pytest.raises(
        PredictionError, match="the score of '00' was made by 'bright', not 'dark'; call its folder 'bright'"
    ):
        foreign_source(dataset, tmp_path, "dark")
    (tmp_path / "dark").rename(tmp_path / "bright")
    first, second = source.scores["01"], source.scores["02"]
    before = read_score(first)
    shutil.copy(second, first)
    with pytest.raises(PredictionError, match=r"01\.npy is not the file that was written for '01'"):
        foreign_source(dataset, tmp_path, "bright")
    np.save(first, before)
    assert len(foreign_source(dataset, tmp_path, "bright").scores) == 5
    write_image(own_root / "images" / "04.png", 255 - read_image(own_root / "images" / "04.png"))
    with pytest.raises(PredictionError, match=r"04\.npy was made for another image than the '04' of"):
        foreign_source(dataset, tmp_path, "bright")


def test_scores_of_two_evaluations_in_one_folder_are_not_guessed_between(root, tmp_path, scored):
    """Those made for a benchmark, and later ones of other weights."""
    _, source = scored(root, tmp_path / "bright" / root.name)
    (tmp_path / "bright" / root.name / "labels").mkdir(exist_ok=True)
    benchmark = tmp_path / "anomaly_p" / "bright" / root.name
    shutil.copytree(tmp_path / "bright" / root.name / "scores", benchmark)
    ours, files = tmp_path / "bright" / root.name, [path.read_bytes() for path in source.scores.values()]
    for folder in (ours / "scores", ours, ours.parent):
        folder.mkdir(exist_ok=True)
        for number, file in enumerate(files):
            (folder / f"{number:02d}.npy").write_bytes(file)
        message = rf"scores of 'bright' lie in .*anomaly_p.* and in {re.escape(str(folder))}, maybe of two"
        with pytest.raises(PredictionError, match=message):
            foreign_source(source.dataset, tmp_path, "bright")
        for path in folder.glob("*.npy"):
            path.unlink()
    assert foreign_source(source.dataset, tmp_path, "bright").scores["00"].parent == benchmark


def test_scores_of_frames_in_folders_are_not_guessed_between_either(root, tmp_path, scored):
    for part in ("images", "obstacle"):
        shutil.copytree(root / part, tmp_path / "sub" / part / "a")
    dataset = open_dataset("obstacle_folder", tmp_path / "sub")
    score, benchmark = np.zeros((33, 57), np.float32), tmp_path / "anomaly_p/bright/sub/a"
    benchmark.mkdir(parents=True)
    np.save(benchmark / "00.npy", score)
    for other in ("other/scores/a", "sub/labels/a"):  # of another set; predicted labels
        (tmp_path / "bright" / other).mkdir(parents=True)
        write_image(tmp_path / "bright" / other / "00.png", np.zeros((33, 57), np.uint8))
    assert foreign_source(dataset, tmp_path, "bright").scores == {"a/00": benchmark / "00.npy"}
    for place in ("sub/scores", "sub"):
        folder = tmp_path / "bright" / place
        (folder / "a").mkdir(parents=True)
        np.save(folder / "a" / "00.npy", score)
        with pytest.raises(PredictionError, match=rf"anomaly_p.* and in {re.escape(str(folder))}, maybe of two"):
            foreign_source(dataset, tmp_path, "bright")
        (folder / "a" / "00.npy").unlink()


@pytest.mark.parametrize("method", ["exp/mine.safetensors", "exp/mine.onnx", "./mine", "../exp/mine"])
def test_scores_of_a_weight_file_or_folder_are_judged_by_their_label(method, root, tmp_path, scored):
    label = {"../exp/mine": "exp_mine"}.get(method, "mine")
    assert label_of(method) == label
    scored(root, tmp_path / label / root.name, made_by={"method": method})
    assert len(foreign_source(open_dataset("obstacle_folder", root), tmp_path, label).scores) == 5


def test_the_folder_that_one_is_in_has_its_own_name_as_a_label(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    assert (label_of("."), label_of(".."), label_of("/a/b"), label_of("fast")) == ("run", tmp_path.name, "a_b", "fast")
