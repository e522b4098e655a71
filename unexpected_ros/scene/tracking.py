"""Regions that stay the same region from frame to frame. No ROS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from unexpected_core.structs import Detection, Region

MIN_OVERLAP = 0.1
"""Least intersection over union of two boxes that are the same thing; low, because things come nearer fast."""


@dataclass(frozen=True, slots=True)
class Track:
    """Identity of a region: id from 1 upwards, and the consecutive frames it has been seen in."""

    id: int
    age: int


class Tracker:
    """Gives each frame's regions the identity of the region of the frame before that they overlap most."""

    def __init__(self) -> None:
        self._previous: list[tuple[Region, Track]] = []
        self._stamp = -1
        self._last_id = 0

    def update(self, stamp: int, regions: Sequence[Region]) -> list[Track]:
        """Tracks of the regions, in their order; a stamp that runs backwards (a bag begins anew) forgets all."""
        before = self._previous if stamp >= self._stamp else []
        pairs = [(_overlap(old, new), i, j) for i, (old, _) in enumerate(before) for j, new in enumerate(regions)]
        tracks: dict[int, Track] = {}
        taken: set[int] = set()
        for overlap, i, j in sorted(pairs, reverse=True):
            if overlap >= MIN_OVERLAP and i not in taken and j not in tracks:
                taken.add(i)
                tracks[j] = Track(before[i][1].id, before[i][1].age + 1)
        found = [tracks.get(j) or self._new() for j in range(len(regions))]
        self._previous, self._stamp = list(zip(regions, found, strict=True)), stamp
        return found

    def _new(self) -> Track:
        self._last_id += 1
        return Track(self._last_id, 1)


def _overlap(a: Region, b: Region) -> float:
    """Intersection over union of the bounding boxes."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a.width * a.height + b.width * b.height - width * height)


def persistent(detection: Detection, tracks: Sequence[Track], min_age: int) -> tuple[Detection, list[Track]]:
    """The detection without the regions (and their pixels in the mask) seen in fewer than `min_age` frames."""
    kept = [track.age >= min_age for track in tracks]
    if all(kept):
        return detection, list(tracks)
    regions = tuple(region for region, keep in zip(detection.regions, kept, strict=True) if keep)
    _, components, stats, _ = cv2.connectedComponentsWithStats(detection.mask.astype(np.uint8), connectivity=8)
    shown = {(r.x, r.y, r.width, r.height, r.area) for r in regions}
    mask = np.array([False] + [tuple(row) in shown for row in stats[1:].tolist()])[components]
    return replace(detection, mask=mask, regions=regions), [t for t, keep in zip(tracks, kept, strict=True) if keep]
