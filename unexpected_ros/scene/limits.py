"""Which regions count by where they stand on flat ground. No ROS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from unexpected_core.labels import DRIVABLE
from unexpected_core.regions import reach
from unexpected_core.structs import Detection, Region
from unexpected_ros.scene.geometry import Camera, edges
from unexpected_ros.scene.ground import Mounting, meet_ground
from unexpected_ros.scene.tracking import Track, keep
from unexpected_ros.settings import GroundSettings


class Place(NamedTuple):
    """Where a region stands in the car's frame, in metres. ahead: along x, of its nearest point. left, right: its ends
    along y (left positive). height: of what stands upright there and ends where the region does. pixel: width of one.
    has_foot: whether its foot is in view; else it stands nearer than that.
    """

    ahead: float
    left: float
    right: float
    height: float
    pixel: float
    has_foot: bool = True


def _rays(region: Region, size: tuple[int, int], camera: Camera) -> np.ndarray:
    """Through left, middle and right of its lower edge, and the middle of its upper one, float64 [4, 2]."""
    left, top, right, bottom = edges(region)
    middle = (left + right) / 2
    return camera.rays(np.array([(left, bottom), (middle, bottom), (right, bottom), (middle, top)]), size)


def is_hidden(region: Region, size: tuple[int, int], camera: Camera) -> bool:
    """Whether no ray leads to a part of its foot, as in the corners of wide lenses: nobody knows where it stands."""
    return not np.isfinite(_rays(region, size, camera)[:3]).all()


def place(
    region: Region,
    size: tuple[int, int],
    camera: Camera,
    mounting: Mounting,
    cut: tuple[bool, bool] = (False, False),
) -> Place | None:
    """Of a region in an image of `size` (height, width); None where its foot has no rays that meet the ground.

    cut: whether what was not looked at begins right above or below it, see `cut_off`; so do the edges of the image. One
    that is cut off there, or whose top has no ray, is of any height (infinite).
    """
    *feet, top = np.column_stack((_rays(region, size, camera), np.ones(4))) @ mounting.rotation.T
    points = meet_ground(np.array(feet), mounting)
    if len(points) < len(feet):
        return None
    away = math.hypot(*(points[1] - mounting.position)[:2])
    height = mounting.position[2] + top[2] * away / math.hypot(top[0], top[1])
    has_top = region.y > 0 and not cut[0]
    has_foot = region.y + region.height < size[0] and not cut[1]
    height = height if has_top and has_foot and not math.isnan(height) else math.inf
    nearest = points[np.argmin(np.abs(points[:, 0])), 0]
    width = math.hypot(*(points[2] - points[0])[:2]) / region.width
    return Place(float(nearest), float(points[:, 1].max()), float(points[:, 1].min()), height, width, has_foot)


def cut_off(region: Region, detection: Detection) -> tuple[bool, bool]:
    """Whether pixels of a region have what was not looked at right above, and right below."""
    if detection.unseen is None:
        return False, False
    left, right = region.x, region.x + region.width
    first, end = max(region.y - 1, 0), region.y + region.height + 1  # and a row more on both sides
    inside, unseen = detection.mask[first:end, left:right], detection.unseen[first:end, left:right]
    return bool((inside[1:] & unseen[:-1]).any()), bool((inside[:-1] & unseen[1:]).any())


def counts(region: Region, place: Place | None, detection: Detection, limits: GroundSettings) -> bool:
    """Whether a region of a detection is within the limits. One without a place is in none of them."""
    return place is not None and (
        abs(place.ahead) >= limits.nearest
        and (abs(place.ahead) <= (limits.farthest or math.inf) or not place.has_foot)
        and place.right <= (limits.left or math.inf)
        and place.left >= -(limits.right or math.inf)
        and place.height >= limits.min_height
        and (not limits.road_margin or _near_road(region, detection, limits.road_margin / max(place.pixel, 1e-6)))
    )


def _near_road(region: Region, detection: Detection, pixels: float) -> bool:
    """Whether there are drivable labels right below a region's foot, or so many pixels beside that.

    Where nobody looked there, or it is beyond the image: at its foot, where other labels than drivable ones may be its
    own, and beside that. If nobody looked there either, nobody knows.
    """
    labels, unseen = detection.labels, detection.unseen
    height, width = labels.shape
    little, foot = reach(labels.shape), region.y + region.height - 1  # as for road_fraction
    beside = np.maximum(region.x - np.arange(width), np.arange(width) - (region.x + region.width - 1))
    for row, first, last in ((foot + little, -width, round(pixels)), (foot, 1, max(round(pixels), little))):
        if row < height:
            seen = beside <= last if unseen is None else (beside <= last) & ~unseen[row]
            if np.isin(labels[row, seen], DRIVABLE).any():
                return True
            if (beside[seen] >= first).any():
                return False
    return True


def are_set(limits: GroundSettings) -> bool:
    """Whether any of them limits anything."""
    return any((limits.nearest, limits.farthest, limits.left, limits.right, limits.min_height, limits.road_margin))


def within(
    detection: Detection, tracks: Sequence[Track], limits: GroundSettings, camera: Camera, mounting: Mounting
) -> tuple[Detection, list[Track]]:
    """The detection without the regions (and their pixels in the mask) that are known not to be within the limits."""
    size = detection.mask.shape
    places = [place(region, size, camera, mounting, cut_off(region, detection)) for region in detection.regions]
    kept = [
        counts(region, where, detection, limits) or is_hidden(region, size, camera)
        for region, where in zip(detection.regions, places, strict=True)
    ]
    return keep(detection, tracks, kept)
