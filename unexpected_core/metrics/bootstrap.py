"""How sure is a number? Frame bootstrap: draw as many frames as there are, with replacement, many times.

Pixels of one frame are not independent, nor are frames of one drive; so whole frames are drawn, and whole sequences
where they are known. Every metric here is a function of sums over frames, thus one matrix product
(resamples x frames) @ (frames x counts) gives all resamples at once. Intervals are percentile intervals (Efron &
Tibshirani 1993, chapter 13).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from unexpected_core.config import Number
from unexpected_core.metrics.components import ComponentCounts, component_statistics
from unexpected_core.metrics.curves import PIXEL_METRICS, PixelNumbers
from unexpected_core.metrics.keys import MetricError
from unexpected_core.metrics.modes import PerImage
from unexpected_core.metrics.pixel import PixelCounts
from unexpected_core.metrics.smiyc import BinnedCounts

RESAMPLES = 2000
CHUNK = 250
"""Resamples evaluated at a time: bounds the memory."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its 95 % interval."""

    value: Number
    low: Number
    high: Number


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """One metric: its value on the real frames, and on each resample [R] (NaN where undefined)."""

    value: float
    resamples: np.ndarray

    def interval(self) -> Interval:
        """The number between the 2.5th and the 97.5th percentile."""
        defined = self.resamples[np.isfinite(self.resamples)]
        low, high = np.percentile(defined, (2.5, 97.5)) if len(defined) else (np.nan, np.nan)
        return Interval(self.value, float(low), float(high))


class Comparison(NamedTuple):
    """Method a minus method b on the same frames, with the 95 % interval; p: two-sided, for 'no difference'."""

    difference: float
    low: float
    high: float
    p: float


