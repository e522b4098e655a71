"""Examples of the fast networks: what is unexpected, what is not, and what nobody knows."""

from dataclasses import replace

import numpy as np
import pytest

from unexpected_core.datasets.base import Dataset
from unexpected_core.datasets.joined import Joined
from unexpected_core.structs import Sample
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.examples.fast import FastExamples, touches_border
from unexpected_core.training.examples.settings import ExampleSettings

ROAD, CAR = 0, 13


class Street(Dataset):
    """One frame, 64 x 128: road, a nameless thing in the middle, the hood at the lower border."""

    def __init__(self, obstacle=False, name="street"):
        super().__init__(name, ["one"])
        self.obstacle = obstacle

    def load(self, index):
        labels = np.full((64, 128), ROAD, np.uint8)
        labels[20:30, 40:60] = labels[58:, :] = 255
        truth = np.where(labels == 255, 1, 0).astype(np.uint8)
        truth[58:] = 255
        return Sample("one", np.full((64, 128, 3), 90, np.uint8), labels, obstacle=truth if self.obstacle else None)


def example(dataset, coarse=False, seed=0, **changes):
    settings = ExampleSettings(
        crop=(64, 128),
        base_heights=(64, 64),
        zoom=(1, 1),
        pastes={"probability": 0, "distractors": 0, "crossings": 0},
        **changes,
    )
    return FastExamples([dataset], settings, [0.0], [coarse], train=False).example(0, np.random.default_rng(seed))


@pytest.mark.parametrize("obstacle, coarse, expected", [(False, False, 255), (True, False, 1), (False, True, 0)])
def test_a_nameless_thing_is_unknown_an_obstacle_unexpected_and_coarse_labels_say_nothing(obstacle, coarse, expected):
    discrepancy = example(Street(obstacle), coarse)["discrepancy"]
    assert (discrepancy[20:30, 40:60] == expected).all()
    discrepancy[20:30, 40:60] = 0
    assert not discrepancy.any()  # the hood is known, too


def test_a_frame_without_labels_is_named():
    class Bare(Street):
        def load(self, index):
            return replace(super().load(index), labels=None)

    with pytest.raises(TrainingError, match="'street/one' has no labels, and the detector learns from labels"):
        example(Bare())


def test_frames_keep_their_sharpness_between_the_base_heights():
    settings = ExampleSettings(crop=(32, 64), base_heights=(32, 48))
    image, labels, _ = FastExamples([Street()], settings, [0.0], [False], train=False)._frame(0)
    assert image.shape == (48, 96, 3) and labels.shape == (48, 96)


def test_touches_border():
    mask = np.zeros((5, 6), bool)
    mask[0:2, 0:2] = mask[3, 3] = True
    assert touches_border(mask).tolist() == (mask & (np.arange(5) < 3)[:, None]).tolist()


def test_joined_sets_keep_obstacles_and_say_whose_frame_it_is():
    joined = Joined([Street(), Street(obstacle=True, name="lane")])
    assert joined.keys == ("street/one", "lane/one")
    assert joined["street/one"].obstacle is None and (joined["lane/one"].obstacle == 1).sum() == 200
