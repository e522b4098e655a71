"""Loaded dice: random numbers that are known, so that what is drawn with them can be written out."""

from dataclasses import dataclass

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
