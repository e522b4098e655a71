"""Data sets made of others: what they keep, and how often a sample is made."""

import pickle

import numpy as np
import pytest

from unexpected_core.datasets import Dataset, DatasetError, Resized, open_dataset
from unexpected_core.datasets.cache import Cached, Spilled, cached
from unexpected_core.datasets.drawn import Drawn
from unexpected_core.datasets.joined import Joined
from unexpected_core.evaluation.score import First
from unexpected_core.images import write_image
from unexpected_core.structs import Sample

DRAWN = {"count": 2, "height": 64, "width": 96}


def test_a_cached_set_is_the_same_and_reads_once(tmp_path, caplog):
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        write_image(tmp_path / "images" / f"{name}.png", random.integers(0, 256, (24, 40, 3), np.uint8))
        write_image(tmp_path / "obstacle" / f"{name}.png", random.integers(0, 2, (24, 40), np.uint8))
    dataset = open_dataset("obstacle_folder", tmp_path)
    expected = list(dataset)
    with caplog.at_level("INFO"):
        assert cached(dataset, 1e-6) is dataset
    assert "read from disk each time" in caplog.text
    kept = cached(dataset, 1e-3)
    for path in tmp_path.rglob("*.*"):
        path.unlink()
    assert kept.keys == dataset.keys
    for _ in range(2):
        for one, other in zip(kept, expected, strict=True):
            for name in ("image", "labels", "instances", "obstacle"):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
            one.image[:] = 0  # a copy: the next round does not see this


def test_a_set_that_begins_with_a_small_frame_takes_no_more_memory_than_allowed(tmp_path, caplog):
    """1 KiB, then 40 frames of 3 MiB each, of which 4 MiB may be kept."""
    caplog.set_level("INFO")
    read = []

    class Growing(Dataset):
        def load(self, index):
            read.append(index)
            return Sample(self.keys[index], np.zeros((1024, 1024, 3) if index else (16, 16, 3), np.uint8))

    dataset = Growing("growing", [f"{i:02d}" for i in range(41)])
    assert cached(dataset, 4 / 1024) is dataset
    assert len(read) < 20 and "growing needs 0.0 GiB of memory or more, allowed are 0.00390625" in caplog.text


def test_a_spilled_set_makes_each_sample_once_for_all_processes(monkeypatch):
    made, draw = [], Drawn.load
    monkeypatch.setattr(Drawn, "load", lambda self, index: made.append(index) or draw(self, index))
    spilled = Spilled(open_dataset("drawn", **DRAWN))
    first, copy = spilled[1], pickle.loads(pickle.dumps(spilled))
    for again in (spilled[1], copy["train/0/00001"]):
        assert again.key == first.key
        for name in ("image", "labels", "instances", "obstacle"):
            one, other = getattr(first, name), getattr(again, name)
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
    copy[0], spilled[0]
    assert made == [1, 0]
    folder = spilled.folder
    del copy
    assert folder.is_dir()
    del spilled
    assert not folder.exists()


@pytest.mark.parametrize("others", [0, 1])
def test_joined_sets_keep_classes_and_cameras_and_refuse_other_classes(others):
    sets = [open_dataset("drawn", split=split, **DRAWN) for split in ("train", "val")[: 1 + others]]
    sets[-1].name = "last"
    for dataset in sets:
        dataset.num_classes = 5
    joined = Joined(sets)
    assert joined.num_classes == 5
    assert [joined.camera(key) for key in joined.keys] == [each.camera(key) for each in sets for key in each.keys]
    if others:
        with pytest.raises(
            DatasetError, match=r"two data sets are called 'last', and have .*: rename the folder of one"
        ):
            Joined([sets[-1], sets[-1]])
    sets[-1].num_classes = 6
    if others:
        with pytest.raises(DatasetError, match="'drawn-train' has 5 classes, 'last' has 6 classes; use"):
            Joined(sets)


@pytest.mark.parametrize(
    "wrap", [Cached, Spilled, lambda dataset: Resized(dataset, (32, 48)), lambda dataset: First(dataset, 1)]
)
def test_a_wrapped_set_keeps_name_classes_and_cameras(wrap):
    dataset = open_dataset("drawn", **DRAWN)
    dataset.num_classes = 5
    wrapped = wrap(dataset)
    assert (wrapped.name, wrapped.num_classes, wrapped.keys[0]) == ("drawn-train", 5, "train/0/00000")
    assert wrapped.camera(wrapped.keys[0]) == dataset.camera(dataset.keys[0])


def test_a_benchmark_under_other_names_is_no_broken_download(tmp_path):
    for n in range(3):
        write_image(tmp_path / f"images/frame_{n}.png", np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(DatasetError, match=r"none of the 3 images below .* has a published name .* 'frame_0'\), so"):
        open_dataset("anomaly_track", tmp_path)
    with pytest.raises(
        DatasetError, match=r"has 60 frames, found 3; 57 are missing: complete the download, or use what"
    ):
        open_dataset("road_anomaly", tmp_path)
    for n in range(3, 61):
        write_image(tmp_path / f"images/frame_{n}.png", np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(DatasetError, match=r"found 61; 1 are too many: take away what is not of it, or use what"):
        open_dataset("road_anomaly", tmp_path)


def test_masks_without_a_photograph_are_told(tmp_path, caplog):
    """Of a copy that broke off, say: what has no photograph is judged by nobody."""
    for name in ("images/a.png", "obstacle/a.png", "obstacle/b.png", "obstacle/c.png"):
        write_image(tmp_path / name, np.zeros((4, 6) if "obst" in name else (4, 6, 3), np.uint8))
    assert open_dataset("obstacle_folder", tmp_path).keys == ("a",)
    assert "data set 'obstacle_folder': 2 of the maps (obstacle/ map) have no image, first 'b'" in caplog.text


@pytest.mark.parametrize(
    "name, maps", [("lost_and_found", "gtCoarse/test/s/{}_gtCoarse_labelIds.png"), ("obstacle_track", "labels/{}.png")]
)
def test_masks_of_frames_that_are_left_out_are_not(tmp_path, caplog, name, maps):
    frames = {"lost_and_found": ("s_000000_000010", "s_000000_000020"), "obstacle_track": ("validation_1", "road_1")}
    place = {"lost_and_found": "leftImg8bit/test/s/{}_leftImg8bit.png", "obstacle_track": "images/{}.png"}
    for frame in frames[name]:
        write_image(tmp_path / place[name].format(frame), np.zeros((4, 6, 3), np.uint8))
        write_image(tmp_path / maps.format(frame), np.ones((4, 6), np.uint8))
    assert len(open_dataset(name, tmp_path, check_counts=False)) == 1
    assert "have no image" not in caplog.text


@pytest.mark.parametrize(
    "name, image, maps",
    [
        ("image_folder", "{}.png", None),
        ("obstacle_folder", "images/{}.png", "obstacle/{}.png"),
        ("paired_folder", "train/{}.png", "train/{}_trainIds.png"),
    ],
)
def test_frames_of_ones_own_are_in_the_order_of_their_numbers(tmp_path, name, image, maps):
    for number in (1, 2, 9, 10, 11):
        write_image(tmp_path / image.format(number), np.full((4, 6, 3), number, np.uint8))
        if maps:
            write_image(tmp_path / maps.format(number), np.zeros((4, 6), np.uint8))
    dataset = open_dataset(name, tmp_path)
    assert dataset.keys == ("1", "2", "9", "10", "11")
    assert [sample.image[0, 0, 0] for sample in dataset] == [1, 2, 9, 10, 11]