def frame_weights(frames: int, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """How often each frame is drawn: float64 [resamples, frames], every row sums to `frames`.

    NaN for one frame, which does not tell how others differ from it.
    """
    if not frames:
        raise MetricError("no frames to draw from; the data set or the folder of scores is empty")
    if frames == 1:
        return np.full((resamples, 1), np.nan)
    drawn = np.random.default_rng(seed).multinomial(frames, np.full(frames, 1 / frames), size=resamples)
    return drawn.astype(np.float64)


def sequence_weights(sequences: Sequence[str], resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """How often each frame is drawn where whole sequences are: float64 [resamples, frames], NaN for one sequence.

    sequences: the name of each frame's, its own where it is alone.
    """
    index = {name: i for i, name in enumerate(dict.fromkeys(sequences))}
    return frame_weights(len(index), resamples, seed)[:, [index[name] for name in sequences]]


def resample_pixels(
    counts: PixelCounts | BinnedCounts,
    numbers: PixelNumbers,
    weights: np.ndarray,
) -> dict[str, Resampled]:
    """Average precision, AUROC, FPR95 and best F1, each on every resample.

    numbers: counts.numbers(). weights: float64 [resamples, frames], of frame_weights or sequence_weights.

    Resamples are evaluated at the kept points of the curve (about a thousand); the small difference that this makes
    to the full curve is measured on the real frames and taken off, see `_corrected`.
    """
    values = {name: getattr(numbers, name) for name in PIXEL_METRICS}
    if isinstance(counts, PerImage):
        return _resample_means(counts, weights, values)
    tables = [table.astype(np.float64) for table in counts.frame_counts(numbers.curve.thinned().thresholds)]
    coarse = _pixel_statistics(*(table.sum(0) for table in tables))
    rows = [
        _pixel_statistics(*(weights[i : i + CHUNK] @ table for table in tables)) for i in range(0, len(weights), CHUNK)
    ]
    return {
        name: Resampled(value, _corrected(np.concatenate([row[name] for row in rows]), float(coarse[name]), value))
        for name, value in values.items()
    }


def _corrected(resamples: np.ndarray, coarse: float, value: float) -> np.ndarray:
    """Numbers in [0, 1], moved so that `coarse` would become `value`: odds are multiplied, thus 0 and 1 stay.

    A sum would tear apart two methods that both make no error in a resample, always to the same side.
    """
    if not (0 < coarse < 1 and 0 < value < 1):
        return resamples
    factor = value / (1 - value) * (1 - coarse) / coarse
    return resamples * factor / (1 - resamples + resamples * factor)


def _resample_means(counts: PerImage, weights: np.ndarray, values: dict[str, float]) -> dict[str, Resampled]:
    both = (np.array(counts.frame_positives) > 0) & (np.array(counts.frame_negatives) > 0)
    frames = np.array(counts.per_frame).reshape(-1, len(PIXEL_METRICS))
    with np.errstate(invalid="ignore"):
        means = weights[:, both] @ frames / weights[:, both].sum(1, keepdims=True)
    return {name: Resampled(values[name], means[:, i]) for i, name in enumerate(PIXEL_METRICS)}


def _pixel_statistics(true: np.ndarray, false: np.ndarray) -> dict[str, np.ndarray]:
    """True and false positives at falling thresholds [..., K]; the last is below every score -> metrics [...].

    NaN where there are no thresholds: nothing lies inside the ROI.
    """
    if not true.shape[-1]:
        return {name: np.full(true.shape[:-1], np.nan) for name in PIXEL_METRICS}
    positives, negatives = true[..., -1:], false[..., -1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        tpr, fpr = true / positives, false / negatives
        precision = true / np.maximum(true + false, 1)
        rise, run = np.diff(tpr, prepend=0), np.diff(fpr, prepend=0)
        reached = np.argmax(tpr >= 0.95, axis=-1)[..., None]
        return {
            "average_precision": (rise * precision).sum(-1),
            "auroc": (run * (tpr - rise / 2)).sum(-1),
            "fpr95": np.take_along_axis(fpr, reached, -1)[..., 0] + 0 * tpr[..., -1],
            "best_f1": (2 * true / (true + false + positives)).max(-1) + 0 * tpr[..., -1],
        }


def resample_components(counts: ComponentCounts, weights: np.ndarray) -> dict[str, Resampled]:
    """Every number of component_statistics on every resample. weights: float64 [resamples, frames], as drawn."""
    table = counts.table()
    values = component_statistics(table.sum(0))
    drawn = component_statistics(weights @ table)
    return {name: Resampled(float(values[name]), drawn[name]) for name in values}


def compare(a: Resampled, b: Resampled) -> Comparison:
    """Paired comparison of two methods that were resampled with the same weights (same frames, same draws)."""
    if a.resamples.shape != b.resamples.shape:
        raise MetricError(f"{len(a.resamples)} and {len(b.resamples)} resamples cannot be paired; use the same weights")
    differences = a.resamples - b.resamples
    differences = differences[np.isfinite(differences)]
    if not len(differences):
        return Comparison(a.value - b.value, np.nan, np.nan, np.nan)
    low, high = np.percentile(differences, (2.5, 97.5))
    tail = (min(np.count_nonzero(differences <= 0), np.count_nonzero(differences >= 0)) + 1) / (len(differences) + 1)
    return Comparison(a.value - b.value, float(low), float(high), float(min(1.0, 2 * tail)))


def intervals(resampled: Mapping[str, Resampled]) -> dict[str, Interval]:
    """Metric -> number with interval."""
    return {name: each.interval() for name, each in resampled.items()}


def frame_statistics(counts: PixelCounts | BinnedCounts, numbers: PixelNumbers) -> dict[str, np.ndarray]:
    """Average precision, AUROC, FPR95 and best F1 of each frame, float [frames], to about three digits; NaN if
    undefined."""
    thresholds = numbers.curve.thinned().thresholds
    return _pixel_statistics(*(table.astype(np.float64) for table in counts.frame_counts(thresholds)))
