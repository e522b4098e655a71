"""From counts at falling thresholds to average precision, AUROC, FPR at 95 % TPR and best F1.

Conventions are scikit-learn's: a pixel is called an obstacle where score >= threshold; precision-recall is a step
curve, ROC a polygon; FPR95 is the first point with TPR >= 0.95, without interpolation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

RESOLUTION = 512
"""Points kept of a curve: about this many along recall and as many along false positives."""
PIXEL_METRICS = ("average_precision", "auroc", "fpr95", "best_f1")
"""Fields of PixelNumbers that are given an interval."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Points on the exact curve, thresholds falling: thresholds float64 [K], true and false positives int64 [K]."""

    thresholds: np.ndarray
    true_positives: np.ndarray
    false_positives: np.ndarray
    positives: int
    negatives: int

    @property
    def recall(self) -> np.ndarray:
        """True positive rate, float [K]."""
        return self.true_positives / max(self.positives, 1)

    @property
    def false_positive_rate(self) -> np.ndarray:
        """False positives per normal pixel, float [K]."""
        return self.false_positives / max(self.negatives, 1)

    @property
    def precision(self) -> np.ndarray:
        """Share of obstacles in what is called one, float [K]; 1 where nothing is called an obstacle."""
        called = self.true_positives + self.false_positives
        return np.divide(self.true_positives, called, out=np.ones(len(called)), where=called > 0)

    def thinned(self) -> Curve:
        """The same curve with about 2 * RESOLUTION points."""
        marks = _marks(self.true_positives, self.false_positives, self.positives, self.negatives)
        kept = np.flatnonzero(np.diff(marks, prepend=-1))
        return Curve(
            self.thresholds[kept], self.true_positives[kept], self.false_positives[kept], self.positives, self.negatives
        )


def _marks(true: np.ndarray, false: np.ndarray, positives: int, negatives: int) -> np.ndarray:
    """A number that rises along the curve by one for every step worth keeping, int64 [K].

    The fourth root makes room for small false positive rates, where detectors are used.
    """
    marks = (RESOLUTION * (true / max(positives, 1))).astype(np.int64)
    return marks + (RESOLUTION * np.sqrt(np.sqrt(false / max(negatives, 1)))).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class PixelNumbers:
    """Pixel metrics of a set of frames, fractions in [0, 1]; NaN where obstacles or normal pixels are missing.

    fpr95: false positive rate at the first threshold with TPR >= 0.95; fpr95_strict: with TPR > 0.95, the habit of
    some scripts; each with its threshold.
    best_f1_threshold: call a pixel an obstacle where score >= this.
    """

    average_precision: float
    auroc: float
    fpr95: float
    fpr95_strict: float
    fpr95_threshold: float
    fpr95_strict_threshold: float
    best_f1: float
    best_f1_threshold: float
    positives: int
    negatives: int
    frames: int
    curve: Curve = field(repr=False)


class Sweep:
    """Takes counts per unique score, highest first, in as many pieces as wished, and keeps running sums only."""

    def __init__(self, positives: int, negatives: int, frames: int) -> None:
        self.positives, self.negatives, self.frames = positives, negatives, frames
        self._true = self._false = 0
        self._precision_sum = self._area = 0.0
        self._fpr95 = self._fpr95_strict = (np.nan, np.nan)  # rate, threshold
        self._best = (np.nan, np.nan)  # F1, threshold
        self._mark = -1
        self._points: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, thresholds: np.ndarray, positives: np.ndarray, negatives: np.ndarray) -> None:
        """thresholds float [K], falling; how many obstacle and normal pixels have exactly this score, int [K]."""
        if not len(thresholds):
            return
        true = self._true + np.cumsum(positives, dtype=np.int64)
        false = self._false + np.cumsum(negatives, dtype=np.int64)
        self._true, self._false = int(true[-1]), int(false[-1])
        if self.positives:
            self._precision_sum += float(np.sum(positives * (true / np.maximum(true + false, 1))))
            self._note_best(thresholds, 2 * true / (true + false + self.positives))
        if self.positives and self.negatives:
            self._area += float(np.sum(negatives * (true - positives / 2)))
            self._note_fpr95(thresholds, true / self.positives, false / self.negatives)
        self._keep_points(thresholds, true, false)

    def _note_best(self, thresholds: np.ndarray, f1: np.ndarray) -> None:
        i = int(np.argmax(f1))
        if not f1[i] <= self._best[0]:
            self._best = float(f1[i]), float(thresholds[i])

    def _note_fpr95(self, thresholds: np.ndarray, tpr: np.ndarray, fpr: np.ndarray) -> None:
        at, above = np.searchsorted(tpr, 0.95), np.searchsorted(tpr, 0.95, side="right")
        if np.isnan(self._fpr95[0]) and at < len(tpr):
            self._fpr95 = float(fpr[at]), float(thresholds[at])
        if np.isnan(self._fpr95_strict[0]) and above < len(tpr):
            self._fpr95_strict = float(fpr[above]), float(thresholds[above])

    def _keep_points(self, thresholds: np.ndarray, true: np.ndarray, false: np.ndarray) -> None:
        marks = _marks(true, false, self.positives, self.negatives)
        new = np.flatnonzero(np.diff(marks, prepend=self._mark))
        self._mark = int(marks[-1])
        self._points.append((thresholds[new].astype(np.float64), true[new], false[new]))

    def numbers(self) -> PixelNumbers:
        """The metrics of everything added."""
        p, n = self.positives, self.negatives
        points = self._points or [(np.zeros(0),) * 3]
        thresholds, true, false = (np.concatenate(column) for column in zip(*points, strict=True))
        return PixelNumbers(
            average_precision=self._precision_sum / p if p else np.nan,
            auroc=self._area / (p * n) if p and n else np.nan,
            fpr95=self._fpr95[0],
            fpr95_strict=self._fpr95_strict[0],
            fpr95_threshold=self._fpr95[1],
            fpr95_strict_threshold=self._fpr95_strict[1],
            best_f1=self._best[0],
            best_f1_threshold=self._best[1],
            positives=p,
            negatives=n,
            frames=self.frames,
            curve=Curve(thresholds, true, false, p, n),
        )
