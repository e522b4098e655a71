"""The own car found in a drive: edges that never move and hang together with the lower edge of the picture."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from unexpected_core.images import resize_map
from unexpected_core.pipeline.ego_mask import MOST

WIDTH = 512
"""Pixels across that are looked at; the own car is large."""
NOISE = 4.0
"""Grey levels of gradient below which a pixel has no edge."""
LEAST_FRAMES = 10
COHERENT, AGREED = 0.3, 0.55
"""Least length of the mean edge direction over all frames, and over those frames that have an edge there."""
CLOSE = 0.035
"""Gaps in an outline that are closed, share of the height."""
LOW = 0.75
"""Share of the height below which something that never moves may float free of the lower edge (a star)."""
WIDE = 0.4
"""Share of the width from which on it is the outline of a bonnet, which reaches down to the lower edge."""
UNMOVED = 2.0
"""Mean difference of grey levels between two frames under which the car stood still."""


class EgoError(ValueError):
    """A drive that the own car cannot be found in; the message says why."""


def learn_ego_mask(frames: Iterable[np.ndarray]) -> np.ndarray:
    """RGB uint8 [H, W, 3] of one camera, some seconds apart -> bool [H, W], True = own car; all False without one.

    An edge of the own car has one direction for ever, those of the street have all of them: the mean of the unit
    gradients is long where it is the same edge in every frame, and near 0 where it is not. Raises EgoError.
    """
    total, weight, count, before, size = 0.0, 0.0, 0, None, None
    for frame in frames:
        size = size or frame.shape[:2]
        grey = _grey(frame, size)
        if before is not None and np.abs(grey - before).mean() < UNMOVED:
            continue
        across, down = (cv2.Sobel(grey, cv2.CV_32F, *order) / 8 for order in ((1, 0), (0, 1)))
        strength = np.hypot(across, down)
        total = total + np.stack([across, down]) / (strength + NOISE)
        weight = weight + strength / (strength + NOISE)
        count, before = count + 1, grey
    if count < LEAST_FRAMES:
        raise EgoError(f"{count} frames in which the car has moved on; {LEAST_FRAMES} or more are needed")
    mean = np.hypot(*total)
    still = (mean / count > COHERENT) & (mean / np.maximum(weight, 1e-6) > max(AGREED, 3 / np.sqrt(count)))
    mask = fill(still)
    if mask.mean() > MOST:  # the drive was too short to tell
        raise EgoError(f"{mask.mean():.0%} of the picture never moves: more than a car; give a longer drive")
    return resize_map(mask.astype(np.uint8), size) > 0


def _grey(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if frame.shape[:2] != size:
        raise EgoError(f"frames of {size[1]}x{size[0]} and {frame.shape[1]}x{frame.shape[0]}: expected one camera")
    small = cv2.resize(frame, (WIDTH, max(8, round(size[0] * WIDTH / size[1]))), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)


def fill(still: np.ndarray) -> np.ndarray:
    """Edges that never move, bool [H, W] -> what they enclose: down to the lower edge if they reach it or are wide."""
    height = len(still)
    reach = max(1, round(CLOSE * height))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    closed = _close(still, disc)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    wide = stats[:, cv2.CC_STAT_WIDTH] > WIDE * still.shape[1]
    ends, areas = stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_AREA]
    large = areas > reach**2
    large[0] = False  # what is not closed
    grounded = large & ((ends >= height - reach) | (wide & (ends >= LOW * height)))
    floating = large & ~grounded & (ends >= LOW * height)
    whole = np.maximum.accumulate(grounded[parts], axis=0) | floating[parts]
    return _close(whole, disc).astype(bool)


def _close(area: np.ndarray, disc: np.ndarray) -> np.ndarray:
    """Morphological closing of bool [H, W] -> uint8 [H, W]; the edge of the picture closes nothing."""
    reach = len(disc) // 2
    framed = cv2.copyMakeBorder(area.astype(np.uint8), *[reach] * 4, cv2.BORDER_CONSTANT)
    return cv2.morphologyEx(framed, cv2.MORPH_CLOSE, disc)[reach:-reach, reach:-reach]
