"""From a score map to regions: hysteresis threshold, connected components, and what each one looks like."""

from __future__ import annotations

import cv2
import numpy as np

from unexpected_core.labels import DRIVABLE, IGNORE
from unexpected_core.structs import Region

REFERENCE_AREA = 1024 * 512
"""Pixels of the image that `min_area` speaks of."""
ON_ROAD = 0.5
"""Share of a region's lower border on drivable labels from which on it counts as standing on the road."""


def find_regions(
    score: np.ndarray,
    labels: np.ndarray,
    *,
    threshold: float = 0.5,
    hysteresis: float = 0.25,
    min_area: int = 60,
    road_only: bool = False,
    max_regions: int = 64,
) -> tuple[np.ndarray, tuple[Region, ...]]:
    """Score float32 [H, W] and train ids uint8 [H, W] -> mask bool [H, W] and the regions it is made of, best first.

    A region is an 8-connected area above ``threshold - hysteresis`` that holds a pixel above ``threshold``
    (hysteresis as in Canny, 1986); it grows down to half the threshold at most, or a low one would flood the image
    from its first pixel. min_area counts pixels of a 1024x512 image and scales with the area of this one.
    """
    height, width = score.shape
    mask = np.zeros((height, width), bool)
    grown = (score > max(threshold - hysteresis, threshold / 2)).view(np.uint8)
    count, components, stats, centroids = cv2.connectedComponentsWithStats(grown, connectivity=8, ltype=cv2.CV_32S)
    least = max(1, round(min_area * height * width / REFERENCE_AREA))
    big = np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= least) + 1
    if not big.size or not max_regions:
        return mask, ()

    # From here on only the pixels of areas that are big enough are touched, all areas at once.
    index = np.full(count, -1, np.int32)
    index[big] = np.arange(big.size, dtype=np.int32)
    pixels = np.flatnonzero(grown)
    owner = index[components.ravel()[pixels]]
    pixels, owner = pixels[owner >= 0], owner[owner >= 0]
    values = score.ravel()[pixels]
    area = stats[big, cv2.CC_STAT_AREA]
    mean = np.bincount(owner, values, big.size) / area
    greatest = np.full(big.size, -np.inf, np.float32)
    np.maximum.at(greatest, owner, values)
    on_road = _road_fraction(components, labels, pixels, owner, big.size)

    kept = greatest > threshold
    if road_only:
        kept &= on_road >= ON_ROAD
    order = np.lexsort((big, -mean))
    order = order[kept[order]][:max_regions]
    if not order.size:
        return mask, ()
    reported = np.zeros(big.size, bool)
    reported[order] = True
    mask.ravel()[pixels[reported[owner]]] = True
    names = np.bincount(owner * 256 + labels.ravel()[pixels], minlength=big.size * 256).reshape(-1, 256).argmax(axis=1)
    return mask, tuple(
        Region(
            *(int(value) for value in stats[big[i], :4]),
            *(float(value) for value in centroids[big[i]]),
            area=int(area[i]),
            score=float(mean[i]),
            max_score=float(greatest[i]),
            road_fraction=float(on_road[i]),
            label=int(names[i]),
        )
        for i in order
    )


def _road_fraction(
    components: np.ndarray, labels: np.ndarray, pixels: np.ndarray, owner: np.ndarray, count: int
) -> np.ndarray:
    """Share of each area's lower border that has a drivable label a little below it; float [count].

    "A little" is 1 % of the image height, because labels close to an object's edge are often the object's.
    """
    height, width = components.shape
    flat = components.ravel()
    below = pixels + width
    inside = below < flat.size
    border = ~inside
    border[inside] = flat[below[inside]] != flat[pixels[inside]]
    rows, columns = np.divmod(pixels[border], width)
    ground = labels[np.minimum(rows + max(1, height // 100), height - 1), columns]
    drivable = np.isin(ground, DRIVABLE)
    return np.bincount(owner[border], drivable, count) / np.bincount(owner[border], minlength=count)


def no_labels(size: tuple[int, int]) -> np.ndarray:
    """Labels uint8 [H, W] for methods without a segmenter: all 255."""
    return np.full(size, IGNORE, np.uint8)
