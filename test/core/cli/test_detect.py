"""`unexpected detect` on what people have: what it writes, says and leaves out."""

from pathlib import Path

import numpy as np
import pytest

from unexpected_core.cli.detecting.inputs import open_input
from unexpected_core.cli.main import main
from unexpected_core.images import read_image, read_map, write_image


def test_every_kind_of_result_of_one_photo(tmp_path, capfd, detect, picture, lines):
    write_image(tmp_path / "photo.png", picture(61, 93))
    out = tmp_path / "out"
    kinds = "overlay,score,mask,labels,labels_color,resynthesis,regions"
    words = (tmp_path / "photo.png", "--out", out, "--threshold", 0.4, "--hysteresis", 0.1, "--save", kinds)
    assert detect(*words) == 0
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert files == [
        "labels/photo.random_weights.png",
        "labels_color/photo.random_weights.png",
        "mask/photo.random_weights.png",
        "overlay/photo.random_weights.jpg",
        "regions.jsonl",
        "resynthesis/photo.random_weights.jpg",
        "score/photo.random_weights.png",
        "summary.json",
    ]
    score = read_map(out / "score/photo.random_weights.png")
    assert score.dtype == np.uint16 and score.shape == (61, 93)
    mask = read_map(out / "mask/photo.random_weights.png")
    assert set(np.unique(mask)) <= {0, 255} and np.array_equal(mask > 0, (mask > 0) & (score / 65535 > 0.29))
    assert read_map(out / "labels/photo.random_weights.png").max() < 19
    for name in ("overlay/photo.random_weights.jpg", "labels_color/photo.random_weights.png"):
        stamped = read_image(out / name)
        assert stamped.shape == (61, 93, 3)
        assert np.median(stamped[:10, :, 0]) > 150 and np.median(stamped[:10, :, 2]) < 60
    (line,) = lines(out)
    assert line["warning"] == "RANDOM WEIGHTS: NO MEANING" and line["model_id"] == "random"
    assert (line["width"], line["height"], line["threshold"]) == (93, 61, 0.4)
    assert sum(region["area"] for region in line["regions"]) == (mask > 0).sum()


def test_scores_as_float_arrays_equal_the_detectors_own(tmp_path, detect, picture):
    from unexpected_core import load_detector

    write_image(tmp_path / "photo.png", picture())
    words = ["detect", str(tmp_path / "photo.png"), "--out", str(tmp_path / "out"), "--detector", "random"]
    words += ["--device", "cpu", "--scorer", "softmax", "--save", "score", "--score-format", "npy"]
    assert main(words) == 0
    score = np.load(tmp_path / "out/score/photo.random_weights.npy")
    assert np.array_equal(score, load_detector("random", "cpu", scorer="softmax").detect(picture()).score)
    assert not (tmp_path / "out/regions.jsonl").exists()


def test_unreadable_inputs_are_named_and_the_others_done(tmp_path, caplog, detect, picture, lines):
    caplog.set_level("INFO", "unexpected")
    (tmp_path / "in").mkdir()
    write_image(tmp_path / "in/good.png", picture())
    (tmp_path / "in/bad.png").write_bytes(b"\x89PNG, but not really")
    (tmp_path / "in/empty.jpg").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no video")
    (tmp_path / "nothing").mkdir()
    inputs = [tmp_path / name for name in ("in", "gone.png", "notes.txt", "nothing", "gone.mp4", "gone.mcap")]
    assert detect(*inputs, "--out", tmp_path / "out", "--save", "regions") == 1
    found = {line["input"].removeprefix(f"{tmp_path}/"): line.get("error") for line in lines(tmp_path / "out")}
    assert found.pop("in/good.png") is None
    messages = {
        "in/bad.png": "not a complete image file",
        "in/empty.jpg": "not a complete image file",
        "gone.png": "does not exist",
        "notes.txt": "cannot be decoded as a video",
        "nothing": "holds no images",
        "gone.mp4": "does not exist",
        "gone.mcap": "does not exist",
    }
    for name, message in messages.items():
        assert message in found.pop(name)
    assert found == {}
    assert "1 images" in caplog.text and "7 not readable" in caplog.text
    assert detect(inputs[1], "--out", tmp_path / "out") == 2


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_an_output_folder_that_cannot_be_written_is_said_in_one_line(tmp_path, capsys, out, detect, picture):
    write_image(tmp_path / "photo.png", picture())
    (tmp_path / "file").write_text("precious")
    assert detect(tmp_path / "photo.png", "--out", tmp_path / out) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"unexpected detect: {tmp_path / out}: ") and error.count("\n") == 1
    assert (tmp_path / "file").read_text() == "precious"


