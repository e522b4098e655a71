"""A tiny scene and six streets of it; and loaded dice.

Their random numbers are known, so that what is drawn with them can be written out.
"""

import runpy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest


@dataclass
class Dice:
    """In place of a NumPy generator. share: where single numbers lie in their range (0 = lowest, 1 = highest); chance:
    what random() gives; number: what integers() gives, as a share; place: what is chosen, as a share of what there is.

    Arrays hold numbers spread evenly over the range.
    """

    share: float = 0.5
    chance: float = 0.5
    number: float = 0.0
    place: float = 0.5

    def random(self, size=None, dtype=float):
        return self.chance if size is None else self._spread(0, 1, size).astype(dtype)

    def uniform(self, low=0.0, high=1.0, size=None):
        if size is not None:
            return self._spread(low, high, size)
        return (
            np.asarray(low) + self.share * (np.asarray(high) - low) if np.ndim(low) else low + self.share * (high - low)
        )

    def normal(self, mean=0.0, deviation=1.0, size=None):
        return self.uniform(mean - deviation, mean + deviation, size)

    def standard_normal(self, size, dtype=float):
        return self._spread(-1, 1, size).astype(dtype)

    def integers(self, low, high=None, size=None):
        low, high = (0, low) if high is None else (low, high)
        one = low + round(self.number * (high - 1 - low))
        return one if size is None else np.full(size, one)

    def choice(self, among, p=None):
        among = np.arange(among) if np.ndim(among) == 0 else among
        return among[round(self.place * (len(among) - 1))]

    def permutation(self, among):
        return np.arange(among) if np.ndim(among) == 0 else np.asarray(among)

    @staticmethod
    def _spread(low, high, size):
        return np.linspace(low, high, np.prod(size, dtype=int)).reshape(size)


@pytest.fixture
def dice():
    """The class of loaded dice."""
    return Dice


@pytest.fixture
def scene():
    """Labels and instances 20x30: road below sky, four cars (13), a person (11), a group of cars, a caravan (255)."""
    labels = np.zeros((20, 30), np.uint8)
    labels[:8] = 10
    instances = np.zeros(labels.shape, np.int32)
    for n in range(4):
        labels[10:14, 7 * n : 7 * n + 4] = 13
        instances[10:14, 7 * n : 7 * n + 4] = 26001 + n
    labels[15:19, 2:4], instances[15:19, 2:4] = 11, 24001
    labels[15:19, 10:14] = 13  # a group: no instance
    labels[15:19, 20:22], instances[15:19, 20:22] = 255, 29001
    return labels, instances


@pytest.fixture
def source(tmp_path, scene):
    """Six Cityscapes-like frames with four objects each; one of them has no object."""
    return runpy.run_path(str(Path(__file__).with_name("tiny_sets.py")))["write_streets"](tmp_path, scene)
