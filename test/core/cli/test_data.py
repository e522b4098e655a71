"""The command `unexpected data`: what it writes, prints and returns."""

import json

import numpy as np
import pytest

from unexpected_core.cli.main import main
from unexpected_core.images import read_image, read_map, write_image


@pytest.fixture
def folder(tmp_path):
    """Three pairs of image and train ids, 32x48: road, two cars, sky."""
    rng = np.random.default_rng(0)
    labels = np.zeros((32, 48), np.uint8)
    labels[:10] = 10
    labels[12:20, 4:14] = labels[12:20, 30:44] = 13
    for i in range(3):
        write_image(tmp_path / f"in/train/{i}.png", rng.integers(0, 256, (32, 48, 3)).astype(np.uint8))
        write_image(tmp_path / f"in/train/{i}_trainIds.png", labels)
    return tmp_path


def discrepancy(folder, *more):
    words = ["--dataset", "paired_folder", "--root", str(folder / "in"), "--out", str(folder / "set")]
    return main(["data", "discrepancy", *words, "--generator", "fast_generator", "--random-weights", *more])


def test_discrepancy_and_its_contact_sheet(folder, capsys):
    assert discrepancy(folder, "--set", "swap_fraction=1.0", "--set", "seed=3") == 0
    assert "3 frames, 0 left out" in capsys.readouterr().out
    manifest = json.loads((folder / "set/manifest_train.json").read_text())
    assert manifest["generator"] == "fast_generator untrained" and manifest["recipe"]["seed"] == 3
    assert (read_map(folder / "set/labels/train/0_errors.png") > 0).sum() == 8 * 10 + 8 * 14
    assert read_image(folder / "set/gen_image/train/2_gen.jpg").shape == (32, 48, 3)
    words = ["--data", f"paired_folder={folder / 'in'}", "--discrepancy", str(folder / "set"), "--width", "96"]
    assert main(["data", "show", *words, "--out", str(folder / "sheet.png")]) == 0
    assert read_image(folder / "sheet.png").shape == (3 * 64 + 2 * 4, 4 * 96 + 3 * 4, 3)
    assert "3 of 3 frames of set-train" in capsys.readouterr().out


def test_a_left_out_frame_shows_in_the_exit_code(folder, capsys):
    (folder / "in/train/1.png").write_bytes(b"no image")
    assert discrepancy(folder) == 1
    assert "2 frames, 1 left out" in capsys.readouterr().out


def test_convert(folder, capsys):
    write_image(folder / "ctc/leftImg8bit/val/ulm/a_leftImg8bit.png", np.zeros((32, 64, 3), np.uint8))
    command = ["data", "convert", "cityscapes", str(folder / "ctc"), str(folder / "small"), "--size", "32x16"]
    assert main(command) == 0
    assert "1  leftImg8bit/val/leftImg8bit\n1 files written, 0 left out" in capsys.readouterr().out
    assert read_image(folder / "small/leftImg8bit/val/ulm/a_leftImg8bit.webp").shape == (16, 32, 3)
    (folder / "ctc/leftImg8bit/val/ulm/b_leftImg8bit.png").write_bytes(b"no image")
    assert main(command) == 1


def test_list_tells_where_to_get_a_set(capsys):
    assert main(["data", "list"]) == 0
    out = capsys.readouterr().out
    assert "https://www.cityscapes-dataset.com" in out and "roots.yaml" in out


@pytest.mark.parametrize(
    "words, message",
    [
        (["show", "--data", "camvd"], "unknown data set 'camvd'; did you mean 'camvid'"),
        (["show", "--data", "camvid", "--size", "10"], "--size: expected WIDTHxHEIGHT such as 1024x512, found '10'"),
        (["show", "--data", "camvid", "--option", "x"], "--option expects NAME=VALUE, found 'x'"),
        (
            ["show", "--data", "camvid", "--option", "root=x"],
            "--option root is none of a data set's own: give the folder",
        ),
        (["show", "--data", "camvid", "--option", "name=3"], "none of a data set's own: give the data set as NAME"),
        (["show", "--data", "camvid", "--option", "size=[3,4]"], "none of a data set's own: say --size"),
        (["show", "--data", "obstacle_folder", "--split", "val"], "unknown option 'split'; known: none"),
        (["show", "--data", "nyu", "--option", "roots=x"], "unknown option 'roots'; known: split, check_counts"),
        (["show", "--data", "drawn", "--key", "train/0/0"], "--key: data set 'drawn-train' has no frame 'train/0/0'"),
        (["show", "--data", "drawn", "--option", "count=many"], "option 'count' = 'many': Input should be a valid int"),
        (["show", "--data", "drawn=/no"], "'drawn' is drawn on the spot and has no folder, found /no: leave it out"),
        (["draw", "--out", "x", "--size", "32x32"], "size 32x32 is too small to draw a road"),
        (["draw", "--out", "x", "--workers", "0"], "--workers: expected a whole number of 1 or more, found '0'"),
        (["show", "--data", "drawn", "--width", "-3"], "--width: expected a whole number of 1 or more, found '-3'"),
        (
            ["show", "--data", "camvid=a", "--root", "b"],
            "two folders for the data set 'camvid': a and --root b; give one",
        ),
        (["convert", "kitti", "a", "b"], "unknown data set to convert 'kitti'"),
        (
            ["discrepancy", "--data", "camvid", "--generator", "fast", "--out", "x", "--recipe", "swap"],
            "unknown recipe 'swap'",
        ),
        (
            ["discrepancy", "--data", "camvid", "--generator", "fast", "--out", "x", "--set", "seeds=1"],
            "did you mean 'seed'",
        ),
        (
            ["discrepancy", "--data", "drawn", "--generator", "pspnet", "--random-weights", "--out", "x"],
            "unknown generator network 'pspnet'",
        ),
    ],
)
def test_wrong_words_are_refused(words, message, capsys):
    try:
        code = main(["data", *words])
    except SystemExit as refused:  # by argparse
        code = refused.code
    assert code == 2
    assert message in capsys.readouterr().err
