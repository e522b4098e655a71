"""Pixel metrics, mode `smiyc`: SegmentMeIfYouCan's numbers to the last digit, its approximations included.

Each frame is binned at percentiles of its own scores, and the bins of all frames are swept together. The binning makes
AP some tenths of a point higher than it is; use mode `exact` for anything but comparing with that benchmark's tables.
Behaviour is that of road-anomaly-benchmark of August 2023 under NumPy 1.26. Three corners need a word: where several
frames share the highest threshold, its result depends on an unstable sort, ours orders them as a stable one, and
`order_range` says how far that goes; a frame without ROI adds nothing (there: an error); float16 scores are subtracted
in float16, as NumPy 1 did.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from unexpected_core.config import Number
from unexpected_core.metrics.curves import Curve, PixelNumbers
from unexpected_core.metrics.keys import MetricError, from_keys, split, to_keys

QUANTILES = 384
"""Most percentiles taken of obstacle scores, and of normal scores, in one frame."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameBins:
    """One frame: lower edges of its bins, falling, float64 [K]; obstacle and normal pixels per bin, int64 [K]."""

    thresholds: np.ndarray
    positives: np.ndarray
    negatives: np.ndarray


@dataclass(frozen=True)
class OrderRange:
    """Smallest and greatest value that the order of a sort can make. frames: how many share the highest threshold."""

    NAMES: ClassVar[tuple[str, ...]] = ("average_precision", "best_f1", "best_f1_threshold")
    frames: int
    average_precision: tuple[Number, Number]
    best_f1: tuple[Number, Number]
    best_f1_threshold: tuple[Number, Number]


class _Sorted:
    """Scores as (unique values rising, how many are below each), so that order statistics are look-ups."""

    def __init__(self, scores: np.ndarray) -> None:
        if scores.dtype == np.float16:
            counts = np.bincount(to_keys(scores), minlength=1 << 16)
            used = np.flatnonzero(counts)
            self.values = from_keys(used.astype(np.uint16))
            self.below = np.append(0, np.cumsum(counts[used]))
        else:
            self.values, self.below = np.sort(scores), np.arange(scores.size + 1)
        self.size = scores.size

    def quantiles(self, fractions: np.ndarray) -> np.ndarray:
        """Linear interpolation between order statistics -> float64; differences are taken in the scores' own type."""
        position = (self.size - 1) * fractions
        lower = np.floor(position).astype(np.int64)
        upper = np.minimum(lower + 1, self.size - 1)
        a, b = (self.values[np.searchsorted(self.below, rank, side="right") - 1] for rank in (lower, upper))
        t, difference = position - lower, b - a
        return np.where(t >= 0.5, b - difference * (1 - t), a + difference * t)

    def histogram(self, edges: np.ndarray) -> np.ndarray:
        """Counts between rising edges, half-open, the last bin closed -> int64 [len(edges) - 1]."""
        ends = np.searchsorted(self.values, edges)
        ends[-1] = np.searchsorted(self.values, edges[-1], side="right")
        return np.diff(self.below[ends])


def bin_frame(score: np.ndarray, obstacle: np.ndarray) -> FrameBins:
    """score float16 or float32 [H, W], obstacle uint8 [H, W] (0, 1, 255) -> bins. Raises MetricError."""
    positives, negatives = (_Sorted(scores) for scores in split(score, obstacle))
    present = [scores for scores in (positives, negatives) if scores.size]
    if not present:
        return FrameBins(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))
    lowest, highest = min(scores.values[0] for scores in present), max(scores.values[-1] for scores in present)
    margin = max(float(highest - lowest) * 1e-2, 1e-2)
    edges = [[float(lowest) - margin, float(highest) + margin]]
    edges += [scores.quantiles(np.linspace(0, 1, min(QUANTILES, scores.size))) for scores in present]
    edges = np.unique(np.concatenate(edges))
    return FrameBins(edges[-2::-1], positives.histogram(edges)[::-1], negatives.histogram(edges)[::-1])


