"""`unexpected detect` into a folder that holds results: what is kept, gone on with, or done anew."""

import numpy as np
import pytest

from unexpected_core.images import read_map, write_image


def test_equal_names_never_overwrite_each_other(tmp_path, detect, picture, lines):
    for name in ("a/x.png", "b/x.png", "b/X.jpg"):
        write_image(tmp_path / name, picture())
    inputs = [tmp_path / name for name in ("a/x.png", "b", "a/x.png")]
    assert detect(*inputs, "--out", tmp_path / "out", "--save", "mask,regions") == 0
    assert sorted(path.name for path in (tmp_path / "out/mask").iterdir()) == [
        "X-2.random_weights.png",
        "x-3.random_weights.png",
        "x-4.random_weights.png",
        "x.random_weights.png",
    ]
    assert len(lines(tmp_path / "out")) == 4


def test_resuming_with_other_inputs_leaves_results_of_the_same_name(tmp_path, detect, picture, lines):
    for name in ("one/x.png", "two/x.png"):
        write_image(tmp_path / name, picture())
    one, two, out = tmp_path / "one", tmp_path / "two", tmp_path / "out"
    written = []
    for inputs in ([one], [two], [two, one]):
        assert detect(*inputs, "--out", out, "--save", "mask,regions", "--resume") == 0
        written.append((out / "mask/x.random_weights.png").stat().st_mtime_ns)
    assert [(line["input"], line["name"]) for line in lines(out)] == [
        (str(one / "x.png"), "x.random_weights"),
        (str(two / "x.png"), "x-2.random_weights"),
    ]
    assert len(set(written)) == 1 and len(list((out / "mask").iterdir())) == 2


def test_results_of_an_earlier_run_are_no_inputs_and_inputs_never_overwritten(tmp_path, detect, picture, lines):
    write_image(tmp_path / "photo.png", picture())
    for _ in range(2):
        assert detect(tmp_path, "--out", tmp_path / "out") == 0
        assert [line["input"] for line in lines(tmp_path / "out")] == [str(tmp_path / "photo.png")]
    write_image(tmp_path / "mask/photo.png", picture())
    assert detect(tmp_path / "mask/photo.png", "--out", tmp_path) == 2
    assert "lies where results are to be written" in lines(tmp_path)[0]["error"]


def test_an_interrupted_run_goes_on_with_resume(tmp_path, monkeypatch, caplog, detect, lines, summary, make_video):
    from unexpected_core.pipeline.detector import Detector

    make_video(tmp_path / "drive.avi", 6)
    out, calls, whole = tmp_path / "out", [], Detector.detect
    words = (tmp_path / "drive.avi", "--out", out, "--save", "mask,regions")

    def interrupted(self, *arguments, **options):
        calls.append(0)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return whole(self, *arguments, **options)

    monkeypatch.setattr(Detector, "detect", interrupted)
    assert detect(*words) == 130
    assert summary(out)["inputs"][0]["frames_read"] == 4 and len(lines(out)) == 3
    with (out / "regions.jsonl").open("a") as file:
        file.write('{"input": "half a li')
    calls.clear()
    calls.extend([0] * 9)
    assert detect(*words, "--resume") == 0
    assert len(calls) == 9 + 3
    assert [line["name"] for line in lines(out)] == [f"drive/{n:05d}.random_weights" for n in range(6)]
    assert len(list((out / "mask/drive").iterdir())) == 6
    (entry,) = summary(out)["inputs"]
    assert (entry["frames_read"], entry["complete"]) == (6, True)
    calls.clear()
    calls.extend([0] * 9)
    assert detect(*words, "--resume", "--threshold", 0.9) == 0  # another way: everything is done again
    assert len(calls) == 9 + 6
    assert len(lines(out)) == 6 and "is of other settings; everything is done again" in caplog.text
    assert detect(*words[:-1], "mask", "--resume") == 2


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (OSError(28, "No space left on device"), 2)])
def test_what_was_broken_off_and_what_was_not_begun_is_not_complete(
    error, code, tmp_path, monkeypatch, detect, picture, summary
):
    from unexpected_core.pipeline.detector import Detector

    for name in ("in/0.png", "in/1.png", "in/2.png", "other.png", "whole.png"):
        write_image(tmp_path / name, picture())
    calls, whole = [], Detector.detect

    def breaking(self, *arguments, **options):
        calls.append(0)
        if len(calls) == 3:
            raise error
        return whole(self, *arguments, **options)

    monkeypatch.setattr(Detector, "detect", breaking)
    inputs = [tmp_path / name for name in ("whole.png", "in", "other.png")]
    assert detect(*inputs, "--out", tmp_path / "out", "--save", "regions") == code
    told = [(entry["frames_read"], entry["complete"]) for entry in summary(tmp_path / "out")["inputs"]]
    assert told == [(1, True), (2, False), (0, False)]


