"""Which obstacles are found: recall by their size, by where they stand in the image, and by their distance."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.regions import REFERENCE_AREA
from unexpected_core.structs import RoadCamera

FOUND = 0.5
"""An obstacle is found when this share of its pixels is called."""
AREA_EDGES = (0, 100, 400, 1600, 6400, np.inf)
"""Pixels of a 1024x512 image."""
ROW_EDGES = (0, 0.5, 0.6, 0.7, 0.8, 1.0 + 1e-9)
"""Lower edge of the obstacle as a share of the image height: small = far away, for a level camera."""
DISTANCE_EDGES = (0, 10, 20, 40, 80, np.inf)
"""Metres from the camera to the lower edge of the obstacle, on a flat road."""
EDGES = {"area": AREA_EDGES, "row": ROW_EDGES, "distance": DISTANCE_EDGES}


class Obstacles(NamedTuple):
    """The obstacles of some frames: area in pixels of a 1024x512 image, lower edge in 0..1, called share, distance in
    metres (NaN = not known), each [G].
    """

    area: np.ndarray
    row: np.ndarray
    called: np.ndarray
    distance: np.ndarray


def find_obstacles(mask: np.ndarray, obstacle: np.ndarray, camera: RoadCamera | None = None) -> Obstacles:
    """mask bool [H, W] of called pixels, obstacle uint8 [H, W] -> every 8-connected obstacle of the frame."""
    truth = (obstacle == 1).view(np.uint8)
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(truth, connectivity=8, ltype=cv2.CV_32S)
    area = stats[1:, cv2.CC_STAT_AREA]
    called = np.bincount(numbers[mask & (truth > 0)], minlength=count)[1:]
    row = (stats[1:, cv2.CC_STAT_TOP] + stats[1:, cv2.CC_STAT_HEIGHT]) / obstacle.shape[0]
    distance = camera.distance(row) if camera else np.full(len(row), np.nan)
    return Obstacles(area * (REFERENCE_AREA / obstacle.size), row, called / area, distance)


def recall_table(obstacles: Obstacles, by: str) -> list[dict[str, float]]:
    """by 'area', 'row' or 'distance' -> one line per bin: from, to, obstacles, found (share, NaN if there are none)."""
    edges = EDGES[by]
    bins = np.digitize(getattr(obstacles, by), edges) - 1
    lines = []
    for i, (low, high) in enumerate(pairwise(edges)):
        called = obstacles.called[bins == i]
        lines.append(
            {
                "from": float(low),
                "to": float(min(high, 1.0) if by == "row" else high),
                "obstacles": len(called),
                "found": float((called >= FOUND).mean()) if len(called) else np.nan,
            }
        )
    return lines


def join(parts: list[Obstacles]) -> Obstacles:
    """Obstacles of several frames in one."""
    parts = parts or [Obstacles(*[np.zeros(0)] * 4)]
    return Obstacles(*(np.concatenate(column) for column in zip(*parts, strict=True)))
