"""Regions that stay the same region from frame to frame. No ROS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from unexpected_core.structs import Detection, Region

MIN_OVERLAP = 0.1
"""Least intersection over union of two boxes that are the same thing; low, because things come nearer fast."""
MAX_MISSED = 2
"""Frames in a row that a thing may be missed in and still be the same when it is seen again."""
LATE_NS = 500_000_000
"""A frame may be so much older than the one before: it was overtaken on its way. Else time has begun anew."""
GAP_NS = 10_000_000_000
"""Longest time from a frame to the next; after a longer one nothing is where it was seen last."""
RARE = 3
"""Unless frames are rare: so many times as long as the time before may one be that is longer than GAP_NS."""


@dataclass(frozen=True, slots=True)
class Track:
    """Identity of a region: id from 1 upwards, and the frames it has been seen in."""

    id: int
    age: int


class Tracker:
    """Gives each frame's regions the identity of the region that they overlap most: of the frame before, or of one of
    the MAX_MISSED before that, where it was missed since. No velocity: a box is looked for where it was last seen.
    """

    def __init__(self) -> None:
        self._known: list[tuple[Region, Track, int]] = []  # where it was last seen, who it is, frames missed since
        self._stamp, self._apart = -1, 0  # of the newest frame, and how long after the one before it came
        self._last_id = 0

    def update(self, stamp: int, regions: Sequence[Region]) -> list[Track]:
        """Tracks of the regions, in their order. Time [ns] that jumps, as where a bag begins anew, forgets all."""
        apart = stamp - self._stamp
        known = self._known if -LATE_NS <= apart <= max(GAP_NS, RARE * self._apart) else []
        pairs = [
            (_overlap(old, new), -missed, i, j)
            for i, (old, _, missed) in enumerate(known)
            for j, new in enumerate(regions)
        ]
        tracks: dict[int, Track] = {}
        taken: set[int] = set()
        for overlap, _, i, j in sorted(pairs, reverse=True):
            if overlap >= MIN_OVERLAP and i not in taken and j not in tracks:
                taken.add(i)
                tracks[j] = Track(known[i][1].id, known[i][1].age + 1)
        found = [tracks.get(j) or self._new() for j in range(len(regions))]
        missed = [(old, track, n + 1) for i, (old, track, n) in enumerate(known) if i not in taken and n < MAX_MISSED]
        self._known = [*((region, track, 0) for region, track in zip(regions, found, strict=True)), *missed]
        self._apart = apart if self._stamp >= 0 else 0
        self._stamp = stamp
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
    return keep(detection, tracks, [track.age >= min_age for track in tracks])


def keep(detection: Detection, tracks: Sequence[Track], kept: Sequence[bool]) -> tuple[Detection, list[Track]]:
    """The detection with those regions (and their pixels in the mask) that are `kept`."""
    if all(kept):
        return detection, list(tracks)
    regions = tuple(region for region, keep in zip(detection.regions, kept, strict=True) if keep)
    _, components, stats, _ = cv2.connectedComponentsWithStats(detection.mask.astype(np.uint8), connectivity=8)
    shown = {(r.x, r.y, r.width, r.height, r.area) for r in regions}
    mask = np.array([False] + [tuple(row) in shown for row in stats[1:].tolist()])[components]
    return replace(detection, mask=mask, regions=regions), [t for t, keep in zip(tracks, kept, strict=True) if keep]
