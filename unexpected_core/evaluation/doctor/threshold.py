"""A threshold that is said to come from elsewhere, but was read off these very frames."""

from __future__ import annotations

import math
from decimal import Decimal

from unexpected_core.evaluation.measure.result import MethodResult
from unexpected_core.evaluation.threshold import Threshold

CHANCES = 50
"""A rounded threshold is suspicious where so many values with as many digits lie in the range of the scores."""


def tuned_on_test(result: MethodResult) -> str | None:
    """The best-F1 threshold of the test frames, or that of FPR95, in any rounding that leaves two digits or more."""
    threshold, exact = result.threshold, result.pixel["exact"]
    if threshold.source in ("best_f1_on_test", "normal_driving") or result.evidence.distinct <= 2:
        return None
    span = result.evidence.high - result.evidence.low
    modes = {"best-F1": exact.best_f1_threshold, "FPR95": exact.fpr95_threshold}
    for name, value in modes.items():
        if span > 0 and (_same(threshold.value, value, span) or _rounded(threshold, value, span)):
            return (
                f"threshold {threshold.value:g} is said to be '{threshold.source}' but is the {name} threshold "
                f"({value:.6g}) of these test frames; choose it on other frames (--normal-root)"
            )
    return None


def _same(threshold: float, value: float, span: float) -> bool:
    return abs(threshold - value) < 1e-6 * span


def _rounded(threshold: Threshold, value: float, span: float) -> bool:
    """Whether the threshold is the value to as many digits as it has: up, down, or, of few digits, to the nearest.

    A card's threshold was chosen before these frames were judged: it takes more digits to suspect it.
    """
    if not math.isfinite(value):
        return False
    _, figures, exponent = Decimal(repr(threshold.value)).normalize().as_tuple()
    step = 10.0**exponent
    chances = span / (5 * step if figures[-1] == 5 else step)  # people like 0.25 and 0.75
    few = chances < 10 * CHANCES
    near = abs(threshold.value - value) < (step / 2 if few else step) * (1 + 1e-9)
    return near and chances >= (10 * CHANCES if threshold.source == "weights" else CHANCES)


def declared_tuning(result: MethodResult) -> str | None:
    """The benchmark's own habit, worth a word."""
    if result.threshold.source == "best_f1_on_test" and not math.isnan(result.threshold.value):
        return (
            "component numbers use the best-F1 threshold of these very frames, as SegmentMeIfYouCan prescribes; "
            "for use on a robot choose it with --normal-root"
        )
    return None
