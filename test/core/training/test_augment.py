"""Augmentation: whatever is drawn, the maps of an example stay on one another."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unexpected_core.training.errors import TrainingError
from unexpected_core.training.examples.augment import Augmentation, RandomZoom, _wrap
from unexpected_core.training.examples.settings import DataSettings

SIZES = st.tuples(st.integers(48, 90), st.integers(60, 120))
SEEDS = st.integers(0, 2**31)


def example(height, width):
    """Every map tells the pixel's place: image and resynthesis in their channels, ids as 1000 * row + column."""
    rows, columns = np.mgrid[0:height, 0:width]
    image = np.stack([rows, columns, rows + columns], 2).astype(np.uint8)
    return {
        "image": image,
        "resynthesis": image[..., ::-1].copy(),
        "labels": (rows // 6).astype(np.uint8),
        "instances": (1000 * rows + columns).astype(np.int32),
        "discrepancy": np.full((height, width), 255, np.uint8),
    }


@settings(max_examples=25, deadline=None)
@given(size=SIZES, crop=st.tuples(st.integers(1, 48), st.integers(1, 60)), seed=SEEDS)
def test_crop_and_flip_move_all_maps_alike(size, crop, seed):
    maps = example(*size)
    torch.manual_seed(seed)
    got = Augmentation(DataSettings(crop=crop))(maps)
    rows, columns = got["instances"] // 1000, got["instances"] % 1000
    assert got["image"].shape == (3, *crop) and got["image"].dtype == np.uint8
    np.testing.assert_array_equal(got["image"], maps["image"][rows, columns].transpose(2, 0, 1))
    np.testing.assert_array_equal(got["resynthesis"], maps["resynthesis"][rows, columns].transpose(2, 0, 1))
    np.testing.assert_array_equal(got["labels"], maps["labels"][rows, columns])
    assert (got["discrepancy"] == 255).all()
    assert {name: values.dtype for name, values in got.items()} == {name: v.dtype for name, v in maps.items()}
    steps = np.diff(columns, axis=1)
    assert crop[1] < 2 or (abs(steps).max() == 1 and steps.min() == steps.max())  # a window, mirrored or not


@settings(max_examples=25, deadline=None)
@given(size=SIZES, scale=st.tuples(st.floats(0.3, 1.0), st.floats(1.0, 2.5)), seed=SEEDS)
def test_scale_moves_all_maps_alike(size, scale, seed):
    maps = example(*size)
    torch.manual_seed(seed)
    got = Augmentation(DataSettings(crop=0.5, scale=scale))(maps)
    rows, columns = got["instances"] // 1000, got["instances"] % 1000  # nearest: true places of the original
    assert rows.max() < size[0] and columns.max() < size[1]
    np.testing.assert_array_equal(got["labels"], rows // 6)
    assert got["image"].shape[1:] == got["labels"].shape
    assert all(side % 8 == 0 for side in got["labels"].shape)
    # Bilinear against nearest: half a pixel of the coarser grid, and edges that the antialiasing cannot see beyond.
    assert np.abs(got["image"][0].astype(int) - rows).max() <= 3
    assert np.abs(got["image"][1].astype(int) - columns).max() <= 3
    np.testing.assert_allclose(got["resynthesis"][2].astype(int), got["image"][0], atol=1)


@pytest.mark.parametrize("scale", [0.53, 0.77, 1.3, 1.47])
def test_ids_lie_where_the_image_lies(scale):
    random, away = np.random.default_rng(0), []
    for top, left in random.integers(20, 90, (30, 2)):
        box = np.zeros((150, 170), np.uint8)
        box[top : top + random.integers(15, 50), left : left + random.integers(15, 50)] = 1
        zoomed = RandomZoom(scale, scale)(
            {"image": _wrap(np.repeat(box[..., None] * np.uint8(200), 3, 2)), "labels": _wrap(box)}
        )
        image, labels = zoomed["image"][0].numpy().astype(float), zoomed["labels"].numpy()
        centre = (np.indices(image.shape) * image).sum((1, 2)) / image.sum()
        away.append(np.argwhere(labels).mean(0) - centre)
    assert np.abs(np.mean(away, 0)).max() < 0.15


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_colour_and_blur_leave_ids_alone(seed):
    maps = example(60, 80)
    torch.manual_seed(seed)
    got = Augmentation(DataSettings(crop=(0, 0), flip=False, colour=0.5, blur=1.0))(maps)
    for name in ("labels", "instances", "discrepancy"):
        np.testing.assert_array_equal(got[name], maps[name])
    assert (got["image"] != maps["image"].transpose(2, 0, 1)).any()


def test_photo_and_resynthesis_get_the_same_colours():
    maps = example(60, 80) | {"resynthesis": example(60, 80)["image"]}
    got = Augmentation(DataSettings(crop=(32, 40), colour=0.4, blur=0.5))(maps)
    np.testing.assert_array_equal(got["image"], got["resynthesis"])


def test_the_seed_decides():
    maps = example(60, 80)
    augment = Augmentation(DataSettings(crop=(32, 40), scale=(0.8, 1.5), colour=0.2, blur=0.5))
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(augment(maps)["image"])
    np.testing.assert_array_equal(results[0], results[1])
    assert (results[0] != results[2]).any()


def test_mirrors_half():
    maps = example(8, 10)
    torch.manual_seed(0)
    mirrored = sum(bool(Augmentation(DataSettings(crop=(0, 0)))(maps)["image"][1, 0, 0]) for _ in range(200))
    assert 70 < mirrored < 130


def test_errors():
    with pytest.raises(TrainingError, match=r"crop of 384x768 .* not fit an image of 60x80: choose a smaller"):
        Augmentation(DataSettings())(example(60, 80))
    with pytest.raises(TrainingError, match="differ in size: image 80x60, labels 60x80"):
        Augmentation(DataSettings(crop=(8, 8)))(
            {"image": np.zeros((60, 80, 3), np.uint8), "labels": np.zeros((80, 60), np.uint8)}
        )
