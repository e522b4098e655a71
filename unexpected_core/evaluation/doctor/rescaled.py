"""Statistics that every frame has exactly alike: the mark of scores that were rescaled frame by frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unexpected_core.evaluation.doctor.values import Spread, Values

SAME = 1e-4
"""Difference, as a share of the range of scores, up to which frames have one value."""
FEW = 3e-4
"""Share of pixels at the lowest or highest score that is no clipping."""
ROUND = (1.0, 100.0, 255.0)


def same_in_all(frames: Sequence[Values]) -> tuple[str, ...]:
    """Names of what all frames (three or more) share; empty for scores of few levels, whose statistics are coarse."""
    if len(frames) < 3 or min(frame.distinct for frame in frames) <= 64:
        return ()
    found = [*_same([frame.inside for frame in frames]), *_same([frame.whole for frame in frames])]
    return tuple(dict.fromkeys(found))


def _same(frames: Sequence[Spread]) -> list[str]:
    found = [name for name in ("mean", "deviation") if _alike(frames, name)]
    if _alike(frames, "low") and _alike(frames, "high") and _stretched(frames):
        found.append("lowest and highest score")
    elif _alike(frames, "high") and frames[0].high in ROUND and all(frame.share_at_high <= FEW for frame in frames):
        found.append("highest score")
    return found


def _alike(frames: Sequence[Spread], name: str) -> bool:
    values = np.array([getattr(frame, name) for frame in frames])
    span = max(frame.high for frame in frames) - min(frame.low for frame in frames)
    return bool(np.ptp(values) <= SAME * span)


def _stretched(frames: Sequence[Spread]) -> bool:
    """Both ends are single pixels, or clipped at the same percentile in each frame; honest clipping does neither."""
    shares = np.array([[frame.share_at_low, frame.share_at_high] for frame in frames])
    percentile = np.all(np.ptp(shares, axis=0) <= 0.05 * shares.mean(0) + 1e-5)
    return bool(np.all(shares <= FEW) or percentile)
