"""Best and worst frames, as pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from unexpected_core.evaluation.measure.result import FrameRow, MethodResult
from unexpected_core.evaluation.source import Source
from unexpected_core.metrics.components import above
from unexpected_core.visualize import grid, heat_map

TRUTH = (0, 255, 0)
CALLED = (255, 255, 0)
OUTSIDE = 0.4
"""Brightness left outside the ROI."""
MOST = 3
"""Frames of one kind that are shown."""


def chosen_frames(rows: Sequence[FrameRow]) -> dict[str, list[str]]:
    """per_frame rows -> titles and keys: best and worst by AP, and most false regions where no obstacle counts."""
    ranked = sorted(
        (row for row in rows if row.obstacles and not math.isnan(row.average_precision)),
        key=lambda row: row.average_precision,
    )
    alarms = sorted(
        (row for row in rows if not row.obstacles and row.false_regions), key=lambda row: -row.false_regions
    )
    half = min(MOST, (len(ranked) + 1) // 2)
    frames = {
        "best frames": [row.key for row in ranked[len(ranked) - half :][::-1]],
        "worst frames": [row.key for row in ranked[: min(half, len(ranked) - half)]],
        "most false regions where no obstacle counts": [row.key for row in alarms[:MOST]],
    }
    return {title: keys for title, keys in frames.items() if keys}


def picture(source: Source, key: str, result: MethodResult) -> np.ndarray:
    """RGB uint8 [h, w, 3]: the image with obstacles (green) and called pixels (yellow) outlined, and the score as
    heat."""
    score, sample, _ = source.frame(key)
    marked = sample.image.copy()
    marked[sample.obstacle == 255] = (marked[sample.obstacle == 255] * OUTSIDE).astype(np.uint8)
    called = above(score, result.threshold.value) & (sample.obstacle != 255)
    for mask, colour in ((called, CALLED), (sample.obstacle == 1, TRUTH)):
        outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(marked, outlines, -1, colour, max(1, score.shape[0] // 300))
    heat = heat_map(score, result.evidence.low, result.evidence.high)
    return grid([marked, heat], [key, "score"], columns=2)
