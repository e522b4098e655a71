"""Connected components as pieces of rows: few numbers in place of many pixels to sum over."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np


class Runs(NamedTuple):
    """Pieces of rows that belong to components, in reading order, all int [N].

    start, end: places in an image that has a column more.
    """

    start: np.ndarray
    end: np.ndarray
    row: np.ndarray
    column: np.ndarray
    owner: np.ndarray

    @property
    def length(self) -> np.ndarray:
        """Pixels of each run, int [N]."""
        return self.end - self.start

    def of(self, wanted: np.ndarray) -> Runs:
        """Those of wanted components, bool [count]."""
        chosen = wanted[self.owner]
        return self if chosen.all() else Runs(*(values[chosen] for values in self))

    def counts(self, mask: np.ndarray) -> np.ndarray:
        """Pixels of a mask, bool [h, w], in each run: int [N], by differences of its integral image (Crow, 1984)."""
        integral = cv2.integral(np.ascontiguousarray(mask).view(np.uint8))
        above, below = integral[:-1].ravel(), integral[1:].ravel()
        return below[self.end] - below[self.start] - above[self.end] + above[self.start]

    def totals(self, values: np.ndarray) -> np.ndarray:
        """Sum of values, float [h * w], over each run: float [N]."""
        pairs = np.stack([self.start - self.row, self.end - self.row], 1).ravel()
        if pairs[-1] == values.size:
            pairs = pairs[:-1]
        return np.add.reduceat(values, pairs)[::2]

    def sums(self, values: np.ndarray, count: int) -> np.ndarray:
        """Sum of the values of runs, int or float [N], over those of each component: float [count]."""
        return np.bincount(self.owner, values, count)

    def hold(self, flags: np.ndarray, count: int) -> np.ndarray:
        """Which components have a run with its flag, bool [N], set: bool [count]."""
        found = np.zeros(count, bool)
        found[self.owner[flags]] = True
        return found

    def bounds(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """First (row, column) of each component, and the one behind the last, int [2, count]."""
        low, high = np.full((2, count), np.iinfo(np.int64).max), np.zeros((2, count), np.int64)
        for axis, first, behind in ((0, self.row, self.row + 1), (1, self.column, self.column + self.length)):
            np.minimum.at(low[axis], self.owner, first)
            np.maximum.at(high[axis], self.owner, behind)
        return low, high


def find_runs(inside: np.ndarray, components: np.ndarray) -> Runs:
    """Bytes [h, w], 0 or 1, and the components int32 [h, w] that they form -> their runs."""
    height, width = inside.shape
    edges = np.empty((height, width + 1), bool)
    edges[:, 0], edges[:, -1] = inside[:, 0], inside[:, -1]
    np.not_equal(inside[:, 1:], inside[:, :-1], out=edges[:, 1:-1])
    places = np.flatnonzero(edges)  # a run begins and ends by turns
    start, end = places[::2], places[1::2]
    row = start // (width + 1)
    return Runs(start, end, row, start - row * (width + 1), components.ravel()[start - row])