def test_a_table_of_regions_that_does_not_fit_on_the_disk_is_named(
    tmp_path, capsys, files_no_longer_than, detect, picture
):
    for number in range(30):
        write_image(tmp_path / "in" / f"{number}.png", picture())
    with files_no_longer_than(5000):
        code = detect(tmp_path / "in", "--out", tmp_path / "out", "--save", "regions", "--threshold", 0)
    error = capsys.readouterr().err
    assert code == 2 and f"{tmp_path / 'out/regions.jsonl'}: " in error and "MiB are free there" in error, error


def test_a_name_that_the_system_refuses_is_one_bad_input(tmp_path, detect, picture, lines):
    write_image(tmp_path / "photo.png", picture())
    with pytest.raises(ValueError, match=r"cannot read x+: File name too long"):
        open_input(Path("x" * 300))
    inputs = ["x" * 300, tmp_path / "photo.png"]
    assert detect(*inputs, "--out", tmp_path / "out", "--save", "regions") == 1
    bad, good = lines(tmp_path / "out")
    assert "File name too long" in bad["error"] and "error" not in good


def test_scores_of_random_weights_never_go_without_their_stamp(tmp_path, capsys, picture, lines):
    write_image(tmp_path / "photo.png", picture())
    command = ["detect", str(tmp_path / "photo.png"), "--device", "cpu", "--out", str(tmp_path / "out")]
    for words in (["--scorer", "random"], ["--scorer", "fast", "--detector", "random"], ["--scorer", "iccv2019"]):
        assert main([*command, *words]) == 2
        assert "has networks of its own" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert main([*command, "--scorer", "softmax", "--detector", "random"]) == 0
    assert {line["warning"] for line in lines(tmp_path / "out")} == {"RANDOM WEIGHTS: NO MEANING"}


def test_the_end_is_a_table_and_the_same_in_summary_json(
    tmp_path, caplog, detect, picture, lines, summary, make_video, write_bag
):
    caplog.set_level("INFO", "unexpected")
    data = make_video(tmp_path / "whole.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: len(data) * 3 // 4])
    write_bag(tmp_path / "bag", [picture(), picture()[:0], picture()])
    inputs = [tmp_path / name for name in ("whole.avi", "cut.avi", "bag", "gone.mp4")]
    out = tmp_path / "out"
    assert detect(*inputs, "--out", out, "--save", "regions") == 1
    facts = {Path(entry["input"]).name: entry for entry in summary(out)["inputs"]}
    assert summary(out)["model_id"] == "random" and 0 < summary(out)["threshold"] < 1
    numbers = {name: [entry[f"frames_{n}"] for n in ("read", "claimed", "failed")] for name, entry in facts.items()}
    read = numbers["cut.avi"][0]
    assert 1 <= read <= 5
    assert numbers["whole.avi"] == [5, 5, 0] and numbers["bag"] == [3, 3, 1] and numbers["gone.mp4"] == [0, 0, 1]
    assert [name for name, entry in facts.items() if entry["complete"]] == ["whole.avi"]
    assert (
        "breaks off after" in facts["cut.avi"]["problems"][-1] and "does not exist" in facts["gone.mp4"]["problems"][0]
    )
    regions = {
        name: sum(len(line.get("regions", ())) for line in lines(out) if name in line["input"]) for name in facts
    }
    assert {name: entry["regions"] for name, entry in facts.items()} == regions
    table = caplog.records[-1].getMessage().splitlines()
    assert table[0].split() == ["input", "read", "claimed", "failed", "regions", "ms/frame"]
    assert table[1].split()[1:4] == ["5", "5", "0"] and table[-1].split()[0] == "all"
    assert float(table[1].split()[-1]) == pytest.approx(facts["whole.avi"]["ms_per_frame"], abs=0.5)


def test_a_folder_as_a_phone_fills_it(tmp_path, caplog, detect, picture, lines, summary, make_video):
    folder = tmp_path / "phone"
    for name in ("IMG_1.JPG", "IMG_2.png", "IMG_10.jpg", "below/IMG_3.webp"):
        write_image(folder / name.lower(), picture())
    make_video(folder / "clip.avi", 3)
    (folder / "notes.txt").write_text("no picture")
    (folder / "IMG_9.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(12))
    (folder / ".hidden.jpg").write_bytes(b"a file that is being written")
    out = tmp_path / "out"
    assert detect(folder, "--out", out, "--save", "mask,regions") == 1
    names = [line["name"].removesuffix(".random_weights") for line in lines(out)]
    assert names == ["IMG_9", "below/img_3", "clip/00000", "clip/00001", "clip/00002", "img_1", "img_2", "img_10"]
    assert [line["name"] for line in lines(out) if "error" in line] == ["IMG_9"]
    assert "phone: 1 files are no pictures and are left out: 1 .txt (notes.txt)" in caplog.text
    (entry,) = summary(out)["inputs"]
    assert (entry["frames_read"], entry["frames_failed"]) == (8, 1)
