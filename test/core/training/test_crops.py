"""Which part of a frame becomes an example, and where its rows lie then."""

import numpy as np
import pytest

from unexpected_core.structs import Sample
from unexpected_core.training.examples.crops import Crop, choose_crop, cut_image, cut_map

ROAD, SIGN, SKY = 0, 7, 10


def sample():
    """100 x 120: sky over road, and ten pixels of a sign."""
    labels = np.full((100, 120), SKY, np.uint8)
    labels[50:] = ROAD
    labels[20:25, 100:102] = SIGN
    image = np.repeat(np.repeat(np.arange(100, dtype=np.uint8)[:, None], 120, 1)[..., None], 3, 2)
    return Sample("one", image, labels)


def test_a_crop_knows_its_rows():
    crop = Crop(top=20, left=0, rows=40, columns=60, size=(80, 160), stored=(100, 120), flip=False)
    assert (crop.row(20), crop.row(60), crop.row(10), crop.frame_rows) == (0, 80, -20, 200)


@pytest.mark.parametrize(
    "height, aspect, rows, columns",
    [
        (100, 1.2, 50, 100),  # as stored
        (200, 1.2, 25, 50),  # twice as large
        (100, 2.4, 50, 50),  # stored squeezed to half its width
        (20, 1.2, 60, 120),  # too small for the crop: enlarged until it is as wide
    ],
)
def test_a_crop_is_taken_out_of_the_frame_at_its_real_size(height, aspect, rows, columns):
    crop = choose_crop(sample(), (50, 100), height, aspect, False, 0.0, np.random.default_rng(0))
    assert (crop.rows, crop.columns) == (rows, columns)
    assert 0 <= crop.top <= 100 - rows and 0 <= crop.left <= 120 - columns


@pytest.mark.parametrize("flip", [False, True])
def test_image_and_maps_lie_on_one_another(flip):
    s = sample()
    crop = Crop(10, 60, 40, 60, (80, 120), (100, 120), flip)
    image, labels = cut_image(s.image, crop, np.random.default_rng(0)), cut_map(s.labels, crop)
    assert image.shape == (80, 120, 3) and labels.shape == (80, 120)
    assert np.array_equal(image[..., 0] >= 50, labels == ROAD)
    sign = np.argwhere(labels == SIGN)
    assert sign[:, 0].min() == 20 and sign[:, 1].min() == (120 - 84 if flip else 80)
    assert np.array_equal(cut_map(s.labels[::2, ::2], crop)[:, 60:64], labels[:, 60:64])  # a smaller map of the frame


def test_a_rare_class_is_in_the_crop_when_asked_for():
    share = {}
    for balance in (0.0, 1.0):
        crops = [choose_crop(sample(), (20, 24), 100, 1.2, False, balance, np.random.default_rng(s)) for s in range(80)]
        share[balance] = np.mean([(cut_map(sample().labels, crop) == SIGN).any() for crop in crops])
    assert share[1.0] > 0.9 > 0.3 > share[0.0]
