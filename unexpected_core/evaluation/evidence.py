"""What the doctor needs to know of every frame, noted while it is measured."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from unexpected_core.evaluation.source import Judged

SAMPLED = 20_000
"""Pixels looked at per frame."""
THUMB = (16, 9)


def note_frame(key: str, judged: Judged) -> dict[str, Any]:
    """Facts about one frame's score and ground truth; plain numbers, except `thumb` float32 [9, 16]."""
    score, obstacle = judged.score, judged.sample.obstacle
    inside = obstacle != 255
    roi, positive = np.count_nonzero(inside), np.count_nonzero(obstacle == 1)
    values = score[inside]
    values = values[:: max(1, values.size // SAMPLED)].astype(np.float64)
    facts: dict[str, Any] = {
        "key": key,
        "size": list(obstacle.shape),
        "stored_size": list(judged.stored.shape),
        "type": str(score.dtype),
        "roi_share": roi / obstacle.size,
        "obstacle_share": positive / roi if roi else 0.0,
        "ids": np.flatnonzero(np.bincount(obstacle.ravel(), minlength=256)).tolist(),
        "thumb": cv2.resize(score.astype(np.float32), THUMB, interpolation=cv2.INTER_AREA),
    }
    if values.size:
        low, high = values.min(), values.max()
        facts |= {
            "low": float(low),
            "high": float(high),
            "sampled": values.size,
            "distinct": len(np.unique(values)),
            "share_at_low": float(np.mean(values == low)),
            "share_at_high": float(np.mean(values == high)),
            "near_one": float(np.mean(np.abs(values - 1) < 0.01)),
            "gap_above_low": _gap(values),
            "obstacle_at_low": float(np.mean(score[obstacle == 1] == low)) if positive else 0.0,
        }
    return facts


def _gap(values: np.ndarray) -> float:
    """Distance from the lowest value to the bulk of the others, as a share of the range: large for blanked pixels."""
    low, others = values.min(), values[values > values.min()]
    return float((np.percentile(others, 1) - low) / (values.max() - low)) if others.size else 0.0


def summarise(facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Facts of all frames -> the `evidence` of a result: small, plain numbers."""
    filled = [fact for fact in facts if "low" in fact]

    def mean(name: str) -> float:
        return float(np.mean([fact[name] for fact in filled])) if filled else float("nan")

    return {
        "types": sorted({fact["type"] for fact in facts}),
        "sizes": _counted(fact["size"] for fact in facts),
        "stored_sizes": _counted(fact["stored_size"] for fact in facts),
        "enlarged_frames": sum(fact["size"] != fact["stored_size"] for fact in facts),
        "ids": sorted({i for fact in facts for i in fact["ids"]}),
        "frames_with_obstacles": sum(fact["obstacle_share"] > 0 for fact in facts),
        "roi_share": float(np.mean([fact["roi_share"] for fact in facts])),
        "whole_frames": sum(fact["roi_share"] == 1 for fact in facts),
        "scale": min(fact["stored_size"][1] / fact["size"][1] for fact in facts),
        "obstacle_share": mean("obstacle_share"),
        "low": min((fact["low"] for fact in filled), default=float("nan")),
        "high": max((fact["high"] for fact in filled), default=float("nan")),
        "distinct_share": mean("distinct") / mean("sampled") if filled else float("nan"),
        "distinct": mean("distinct"),
        "share_at_low": mean("share_at_low"),
        "share_at_high": mean("share_at_high"),
        "near_one": mean("near_one"),
        "gap_above_low": mean("gap_above_low"),
        "obstacle_at_low": mean("obstacle_at_low"),
        "same_as_neighbour": _repeats([fact["thumb"] for fact in facts]),
    }


def _counted(sizes) -> dict[str, int]:
    names = [f"{width}x{height}" for height, width in sizes]
    return {name: names.count(name) for name in sorted(set(names))}


def _repeats(thumbs: list[np.ndarray]) -> float:
    """Share of neighbouring frames whose scores are the same to 1e-6 of their range; 0 for one frame."""
    same = [float(np.abs(a - b).max()) <= 1e-6 * max(float(np.ptp(a)), 1e-12) for a, b in pairwise(thumbs)]
    return float(np.mean(same)) if same else 0.0
