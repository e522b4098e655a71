"""Pixel metrics, mode `exact`: streaming, equal to scikit-learn on all pixels at once, in bounded memory.

numbers = measure_pixels((score, obstacle) for ...)
numbers.average_precision, numbers.auroc, numbers.fpr95
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from unexpected_core.metrics.curves import PixelNumbers, Sweep
from unexpected_core.metrics.keys import MetricError, split, to_keys
from unexpected_core.metrics.tallies import Run, Tally16, Tally32
from unexpected_core.metrics.tally64 import Tally64

TALLIES = {2: Tally16, 4: Tally32, 8: Tally64}
"""Bytes of a score -> how such scores are counted."""


class PixelCounts:
    """State of the pixel metrics: counts only. Add frames, merge over workers, then ask for numbers.

    folder: where frames are spilled (float32: 4 bytes for each pixel of the ROI, float64: 8); default a temporary
    folder that is deleted with this object. Workers in other processes need a folder that outlives them.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="unexpected-counts-") if folder is None else None
        self._folder = Path(folder or self._temporary.name)
        self._path: Path | None = None
        self._keep: list[PixelCounts] = []  # merged ones, for the sake of their temporary folders
        self.tally: Tally16 | Tally32 | Tally64 | None = None
        self.runs: list[Run] = []
        self.frame_positives: list[int] = []
        self.frame_negatives: list[int] = []

    def __getstate__(self) -> dict:
        if self._temporary is not None:
            raise MetricError("counts in a temporary folder cannot go to another process; give PixelCounts a folder")
        return self.__dict__

    def add(self, score: np.ndarray, obstacle: np.ndarray) -> None:
        """One frame: score float [H, W], obstacle uint8 [H, W] (0, 1, 255). Raises MetricError."""
        positives, negatives = (to_keys(values) for values in split(score, obstacle))
        self._begin(TALLIES[positives.itemsize])
        if self._path is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".tally", delete=False) as stream:
                self._path = Path(stream.name)
        self.runs.append(self.tally.add(positives, negatives, self._path))
        self.frame_positives.append(len(positives))
        self.frame_negatives.append(len(negatives))

    def merge(self, other: PixelCounts) -> None:
        """Take over the frames of another state, after one's own."""
        if other.tally is None:
            return
        self._begin(type(other.tally))
        self.tally.merge(other.tally)
        self.runs += other.runs
        self.frame_positives += other.frame_positives
        self.frame_negatives += other.frame_negatives
        self._keep.append(other)

    def _begin(self, kind: type) -> None:
        self.tally = self.tally or kind()
        if type(self.tally) is not kind:
            raise MetricError("float16, 32 and 64 scores are mixed in one measurement; store all frames in one type")

    def numbers(self) -> PixelNumbers:
        """The metrics over all pixels of all frames. Raises MetricError if there are no frames."""
        if self.tally is None:
            raise MetricError("no frames to measure; the data set or the folder of scores is empty")
        sweep = Sweep(sum(self.frame_positives), sum(self.frame_negatives), len(self.runs))
        for step in self.tally.steps(self.runs):
            sweep.add(*step)
        return sweep.numbers()

    def frame_counts(self, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Obstacle and normal pixels of every frame with score >= each threshold [K]: two int64 [frames, K]."""
        size = next(size for size, kind in TALLIES.items() if isinstance(self.tally, kind))
        keys = to_keys(np.asarray(thresholds, f"f{size}"))
        rows = [self.tally.at_or_above(run, keys) for run in self.runs]
        return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


def measure_pixels(frames: Iterable[tuple[np.ndarray, np.ndarray]]) -> PixelNumbers:
    """(score float [H, W], obstacle uint8 [H, W]) of all frames -> pooled metrics. Raises MetricError."""
    counts = PixelCounts()
    for score, obstacle in frames:
        counts.add(score, obstacle)
    return counts.numbers()