def test_frames_that_were_written_anew_are_done_anew_and_only_those_are_timed(
    tmp_path, detect, picture, lines, summary
):
    for n in range(3):
        write_image(tmp_path / f"in/{n}.png", picture(seed=n))
    words = (tmp_path / "in", "--out", tmp_path / "out", "--save", "score,regions")
    assert detect(*words) == 0
    before = lines(tmp_path / "out")
    write_image(tmp_path / "in/1.png", picture(seed=7))
    assert detect(*words, "--resume") == 0
    after = {line["name"]: line for line in lines(tmp_path / "out")}
    same = [line == after.pop(line["name"]) for line in before]
    assert same == [True, False, True] and not after
    (entry,) = summary(tmp_path / "out")["inputs"]
    anew = sum(lines(tmp_path / "out")[-1]["timings_ms"].values())
    assert entry["frames_read"] == 3 and entry["ms_per_frame"] >= anew > 0
    assert detect(*words, "--resume") == 0
    assert summary(tmp_path / "out")["inputs"][0]["ms_per_frame"] is None


def test_with_a_mask_that_was_painted_anew_nothing_is_kept(tmp_path, caplog, detect, picture, lines):
    """The name of its file is the same: frames of the old mask and of the new one would lie in one folder."""
    write_image(tmp_path / "photo.png", picture())
    words = (tmp_path / "photo.png", "--out", tmp_path / "out", "--threshold", 0, "--ego-mask", tmp_path / "car.png")
    write_image(tmp_path / "car.png", np.zeros((6, 9), np.uint8))
    assert detect(*words) == 0 and lines(tmp_path / "out")[0]["regions"]
    assert detect(*words, "--resume") == 0 and "other settings" not in caplog.text
    write_image(tmp_path / "car.png", np.full((6, 9), 255, np.uint8))
    assert detect(*words, "--resume") == 0 and "is of other settings; everything is done again" in caplog.text
    assert not (read_map(next((tmp_path / "out" / "score").iterdir()))).any()


def test_results_of_another_detector_in_the_same_folder_are_told(tmp_path, caplog, detect):
    """Scores of two methods in one folder would be judged as those of one."""
    for name in "ab":
        write_image(tmp_path / f"{name}.png", np.zeros((60, 90, 3), np.uint8))
    for name in "ab":
        assert detect(tmp_path / f"{name}.png", "--out", tmp_path / "out") == 0
    assert "of other settings" not in caplog.text
    assert detect(tmp_path / "b.png", "--out", tmp_path / "out", "--scorer", "softmax") == 0
    assert "summary.json is of other settings; everything is done again, results of other frames stay" in caplog.text


def test_a_second_run_into_the_same_folder_is_refused_while_the_first_one_writes(
    tmp_path, monkeypatch, capsys, detect, picture, lines
):
    """It emptied regions.jsonl below the first one, which went on writing behind a hole of zeros."""
    from unexpected_core.pipeline.detector import Detector

    write_image(tmp_path / "a.png", picture())
    words, codes, whole = (tmp_path / "a.png", "--out", tmp_path / "out"), [], Detector.detect

    def meanwhile(self, *arguments, **options):
        if not codes:
            codes.append(None)
            codes.append(detect(*words))
        return whole(self, *arguments, **options)

    monkeypatch.setattr(Detector, "detect", meanwhile)
    assert detect(*words) == 0 and codes == [None, 2]
    assert f"another run writes its results into {tmp_path / 'out'}: wait for it, or give" in capsys.readouterr().err
    assert len(lines(tmp_path / "out")) == 1 and detect(*words) == 0


@pytest.mark.parametrize("kinds", ["overlay", "overlay,regions"])
def test_results_of_other_inputs_that_will_be_replaced_are_told_once(kinds, tmp_path, caplog, detect, picture):
    for name in ("a/x.png", "a/y.png", "b/x.png"):
        write_image(tmp_path / name, picture())
    rest = ("--out", tmp_path / "out", "--save", kinds)
    for _ in range(2):
        assert detect(tmp_path / "a", *rest) == 0
    assert "other inputs" not in caplog.text, "the same again"
    assert detect(tmp_path / "b", *rest) == 0
    told = [message for message in caplog.messages if "holds results of other inputs, such as" in message]
    assert len(told) == 1 and f"{tmp_path / 'a'}" in told[0] and "another --out, or --resume" in told[0]
