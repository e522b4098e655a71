"""What the scores of one frame look like as numbers: extremes, levels, crowded values, resolution."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

SAMPLED = 20_000
"""Pixels whose values are counted."""
LEVELS = (255, 127, 63)
"""Steps of scores stored in 8, 7, 6 bits; fewer levels are an honest choice."""
BLOCK = (128, 256)
"""Part of a score whose rank tells its resolution."""


@dataclass(frozen=True)
class Spread:
    """Where scores lie: extremes and how many pixels have exactly these, mean, standard deviation."""

    low: float
    high: float
    share_at_low: float
    share_at_high: float
    mean: float
    deviation: float


@dataclass(frozen=True)
class Values:
    """The scores inside one frame's ROI.

    inside, whole: of the ROI, of the whole image. distinct: different values among those looked at.
    blanked: share of pixels in large areas of the lowest value. near_one: share within 0.01 of 1.
    bits: 6 to 8 where all values are steps of such a code, else 0. coarse: how many times smaller the score was before
    it was enlarged, 0 for not at all. brightness: correlation with the image's.
    """

    inside: Spread
    whole: Spread
    distinct: int
    blanked: float
    near_one: float
    bits: int
    coarse: float
    brightness: float


def describe(score: np.ndarray, image: np.ndarray, obstacle: np.ndarray) -> Values:
    """score float, image RGB uint8, obstacle uint8, all [H, W]; the ROI must have pixels."""
    score = score.astype(np.float32) if score.dtype == np.float16 else score
    inside = obstacle != 255
    values = score[inside]
    sample = values[:: max(1, values.size // SAMPLED)].astype(np.float64)
    levels = np.unique(sample)
    spread, whole = _spread(values), _spread(score.reshape(-1))
    low, high = spread.low, spread.high
    return Values(
        inside=spread,
        whole=whole,
        distinct=len(levels),
        blanked=_blanked(inside & (score == low)) / values.size if spread.share_at_low > 0.1 else 0.0,
        near_one=float(np.mean(np.abs(sample - 1) < 0.01)),
        bits=bits_of(levels, low, high),
        coarse=coarseness(score),
        brightness=_brightness(score, image, whole.low, whole.high),
    )


def _spread(values: np.ndarray) -> Spread:
    low, high = values.min(), values.max()
    shares = (float(np.count_nonzero(values == end) / values.size) for end in (low, high))
    mean, deviation = cv2.meanStdDev(values[None])  # sums in double precision
    return Spread(float(low), float(high), *shares, float(mean[0, 0]), float(deviation[0, 0]))


def _blanked(lowest: np.ndarray) -> int:
    """Pixels of bool [H, W] that lie in areas as wide as a sixteenth of the height."""
    width = max(3, lowest.shape[0] // 16)
    mask = np.pad(lowest.view(np.uint8), width)
    kept = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    return int(np.count_nonzero(kept))


def bits_of(levels: np.ndarray, low: float, high: float) -> int:
    """Different values, rising, float64 [K] -> 8, 7 or 6 where all are steps of such a code of some range, else 0."""
    if not 40 <= len(levels) <= LEVELS[0] + 1 or high <= low:
        return 0
    ranges = ((0.0, 1.0), (0.0, 255.0), (0.0, high), (low, high))
    for bits, steps in zip((8, 7, 6), LEVELS, strict=True):
        for start, end in ranges:
            codes = (levels - start) * (steps / (end - start))
            if len(levels) > steps / 4 and np.abs(codes - np.round(codes)).max() < 2e-3 and codes[-1] < steps + 0.5:
                return bits
    return 0


def coarseness(score: np.ndarray) -> float:
    """How many times smaller a score float [H, W] was before one interpolation made it larger; 0: none is seen.

    An enlarged map has the rank of the small one. Methods that enlarge what they compute twice, or by patches, do not
    have the straight lines, or the equal neighbours, of one interpolation.
    """
    height, width = (min(size, part) for size, part in zip(score.shape, BLOCK, strict=True))
    if height < BLOCK[0] or width < BLOCK[1]:
        return 0.0
    block = max(_blocks(score, height, width), key=lambda part: part.std())
    strength = np.linalg.svd(block - block.mean(), compute_uv=False)
    ratio = strength[1:] / np.maximum(strength[:-1], 1e-300)
    ratio[strength[:-1] < 3e-6 * strength[0]] = 1
    rank = int(ratio.argmin()) + 1
    if strength[0] <= 0 or ratio[rank - 1] > 1e-2 or strength[rank] > 1e-6 * strength[0]:
        return 0.0
    return _once(block, rank)


def _blocks(score: np.ndarray, height: int, width: int) -> list[np.ndarray]:
    tops = np.linspace(0, score.shape[0] - height, 3).astype(int)[1:]  # above is sky
    lefts = np.linspace(0, score.shape[1] - width, 2).astype(int)
    return [score[y : y + height, x : x + width].astype(np.float64) for y in tops for x in lefts]


def _once(block: np.ndarray, rank: int) -> float:
    """The factor, where the block looks like one interpolation of so many rows: nearest, linear or cubic."""
    nearest, linear, cubic = (len(block) / max(rank - more, 1) for more in (0, 1, 2))  # rows beyond the block's ends
    equal = float(np.mean(np.diff(block, axis=1) == 0))
    slope = np.diff(block, axis=1)
    size = np.abs(slope[:, 1:]) + np.abs(slope[:, :-1])
    steep = size > 1e-6 * np.ptp(block)
    straight = float(np.mean(np.abs(np.diff(slope, axis=1))[steep] < 1e-2 * size[steep])) if steep.any() else 0.0
    if equal > 1 - 1.1 / nearest:
        return nearest if _steps_on_a_grid(slope, nearest) else 0.0
    if equal < 0.3 and straight > 1 - 2 / linear - 0.03:
        return linear
    return cubic if equal < 0.05 and straight < 0.4 else 0.0


def _steps_on_a_grid(slope: np.ndarray, factor: float) -> bool:
    """Whether columns with steps lie as far apart as those of enlarged pixels; of few levels they lie side by side."""
    columns = np.flatnonzero(slope.any(0))
    return len(columns) > 1 and bool(np.diff(columns).min() >= factor / 2)


def _brightness(score: np.ndarray, image: np.ndarray, low: float, high: float) -> float:
    grey = cv2.cvtColor(np.ascontiguousarray(image[::4, ::4]), cv2.COLOR_RGB2GRAY).astype(np.float64)
    small = (score[::4, ::4].astype(np.float64) - low) / (high - low or 1.0)
    if grey.std() < 1e-9 or small.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(grey.ravel(), small.ravel())[0, 1])
