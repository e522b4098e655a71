"""Where to look: a part of the image, given or found, so that the rest costs nothing."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from unexpected_core.files import expand_home, file_state
from unexpected_core.formats import transparent
from unexpected_core.images import ImageError, read_image, resize_map
from unexpected_core.labels import DRIVABLE
from unexpected_core.structs import Box

ROAD = "road"
COARSE = 0.35
"""Factor on the working size of the first look that finds the road."""
MARGIN = 0.08
"""What is scored beside and below the wanted part, of the image's height: networks need to see around things.

Nothing above it, where it costs time and gains nothing (docs/speed.md).
"""
SPECK = 0.0025
"""Share of the image below which what stands alone is taken for no road."""
STEPS = 8
"""Boxes begin and end at eighths of the image, so that few sizes of them occur."""


def parse_polygon(text: str) -> np.ndarray | None:
    """'x,y x,y x,y ...' in shares of width and height -> float [N, 2], N >= 3; None if it is no such text."""
    try:
        corners = np.array([[float(value) for value in corner.split(",")] for corner in text.split()])
    except ValueError:
        return None
    fits = corners.ndim == 2 and corners.shape[0] >= 3 and corners.shape[1] == 2
    return corners if fits and np.isfinite(corners).all() and corners.min() >= 0 and corners.max() <= 1 else None


def check_roi(text: str) -> str:
    """Return the setting if it says a place; raise ValueError saying what was expected."""
    if text not in ("", ROAD):
        try:
            given_area(text, (2, 2))
        except (ImageError, OSError) as error:
            raise ValueError(
                "expected road, a polygon of three corners or more in shares of the image ('0,0.5 1,0.5 1,1 0,1'), or "
                f"the file of a mask, found '{text}' ({error})"
            ) from error
    return text


def read_mask(path: str) -> np.ndarray:
    """A picture of any size, kind and colours -> bool [H, W], where it is neither black nor transparent.

    Raises ImageError, OSError.
    """
    file = expand_home(path)
    inside = read_image(file, bit_depth=8).max(axis=2) > 0  # also of 16 bits with 0 and 1
    hidden = transparent(file.read_bytes())
    return inside if hidden is None else inside & ~hidden


def given_area(text: str, size: tuple[int, int]) -> np.ndarray:
    """Polygon, or picture that is not black inside -> bool [H, W]. Raises ImageError, OSError.

    It is remembered as long as the file is the same.
    """
    return _area(text, size, file_state(text))


@lru_cache(maxsize=8)
def _area(text: str, size: tuple[int, int], state: tuple[int, int] | None) -> np.ndarray:
    polygon = parse_polygon(text)
    if polygon is None:
        return resize_map(read_mask(text).view(np.uint8), size).view(bool)
    area = np.zeros(size, np.uint8)
    cv2.fillPoly(area, [np.rint(polygon * (size[1], size[0])).astype(np.int32)], 1)
    return area.astype(bool)


def road_area(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Coarse labels uint8 [h, w] -> bool [H, W] of the image: what is drivable, and all between it."""
    drivable = np.isin(labels, DRIVABLE).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(drivable)
    large = stats[:, cv2.CC_STAT_AREA] >= SPECK * labels.size
    large[0] = False  # what is not drivable
    return resize_map(large[parts].view(np.uint8), size).view(bool)


def box_around(area: np.ndarray) -> Box | None:
    """The box of an area, bool [H, W], a margin beside and below, at eighths of the image; None where it is empty."""
    rows, columns = np.flatnonzero(area.any(1)), np.flatnonzero(area.any(0))
    if not rows.size:
        return None
    margin = round(MARGIN * area.shape[0])
    top, bottom = _stretch(rows[0], rows[-1] + 1 + margin, area.shape[0])
    left, right = _stretch(columns[0] - margin, columns[-1] + 1 + margin, area.shape[1])
    return Box(top, left, bottom - top, right - left)


def _stretch(first: int, end: int, side: int) -> tuple[int, int]:
    step = side / STEPS
    low, high = max(0, int(first // step)), min(STEPS, int(-(-end // step)))
    return round(low * step), round(high * step)
