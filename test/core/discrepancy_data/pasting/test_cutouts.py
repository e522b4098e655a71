"""A folder of cut-outs: what is learned from, what is kept for judging, and what is no cut-out."""

import cv2
import numpy as np
import pytest

from unexpected_core.datasets.base import DatasetError
from unexpected_core.discrepancy_data.pasting.cutouts import kind_of, open_cut_outs, trim
from unexpected_core.discrepancy_data.pasting.things import photographed
from unexpected_core.images import ImageError


def write(folder, name, level, alpha=255):
    image = np.full((20, 30, 4), level, np.uint8)
    image[..., 3] = alpha
    cv2.imwrite(str(folder / name), image)


@pytest.fixture
def folder(tmp_path):
    for i in range(10):
        write(tmp_path, f"cow_{i:02}.png", 10 + i)
    for i in range(3):
        write(tmp_path, f"tin{i}.png", 100 + i)
    return tmp_path


def levels(cut_outs):
    return sorted(int(thing[0, 0, 0]) for thing in cut_outs.all)


def test_every_fifth_of_each_kind_is_kept_aside(folder):
    assert levels(open_cut_outs(folder, training=True)) == [10, 11, 12, 13, 15, 16, 17, 18, 100, 101, 102]
    assert levels(open_cut_outs(folder, training=False)) == [14, 19]


def test_of_things_with_names_of_their_own_some_are_kept_aside_too(folder):
    for i, name in enumerate(("anchor", "bottle", "cone", "duck", "elk", "fox", "goat")):
        write(folder, f"{name}.png", 150 + i)
    learned, kept = (levels(open_cut_outs(folder, training=training)) for training in (True, False))
    assert kept == [14, 19, 102, 154]
    assert not set(learned) & set(kept) and len(learned) + len(kept) == 20


def test_where_nothing_would_be_left_all_are_used(tmp_path, caplog):
    write(tmp_path, "one.png", 7)
    assert levels(open_cut_outs(tmp_path, training=False)) == [7]
    assert "1 cut-outs are too few to keep some for validation" in caplog.text


def test_a_folder_is_read_once_however_it_is_asked_for(folder):
    """Positions and names of arguments, and trainings without cut-outs between, make no other folder of it."""
    learned, kept = open_cut_outs(folder), open_cut_outs(folder, False)
    for training in (True, False):
        open_cut_outs("", training=training)
    assert open_cut_outs(folder, True) is open_cut_outs(str(folder), training=True) is learned
    assert open_cut_outs(folder, training=False) is kept


def test_a_folder_that_has_changed_is_read_again(folder):
    """Else a set would be made of the old things, under the fingerprint of the new ones."""
    open_cut_outs(folder)
    write(folder, "tin0.png", 200)
    assert levels(open_cut_outs(folder)) == [10, 11, 12, 13, 15, 16, 17, 18, 101, 102, 200]
    (folder / "tin1.png").unlink()
    assert levels(open_cut_outs(folder)) == [10, 11, 12, 13, 15, 16, 17, 18, 102, 200]


@pytest.mark.parametrize("key, kind", [("pet_0012", "pet"), ("a/tin3", "a/tin"), ("bike-2_01", "bike"), ("7", "")])
def test_kind_of(key, kind):
    assert kind_of(key) == kind


def test_both_kinds_are_chosen_though_one_is_rare(folder):
    cut_outs, rng = open_cut_outs(folder, training=True), np.random.default_rng(0)
    tins = sum(cut_outs.choose(rng)[0, 0, 0] >= 100 for _ in range(300))
    assert tins == pytest.approx(300 * (0.5 * 3 / 11 + 0.5 / 2), abs=30)


def test_a_cut_out_is_trimmed_to_what_shows_and_loses_its_rim():
    image = np.zeros((60, 80, 4), np.uint8)
    image[20:50, 10:40] = (255, 255, 255, 255)
    image[22:48, 12:38, :3] = (10, 200, 90)
    thing = trim(image)
    assert thing.shape == (28, 28, 4) and (thing[1:-1, 1:-1, :3] == (10, 200, 90)).all()
    assert trim(np.zeros((60, 80, 4), np.uint8)) is None


def test_colours_do_not_bleed_out_of_what_is_transparent():
    image = np.zeros((60, 60, 4), np.uint8)
    image[..., 0] = 255  # red where nothing shows
    image[10:50, 10:50] = (0, 120, 0, 255)
    rng = np.random.default_rng(1)
    thing = photographed(trim(image), 17, rng)
    assert thing.texture[thing.alpha > 0.3][:, 0].max() <= thing.texture[thing.alpha > 0.3][:, 1].max()


def test_a_photograph_is_no_cut_out(tmp_path):
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(ImageError, match=r"photo.png: expected a cut-out.*found uint8 \(20, 30, 3\)"):
        open_cut_outs(tmp_path, training=True)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(DatasetError, match="holds no picture; expected cut-outs"):
        open_cut_outs(tmp_path, training=True)


def test_real_cut_outs(shared_data):
    learn, judge = (open_cut_outs(shared_data / "cutouts", training) for training in (True, False))
    assert len(learn) > 1100 and len(judge) > 250 and len(learn.kinds) == len(judge.kinds) == 4


@pytest.mark.parametrize(
    ("size", "box", "left"),
    [
        ((60, 80), np.s_[20:50, 10:40], (28, 28)),  # a rim of one pixel
        ((60, 80), np.s_[20:30, 10:40], (8, 28)),
        ((60, 80), np.s_[20:29, 10:40], None),  # seven rows are too few
        ((60, 80), np.s_[20:50, 10:19], None),
        ((256, 200), np.s_[20:120, 10:110], (96, 96)),  # two where the picture is large
        ((512, 400), np.s_[40:240, 20:220], (96, 96)),  # a larger one is made smaller first
        ((200, 1024), np.s_[40:160, 40:240], (26, 46)),
    ],
)
def test_how_much_of_a_cut_out_is_left(size, box, left):
    image = np.zeros((*size, 4), np.uint8)
    image[box] = (10, 200, 90, 255)
    thing = trim(image)
    assert (thing is None) if left is None else thing.shape[:2] == left


def test_colours_of_a_cut_out_are_multiplied_by_alpha():
    image = np.full((40, 40, 4), (50, 100, 200, 200), np.uint8)
    assert trim(image)[20, 20].tolist() == [50 * 200 // 255, 100 * 200 // 255, 200 * 200 // 255, 200]
    image[..., 3] = 127
    assert trim(image) is None, "less than half of it shows"
    image[..., 3] = 128
    assert trim(image) is not None


def test_pictures_that_show_nothing_or_all_are_told(tmp_path, caplog):
    """Without a word the first would leave drawn shapes only, the second paste photographs as things."""
    cut = np.full((20, 30), 255, np.uint8)
    cut[:3, :4] = 0
    (tmp_path / "some").mkdir()
    write(tmp_path, "nothing.png", 50, alpha=0)
    with pytest.raises(DatasetError, match="none of 1 cut-outs shows anything, they are too small or transparent"):
        open_cut_outs(tmp_path)
    for name, alpha in {"cut.png": cut, "nothing.png": 0, "photo.png": 255}.items():
        write(tmp_path / "some", name, 50, alpha)
    (tmp_path / "nothing.png").unlink()
    assert len(open_cut_outs(tmp_path / "some")) == 2
    assert "some: 1 of 3 cut-outs show too little and are left out, such as nothing.png" in caplog.text
    assert "some: 1 of 3 cut-outs are whole pictures, cut out of nothing, such as photo.png" in caplog.text