class BinnedCounts:
    """State of the `smiyc` pixel metrics: the bins of every frame. Same face as pixel.PixelCounts; needs no folder."""

    def __init__(self, folder: str | Path | None = None) -> None:
        self.frames: list[FrameBins] = []

    @property
    def frame_positives(self) -> list[int]:
        """Obstacle pixels of each frame."""
        return [int(frame.positives.sum()) for frame in self.frames]

    @property
    def frame_negatives(self) -> list[int]:
        """Normal pixels of each frame."""
        return [int(frame.negatives.sum()) for frame in self.frames]

    def add(self, score: np.ndarray, obstacle: np.ndarray) -> None:
        """One frame [H, W]; scores float16, as the benchmark stores them, or float32 where it enlarged them to the
        image."""
        self.frames.append(bin_frame(score, obstacle))

    def merge(self, other: BinnedCounts) -> None:
        """Take over the frames of another state, after one's own."""
        self.frames += other.frames

    def frame_counts(self, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of every frame in bins with lower edge >= each threshold [K]: two int64 [frames, K]."""
        counts = np.zeros((2, len(self.frames), len(thresholds)), np.int64)
        for row, frame in enumerate(self.frames):
            last = np.searchsorted(-frame.thresholds, -np.asarray(thresholds), side="right")
            counts[0, row], counts[1, row] = (
                np.append(0, np.cumsum(bins))[last] for bins in (frame.positives, frame.negatives)
            )
        return counts[0], counts[1]

    def numbers(self) -> PixelNumbers:
        """The benchmark's numbers over all frames, sorted stably. Raises MetricError if no frame has a ROI."""
        return _numbers(_closed_curve(*self._falling()), len(self.frames))

    def order_range(self) -> OrderRange | None:
        """What the numbers would be in other orders of the sort; None where they do not depend on it.

        The benchmark sorts all frames' bins by threshold with a sort that is not stable, and keeps the very first bin
        as a point of its own; where several frames share the highest threshold, any of their bins may be the first.
        """
        thresholds, true, false = self._falling()
        ties = int(np.count_nonzero(thresholds == thresholds[0]))
        bins = np.stack([np.diff(counts[:ties], prepend=0) for counts in (true, false)], axis=1)
        curves = [_closed_curve(thresholds, *_starting(true, false, *first)) for first in np.unique(bins, axis=0)]
        possible = np.array([[getattr(_numbers(curve, 0), name) for name in OrderRange.NAMES] for curve in curves])
        low, high = possible.min(0).tolist(), possible.max(0).tolist()
        if np.allclose(low, high, rtol=0, atol=1e-12, equal_nan=True):
            return None
        return OrderRange(ties, *zip(low, high, strict=True))

    def _falling(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All frames' bins, thresholds falling float64 [K]; pixels at or above them, int64 [K]. Raises MetricError."""
        thresholds = np.concatenate([frame.thresholds for frame in self.frames] or [[]])
        if not len(thresholds):
            raise MetricError("no frames to measure; the data set or the folder of scores is empty, or all is ignored")
        order = np.argsort(thresholds, kind="stable")[::-1]
        true, false = (
            np.cumsum(np.concatenate([getattr(frame, name) for frame in self.frames])[order])
            for name in ("positives", "negatives")
        )
        return thresholds[order], true, false


def _starting(true: np.ndarray, false: np.ndarray, first_true: int, first_false: int) -> tuple[np.ndarray, np.ndarray]:
    """The same cumulative counts with another bin in front; later ones hold both anyway."""
    true, false = true.copy(), false.copy()
    true[0], false[0] = first_true, first_false
    return true, false


def _closed_curve(thresholds: np.ndarray, true: np.ndarray, false: np.ndarray) -> Curve:
    """One point per threshold (and always the first), with a point before where nothing is called an obstacle."""
    positives, negatives = int(true[-1]), int(false[-1])
    kept = np.concatenate([[0], np.flatnonzero(np.diff(thresholds)), [len(thresholds) - 1]])
    thresholds, true, false = thresholds[kept], true[kept], false[kept]
    if true[0] or false[0]:
        thresholds = np.append(thresholds.max() + 1, thresholds)
        true, false = np.append(0, true), np.append(0, false)
    return Curve(thresholds, true, false, positives, negatives)


def _numbers(curve: Curve, frames: int) -> PixelNumbers:
    true, false = curve.true_positives, curve.false_positives
    with np.errstate(invalid="ignore"):
        tpr, fpr = true / np.int64(curve.positives), false / np.int64(curve.negatives)
        f1 = 2 * true / (true + false + curve.positives)
    at, above = np.searchsorted(tpr, 0.95), np.searchsorted(tpr, 0.95, side="right")
    best = int(np.nanargmax(f1))
    return PixelNumbers(
        average_precision=float(np.sum(np.diff(tpr) * curve.precision[1:])),
        auroc=float(np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2)),
        fpr95=float(fpr[at]),
        fpr95_strict=float(fpr[above]) if above < len(fpr) else np.nan,
        fpr95_threshold=float(curve.thresholds[at]),
        fpr95_strict_threshold=float(curve.thresholds[above]) if above < len(fpr) else np.nan,
        best_f1=float(f1[best]),
        best_f1_threshold=float(curve.thresholds[best]),
        positives=curve.positives,
        negatives=curve.negatives,
        frames=frames,
        curve=curve,
    )
