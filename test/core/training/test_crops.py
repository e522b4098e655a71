"""Which part of a frame becomes an example, and where its rows lie then."""

from dataclasses import replace

import numpy as np
import pytest

from unexpected_core.datasets import Dataset
from unexpected_core.structs import Sample
from unexpected_core.training.engine import sampler
from unexpected_core.training.examples.crops import Crop, choose_crop, cut_image, cut_map, frames_by_class, rare_class
from unexpected_core.training.examples.fast import ExampleSource, FastExamples
from unexpected_core.training.examples.settings import ExampleSettings

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
    crop = choose_crop(sample(), (50, 100), height, aspect, False, None, np.random.default_rng(0))
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


@pytest.mark.parametrize("rows, height", [(97, 64), (100, 53), (40, 64), (77, 77)])
def test_ids_lie_where_the_colours_lie(rows, height):
    """On a slope one grey level a row the photo's rows and the ids' agree on average, whatever the factor."""
    slope = np.repeat(np.arange(120, dtype=np.uint8)[:, None], 160, 1)
    crop = Crop(11, 20, rows, 100, (height, 128), slope.shape, False)
    image = cut_image(np.repeat(slope[..., None], 3, 2), crop, np.random.default_rng(0))[..., 0]
    beside = cut_map(slope, crop).astype(float) - image
    assert abs(beside[4:-4].mean()) < 0.15 and abs(beside[4:-4]).max() <= 1.01


def test_a_class_is_in_the_crop_when_asked_for():
    share = {}
    for around in (None, SIGN):
        crops = [choose_crop(sample(), (20, 24), 100, 1.2, False, around, np.random.default_rng(s)) for s in range(80)]
        share[around] = np.mean([(cut_map(sample().labels, crop) == SIGN).any() for crop in crops])
    assert share[SIGN] > 0.9 > 0.3 > share[None]


def test_the_rarer_the_likelier():
    """10 pixels of a sign, 6000 of road, 5990 of sky."""
    drawn = [rare_class(sample().labels, np.random.default_rng(seed)) for seed in range(100)]
    assert drawn.count(SIGN) > 90
    assert rare_class(np.full((100, 120), 255, np.uint8), np.random.default_rng(0)) is None


class Two(Dataset):
    """A frame of sky alone and one with road and a sign."""

    def __init__(self):
        super().__init__("two", ["sky", "road"])

    def load(self, index):
        return sample() if index else replace(sample(), labels=np.full((100, 120), SKY, np.uint8))


def test_frames_by_class():
    assert frames_by_class([Two(), Two()]) == {
        ROAD: [(0, 1), (1, 1)],
        SIGN: [(0, 1), (1, 1)],
        SKY: [(0, 0), (0, 1), (1, 0), (1, 1)],
    }


def test_what_lies_under_an_obstacle_makes_no_rare_frame():
    """No crop would find a pixel of it: obstacles have no label."""

    class Covered(Two):
        def load(self, index):
            shown = super().load(index)
            return replace(shown, obstacle=(shown.labels == SIGN).astype(np.uint8))

    assert list(frames_by_class([Covered()])) == [ROAD, SKY]


def test_rare_classes_are_met_wherever_they_are():
    settings = ExampleSettings(crop=(20, 24), heights=(100, 100), paste=False, rare=1.0)
    examples = FastExamples([ExampleSource(Two())], settings, train=True)
    signs = [(examples.example(0, np.random.default_rng(seed))["labels"] == SIGN).any() for seed in range(60)]
    assert 0.25 < np.mean(signs) < 0.75  # a third of the classes, and by chance; frame 0 has none


def test_a_step_names_the_frames_that_it_saw():
    """Also those that came for a rare class, and where the frames come several times in the epoch."""

    class Shaded(Two):
        def load(self, index):
            return replace(super().load(index), image=np.full((100, 120, 3), (40, 200)[index], np.uint8))

    settings = ExampleSettings(crop=(20, 24), heights=(100, 100), paste=False, rare=0.5)
    examples = FastExamples([ExampleSource(Shaded())], settings, train=True)
    others = 0
    batches = sampler.training_batches(examples, sampler.Share(1), 3, 1, range(40), 0)
    for position, (batch,) in zip(sampler.positions(2, 3, 1, 40), batches, strict=True):
        seen = "two/road" if batch["photo"].float().mean() > 110 else "two/sky"
        assert sampler.key_at(examples, 3, position) == seen
        others += seen != examples.keys[position[1]]
    assert others > 5
