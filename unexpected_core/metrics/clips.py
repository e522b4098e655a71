"""Flicker: how much scores and masks change between two frames of a clip, motion not taken out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unexpected_core.metrics.components import above
from unexpected_core.metrics.keys import MetricError


class Change(NamedTuple):
    """From one frame to the next.

    score: mean absolute change. mask: share of the called pixels that is not called in both, 0 if none is called, NaN
    without a threshold.
    """

    score: float
    mask: float


def change(before: np.ndarray, after: np.ndarray, threshold: float, inside: np.ndarray | None = None) -> Change:
    """Two scores float [H, W] of neighbouring frames, called where score >= threshold. Raises MetricError.

    inside: ROI of both, bool [H, W]; None = all. NaN for the score where it is empty.
    """
    if before.shape != after.shape:
        raise MetricError(
            f"frames of one clip differ in size: {before.shape} and {after.shape}; give each clip a folder of its "
            "own, or leave --clips out"
        )
    if inside is not None:
        before, after = before[inside], after[inside]
    a, b = above(before, threshold), above(after, threshold)
    either = np.count_nonzero(a | b)
    differences = np.abs(after.astype(np.float64) - before.astype(np.float64))
    difference = float(differences.mean()) if differences.size else np.nan
    flicker = 1 - np.count_nonzero(a & b) / either if either else 0.0
    return Change(difference, np.nan if np.isnan(threshold) else flicker)


def mean_change(changes: list[Change]) -> Change:
    """Over all pairs of frames; NaN without any."""
    seen = [each for each in changes if not np.isnan(each.score)]
    return Change(*np.mean(seen, axis=0).tolist()) if seen else Change(np.nan, np.nan)
