"""The field's conventions for pixel metrics, by name.

| mode | pixels | FPR95 | bins |
|---|---|---|---|
| exact | of all frames together, scores as stored | first TPR >= 0.95 | none |
| smiyc | of all frames together, scores as stored (there: float16) | first TPR >= 0.95 | percentiles of each frame |
| fishyscapes | of all frames together, scores as float32 | first TPR >= 0.95 | none |
| pooled | of all frames together, scores as float32 | first TPR > 0.95 | none |
| per_image | mean over the frames that have both classes | first TPR >= 0.95 | none |

`pooled` is the scikit-learn script passed from paper to paper (its `roc_curve` drops collinear points, which can move
FPR95 by one score value; ours keeps all). `per_image` is pytorch-ood's segmentation mode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from unexpected_core.config import unknown_name
from unexpected_core.metrics.curves import PIXEL_METRICS, PixelNumbers
from unexpected_core.metrics.keys import MetricError
from unexpected_core.metrics.pixel import PixelCounts
from unexpected_core.metrics.smiyc import BinnedCounts

VERSION = "5"
"""Raised whenever a number in results.json changes for the same scores; stamped beside every number.

2: float64 scores are judged as such; intervals draw whole sequences; false alarms are regions; flicker is that inside
the ROI; equal scores share their risk; the rank of a promised threshold is exact; frames may be ignored as a whole.
3: resamples without an error have none; frames that are ignored as a whole are none without a false alarm.
4: the threshold beside the FPR95 of mode `pooled` is that of this rate.
5: false regions are counted by the frames of which anything is judged.
"""


class Fishyscapes(PixelCounts):
    """Mode `fishyscapes`: exact on float32."""

    def add(self, score: np.ndarray, obstacle: np.ndarray) -> None:
        """See PixelCounts."""
        with np.errstate(over="ignore"):
            score = score.astype(np.float32)
        super().add(score, obstacle)


class Pooled(Fishyscapes):
    """Mode `pooled`: exact on float32, FPR95 at the first TPR above 0.95."""

    def numbers(self) -> PixelNumbers:
        """See PixelCounts."""
        numbers = super().numbers()
        return replace(numbers, fpr95=numbers.fpr95_strict, fpr95_threshold=numbers.fpr95_strict_threshold)


class PerImage(PixelCounts):
    """Mode `per_image`: AP, AUROC, FPR95 and best F1 of each frame, then their mean; the curve is of all frames."""

    def __init__(self, folder: str | Path | None = None) -> None:
        super().__init__(folder)
        self.per_frame: list[tuple[float, ...]] = []

    def add(self, score: np.ndarray, obstacle: np.ndarray) -> None:
        """See PixelCounts."""
        super().add(score, obstacle)
        if self.frame_positives[-1] and self.frame_negatives[-1]:
            single = PixelCounts()
            single.add(score, obstacle)
            numbers = single.numbers()
            self.per_frame.append(tuple(getattr(numbers, name) for name in PIXEL_METRICS))

    def merge(self, other: PerImage) -> None:
        """See PixelCounts."""
        super().merge(other)
        self.per_frame += other.per_frame

    def numbers(self) -> PixelNumbers:
        """See PixelCounts."""
        pooled = super().numbers()
        means = np.mean(self.per_frame, axis=0).tolist() if self.per_frame else [np.nan] * len(PIXEL_METRICS)
        return replace(pooled, **dict(zip(PIXEL_METRICS, means, strict=True)))


PIXEL_MODES: dict[str, Callable[..., PixelCounts | BinnedCounts]] = {
    "exact": PixelCounts,
    "smiyc": BinnedCounts,
    "fishyscapes": Fishyscapes,
    "pooled": Pooled,
    "per_image": PerImage,
}
"""Mode -> state with add(score, obstacle), merge(other), numbers(), frame_counts(thresholds)."""


def pixel_counts(mode: str, folder: str | Path | None = None) -> PixelCounts | BinnedCounts:
    """An empty state of a mode. Raises MetricError."""
    return PIXEL_MODES[check_modes([mode])[0]](folder)


def check_modes(modes: Sequence[str]) -> tuple[str, ...]:
    """The same names, stripped. Raises MetricError for one that is not in PIXEL_MODES."""
    names = tuple(mode.strip() for mode in modes if mode.strip())
    for mode in names:
        if mode not in PIXEL_MODES:
            raise MetricError(unknown_name("metric mode", mode, PIXEL_MODES))
    return names
