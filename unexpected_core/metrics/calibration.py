"""Do scores mean probabilities, and what is left among the pixels that are let pass?"""

from __future__ import annotations

import numpy as np

from unexpected_core.metrics.curves import Curve
from unexpected_core.metrics.keys import split

BINS = 15


def reliability(score: np.ndarray, obstacle: np.ndarray) -> np.ndarray | None:
    """One frame -> float64 [3, BINS]: pixels, obstacle pixels and sum of scores per score bin; None if not in [0, 1].

    Sums over frames are the argument of calibration_error. Raises MetricError.
    """
    table = np.zeros((3, BINS))
    for is_obstacle, scores in zip((1, 0), split(score, obstacle), strict=True):
        if scores.size and (scores.min() < 0 or scores.max() > 1):
            return None
        bins = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
        counts = np.bincount(bins, minlength=BINS)
        table += [counts, is_obstacle * counts, np.bincount(bins, scores, BINS)]
    return table


def calibration_error(table: np.ndarray) -> float:
    """Expected calibration error (Guo et al. 2017, equation 3) over pixels, in [0, 1]; NaN without pixels."""
    pixels, obstacles, scores = table
    return float(np.abs(obstacles - scores).sum() / pixels.sum()) if pixels.any() else float("nan")


def risk_coverage(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Let pass every pixel below a threshold: (coverage, risk) float [K], share let pass and share of obstacle among
    them.

    After Geifman & El-Yaniv 2017; coverage falls with the threshold. Where none is let pass, the risk is that of the
    first to be.
    """
    total = curve.positives + curve.negatives
    passed = total - curve.true_positives - curve.false_positives
    missed = curve.positives - curve.true_positives
    some = np.flatnonzero(passed)
    first = missed[some[-1]] / passed[some[-1]] if len(some) else curve.positives / max(total, 1)
    risk = np.divide(missed, passed, out=np.full(len(passed), first), where=passed > 0)
    return passed / max(total, 1), risk


def area_under_risk_coverage(curve: Curve) -> float:
    """Mean risk over coverage 0..1, smaller is better; NaN without pixels.

    Pixels between two points of the curve (equal scores among them) are let pass in no order: their risk is shared.
    """
    if not curve.positives + curve.negatives:
        return float("nan")
    coverage, risk = risk_coverage(curve)
    everything = curve.positives / (curve.positives + curve.negatives)
    coverage, risk = np.append(1.0, coverage)[::-1], np.append(everything, risk)[::-1]
    rising = np.flatnonzero(np.diff(coverage))
    begin, end = coverage[rising], coverage[rising + 1]
    missed = coverage * risk  # rises in a straight line from point to point, and is divided by the coverage
    rise = missed[rising + 1] - missed[rising]
    offset = missed[rising] - rise / (end - begin) * begin
    ratio = np.divide(end, begin, out=np.ones(len(end)), where=begin > 0)  # at coverage 0 nothing is missed
    return float(np.sum(rise + offset * np.log(ratio)))
