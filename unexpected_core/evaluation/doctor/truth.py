"""Ground truth against its image and against the score: where contours lie, and where a score jumps at them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

REACH = 12
"""Pixels on both sides of a contour that are looked at."""


@dataclass(frozen=True)
class Contours:
    """One frame's obstacles. gradient: image gradient summed by distance from the contour, -REACH outside to REACH
    inside, pixels: how many there are, float64 [2 REACH + 1]. jump, near: the score's steps across contours, and its
    greater step two pixels before or behind, summed; sharp: at how many of `pairs` the first is over three times the
    other.
    """

    gradient: np.ndarray
    pixels: np.ndarray
    jump: float
    near: float
    sharp: int
    pairs: int


def trace(score: np.ndarray, image: np.ndarray, obstacle: np.ndarray) -> Contours:
    """score float, image RGB uint8, obstacle uint8, all [H, W]."""
    gradient, pixels = np.zeros((2, 2 * REACH + 1))
    span = float(np.ptp(score)) or 1.0
    truth = np.ascontiguousarray(obstacle == 1).view(np.uint8)
    left, top, across, down = cv2.boundingRect(truth)
    around = np.s_[
        max(0, top - 2 * REACH) : top + down + 2 * REACH, max(0, left - 2 * REACH) : left + across + 2 * REACH
    ]
    score, image, obstacle, truth = (np.ascontiguousarray(each[around]) for each in (score, image, obstacle, truth))
    count, _, boxes, _ = cv2.connectedComponentsWithStats(truth, connectivity=8)
    for x, y, width, height, _ in boxes[1:count] if count <= MOST else ():
        part = np.s_[max(0, y - REACH) : y + height + REACH, max(0, x - REACH) : x + width + REACH]
        _add_profile(image[part], truth[part], gradient, pixels)
    jumps = np.concatenate([_jumps(score, obstacle), _jumps(score.T, obstacle.T)], axis=1)
    return Contours(
        gradient,
        pixels,
        jump=float(jumps[0].sum()) / span,
        near=float(jumps[1].sum()) / span,
        sharp=int(np.count_nonzero(jumps[0] > 3 * jumps[1])),
        pairs=jumps.shape[1],
    )


MOST = 500
"""Obstacles of one frame whose contours are followed."""


def _add_profile(image: np.ndarray, truth: np.ndarray, gradient: np.ndarray, pixels: np.ndarray) -> None:
    grey = cv2.GaussianBlur(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1)
    slope = np.sqrt(np.hypot(cv2.Scharr(grey, cv2.CV_32F, 1, 0), cv2.Scharr(grey, cv2.CV_32F, 0, 1)))
    inside, outside = (cv2.distanceTransform(mask, cv2.DIST_L2, 5) for mask in (truth.copy(), 1 - truth))
    bins = np.round(np.where(truth > 0, inside - 0.5, 0.5 - outside)).astype(np.int64) + REACH
    near = (bins >= 0) & (bins <= 2 * REACH)
    weight = 1 / max(np.count_nonzero(near), 1)  # a small obstacle counts as much as a big one
    gradient += weight * np.bincount(bins[near], slope[near], len(gradient))
    pixels += weight * np.bincount(bins[near], minlength=len(pixels))


def _jumps(score: np.ndarray, obstacle: np.ndarray) -> np.ndarray:
    """float64 [2, N]: down the rows, steps of the score from obstacle to normal or back; greatest of those around."""
    if score.shape[0] < 6:
        return np.zeros((2, 0))
    above, below = obstacle[2:-3], obstacle[3:-2]
    border = (above + below == 1) & (np.minimum(above, below) == 0)
    wide = [score[i : score.shape[0] - 5 + i][border].astype(np.float64) for i in range(6)]
    steps = np.abs(np.diff(wide, axis=0))  # [5, N], the middle one crosses the contour
    return np.stack([steps[2], np.maximum(steps[0], steps[4])])


@dataclass(frozen=True)
class TruthFacts:
    """All frames. offset: pixels by which contours lie outside (+) or inside (-) the edges of the images; 0 if unclear.

    jump: how much more scores change across contours than beside them; sharp: share of the contour where it is thrice.
    """

    offset: int
    jump: float
    sharp: float


def summarise_contours(frames: list[Contours]) -> TruthFacts:
    """Contours of all frames, those without obstacles too."""
    pairs, near = sum(frame.pairs for frame in frames), sum(frame.near for frame in frames)
    jump = sum(frame.jump for frame in frames) / max(near, 1e-12) if pairs else 0.0
    sharp = sum(frame.sharp for frame in frames) / max(pairs, 1)
    gradient, pixels = (sum(getattr(frame, name) for frame in frames) for name in ("gradient", "pixels"))
    return TruthFacts(_peak(gradient, pixels), float(min(jump, 1e6)), sharp)


def _peak(gradient: np.ndarray, pixels: np.ndarray) -> int:
    """Distance of the greatest mean gradient; 0 where it does not stand out of all others and of the contour itself."""
    used = pixels > 0.01 * pixels.sum()  # few obstacles are so large that they have pixels far inside
    if not used.any():
        return 0
    profile = np.where(used, gradient / np.maximum(pixels, 1e-12), 0)
    at = int(profile.argmax())
    clear = profile[at] > 1.3 * np.median(profile[used]) and profile[at] > 1.15 * profile[REACH - 1 : REACH + 2].max()
    return at - REACH if clear else 0
