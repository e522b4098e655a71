"""What the doctor needs to know of every frame, noted while it is measured, and of all frames together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from unexpected_core.config import Number
from unexpected_core.evaluation.source import Judged

SAMPLED = 20_000
"""Pixels looked at per frame."""
THUMB = (16, 9)


@dataclass(frozen=True)
class Values:
    """The scores inside one frame's ROI, a sample of them: extremes, how many values, and where they crowd."""

    low: float
    high: float
    sampled: int
    distinct: int
    share_at_low: float
    share_at_high: float
    near_one: float
    gap_above_low: float
    obstacle_at_low: float


@dataclass(frozen=True)
class FrameFacts:
    """One frame. sizes: (height, width) of the ground truth and of the stored score; thumb: float32 [9, 16]."""

    key: str
    size: tuple[int, int]
    stored_size: tuple[int, int]
    type: str
    roi_share: float
    obstacle_share: float
    ids: tuple[int, ...]
    thumb: np.ndarray
    values: Values | None


@dataclass(frozen=True)
class Evidence:
    """Facts of all frames in small, plain numbers: means over frames, except for extremes and counts."""

    types: tuple[str, ...]
    sizes: dict[str, int]
    stored_sizes: dict[str, int]
    enlarged_frames: int
    ids: tuple[int, ...]
    frames_with_obstacles: int
    roi_share: Number
    whole_frames: int
    scale: Number
    obstacle_share: Number
    low: Number
    high: Number
    distinct: Number
    distinct_share: Number
    share_at_low: Number
    share_at_high: Number
    near_one: Number
    gap_above_low: Number
    obstacle_at_low: Number
    same_as_neighbour: Number


def note_frame(key: str, judged: Judged) -> FrameFacts:
    """Facts about one frame's score and ground truth."""
    score, obstacle = judged.score, judged.sample.obstacle
    roi, positive = np.count_nonzero(obstacle != 255), np.count_nonzero(obstacle == 1)
    return FrameFacts(
        key=key,
        size=obstacle.shape,
        stored_size=judged.stored.shape,
        type=str(score.dtype),
        roi_share=roi / obstacle.size,
        obstacle_share=positive / roi if roi else 0.0,
        ids=tuple(np.flatnonzero(np.bincount(obstacle.ravel(), minlength=256)).tolist()),
        thumb=cv2.resize(score.astype(np.float32), THUMB, interpolation=cv2.INTER_AREA),
        values=_values(score, obstacle) if roi else None,
    )


def _values(score: np.ndarray, obstacle: np.ndarray) -> Values:
    values = score[obstacle != 255]
    values = values[:: max(1, values.size // SAMPLED)].astype(np.float64)
    low, high = float(values.min()), float(values.max())
    positive = score[obstacle == 1]
    return Values(
        low=low,
        high=high,
        sampled=values.size,
        distinct=len(np.unique(values)),
        share_at_low=float(np.mean(values == low)),
        share_at_high=float(np.mean(values == high)),
        near_one=float(np.mean(np.abs(values - 1) < 0.01)),
        gap_above_low=_gap(values),
        obstacle_at_low=float(np.mean(positive == low)) if positive.size else 0.0,
    )


def _gap(values: np.ndarray) -> float:
    """Distance from the lowest value to the bulk of the others, as a share of the range: large for blanked pixels."""
    low, others = values.min(), values[values > values.min()]
    return float((np.percentile(others, 1) - low) / (values.max() - low)) if others.size else 0.0


def summarise(facts: Sequence[FrameFacts]) -> Evidence:
    """Facts of all frames -> the evidence of a result."""
    values = [fact.values for fact in facts if fact.values]

    def mean(name: str) -> float:
        return float(np.mean([getattr(value, name) for value in values])) if values else float("nan")

    return Evidence(
        types=tuple(sorted({fact.type for fact in facts})),
        sizes=_counted(fact.size for fact in facts),
        stored_sizes=_counted(fact.stored_size for fact in facts),
        enlarged_frames=sum(fact.size != fact.stored_size for fact in facts),
        ids=tuple(sorted({i for fact in facts for i in fact.ids})),
        frames_with_obstacles=sum(fact.obstacle_share > 0 for fact in facts),
        roi_share=float(np.mean([fact.roi_share for fact in facts])),
        whole_frames=sum(fact.roi_share == 1 for fact in facts),
        scale=min(fact.stored_size[1] / fact.size[1] for fact in facts),
        obstacle_share=float(np.mean([fact.obstacle_share for fact in facts if fact.values])) if values else np.nan,
        low=min((value.low for value in values), default=np.nan),
        high=max((value.high for value in values), default=np.nan),
        distinct_share=mean("distinct") / mean("sampled"),
        **{name: mean(name) for name in MEANS},
        same_as_neighbour=_repeats([fact.thumb for fact in facts]),
    )


MEANS = ("distinct", "share_at_low", "share_at_high", "near_one", "gap_above_low", "obstacle_at_low")
"""Fields of Values whose mean over frames is evidence."""


def _counted(sizes: Iterable[tuple[int, int]]) -> dict[str, int]:
    names = [f"{width}x{height}" for height, width in sizes]
    return {name: names.count(name) for name in sorted(set(names))}


def _repeats(thumbs: list[np.ndarray]) -> float:
    """Share of neighbouring frames whose scores are the same to 1e-6 of their range; 0 for one frame."""
    same = [float(np.abs(a - b).max()) <= 1e-6 * float(np.ptp(a)) for a, b in pairwise(thumbs)]
    return float(np.mean(same)) if same else 0.0
