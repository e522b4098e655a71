"""From a score map to regions: hysteresis threshold, connected components, and what each one looks like.

Most frames are quiet, so pixels are looked at only where they may count: areas are found on blocks of pixels first, and
components of pixels only in the bounding boxes of those that are great and high enough. The result is that of looking
everywhere: pixels that touch lie in blocks that touch.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from pydantic import Field

from unexpected_core.config import Settings
from unexpected_core.labels import DRIVABLE, IGNORE
from unexpected_core.runs import find_runs
from unexpected_core.structs import Box, Region

REFERENCE_AREA = 1024 * 512
"""Pixels of the image that `min_area` speaks of."""
ON_ROAD = 0.5
"""Share of a region's lower border on drivable labels from which on it counts as standing on the road."""
BLOCK = 8
"""Side of the blocks in pixels: the bytes of a 64-bit number, so that one addition counts eight pixels."""
MOST_BOXES = 32
"""With more areas than this, looking at the whole image at once is cheaper."""
_IS_DRIVABLE = np.isin(np.arange(256), DRIVABLE)


class RegionSettings(Settings):
    """From a score map to regions."""

    threshold: float = Field(0.5, ge=0.0, le=1.0, description="score above which a pixel is unexpected")
    hysteresis: float = Field(
        0.25,
        ge=0.0,
        le=0.5,
        description="a region grows down to threshold - hysteresis around pixels above "
        "threshold, never below threshold / 2",
    )
    min_area: int = Field(
        60,
        ge=1,
        le=10_000_000,
        description="smallest region in pixels of a 1024x512 image; scales with the image's area",
    )
    road_only: bool = Field(False, description="keep only regions that stand on or lie in drivable labels")
    max_regions: int = Field(64, ge=0, le=256, description="most regions reported, best score first")


def find_regions(
    score: np.ndarray, labels: np.ndarray, settings: RegionSettings, unseen: np.ndarray | None = None
) -> tuple[np.ndarray, tuple[Region, ...]]:
    """Score float32 [H, W] and train ids uint8 [H, W] -> mask bool [H, W] and the regions it is made of, best first.

    A region is an 8-connected area above ``threshold - hysteresis`` that holds a pixel above ``threshold``
    (hysteresis as in Canny, 1986); it grows down to half the threshold at most, or a low one would flood the image
    from its first pixel. min_area counts pixels of a 1024x512 image and scales with the area of this one.
    unseen: bool [H, W], see `Detection`: labels there do not tell what a thing stands on; None = nowhere.
    """
    score, labels = np.ascontiguousarray(score), np.ascontiguousarray(labels)
    mask, threshold = np.zeros(score.shape, bool), settings.threshold
    seeds = score > threshold
    if not settings.max_regions or not seeds.any():
        return mask, ()
    grown = score > max(threshold - settings.hysteresis, threshold / 2)
    least = max(1, round(settings.min_area * score.size / REFERENCE_AREA))
    boxes = _boxes(grown, seeds, least)
    areas = heapq.merge(*(_areas(score, grown, seeds, least, *box) for box in boxes), key=_best_first)
    regions: list[Region] = []
    for area in areas:
        if len(regions) == settings.max_regions:
            break
        inside = area.components == area.number
        region = _describe(area, inside, score, labels, unseen)
        if region.road_fraction >= ON_ROAD or not settings.road_only:
            mask[area.place] |= inside
            regions.append(region)
    return mask, tuple(regions)


class _Area(NamedTuple):
    """A connected area: fields of Region, and which pixels it has of `place`, rows and columns of the image."""

    y: int
    x: int
    height: int
    width: int
    centroid_y: float
    centroid_x: float
    area: int
    score: float
    components: np.ndarray  # int32 [height, width]
    number: int

    @property
    def place(self) -> tuple[slice, slice]:
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


def _boxes(grown: np.ndarray, seeds: np.ndarray, least: int) -> Iterator[tuple[Box, np.ndarray | None]]:
    """Boxes that hold every area of at least `least` pixels with a seed.

    With each the blocks of the image, bool, whose areas are wanted of it; None = all.
    """
    pixels = _count(grown)
    count, blocks, stats, _ = cv2.connectedComponentsWithStats((pixels > 0).view(np.uint8), connectivity=8)
    size = np.bincount(blocks.ravel(), pixels.ravel(), count)
    seeded = np.zeros(count, bool)
    seeded[blocks[_count(seeds) > 0]] = True
    ids = np.flatnonzero(seeded & (size >= least))
    left, top, width, height = BLOCK * stats[ids, :4].T
    if ids.size > MOST_BOXES or int(width @ height) > grown.size:
        yield Box(0, 0, *grown.shape), None
        return
    for i, corner in enumerate(zip(top, left, strict=True)):
        y, x = map(int, corner)
        sides = min(int(height[i]), grown.shape[0] - y), min(int(width[i]), grown.shape[1] - x)
        yield Box(y, x, *sides), blocks == ids[i]


def _count(mask: np.ndarray) -> np.ndarray:
    """Pixels of a mask [H, W] in each block, int [ceil(H / BLOCK), ceil(W / BLOCK)]."""
    rows, columns = (-(-side // BLOCK) for side in mask.shape)
    missing = rows * BLOCK - mask.shape[0], columns * BLOCK - mask.shape[1]
    mask = np.pad(mask, ((0, missing[0]), (0, missing[1]))) if any(missing) else mask
    eights = mask.view(np.uint64).reshape(rows, BLOCK, columns).sum(1, dtype=np.uint64)  # no byte exceeds 8
    return ((eights * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.int32)  # the sum of the bytes


def _areas(
    score: np.ndarray, grown: np.ndarray, seeds: np.ndarray, least: int, box: Box, own: np.ndarray | None
) -> Iterator[_Area]:
    """Every connected area of at least `least` pixels, one of them a seed, that is wanted of a box, best first.

    own: see `_boxes`.
    """
    inside = np.ascontiguousarray(box.of(grown)).view(np.uint8)
    count, components = cv2.connectedComponents(inside, connectivity=8)
    runs = find_runs(inside, components)
    area = runs.sums(runs.length, count)
    wanted = (area >= least) & (runs.sums(runs.counts(box.of(seeds)), count) > 0)
    if own is not None:
        wanted &= runs.hold(own[(box.top + runs.row) // BLOCK, (box.left + runs.column) // BLOCK], count)
    if not wanted.any():
        return
    runs = runs.of(wanted)
    area = np.maximum(area, 1)
    mean = runs.sums(runs.totals(np.ascontiguousarray(box.of(score)).ravel()), count) / area
    y = runs.sums(runs.row * runs.length, count) / area
    x = runs.sums((runs.column + (runs.length - 1) / 2) * runs.length, count) / area
    low, high = runs.bounds(count)
    ids = np.flatnonzero(wanted)
    for i in ids[np.lexsort((*low[::-1, ids], -mean[ids]))]:  # as `_best_first`
        (top, left), (height, width) = low[:, i].tolist(), (high[:, i] - low[:, i]).tolist()
        part = components[top : top + height, left : left + width]
        centroid = float(box.top + y[i]), float(box.left + x[i])
        yield _Area(
            box.top + top, box.left + left, height, width, *centroid, int(area[i]), float(mean[i]), part, int(i)
        )


def _best_first(area: _Area) -> tuple[float, int, int]:
    return -area.score, area.y, area.x


def _describe(
    area: _Area, inside: np.ndarray, score: np.ndarray, labels: np.ndarray, unseen: np.ndarray | None
) -> Region:
    """The region that an area is, which has the pixels `inside`, bool [height, width]."""
    pixels = inside.view(np.uint8)
    _, greatest, _, _ = cv2.minMaxLoc(score[area.place], pixels)
    label = int(cv2.calcHist([labels[area.place]], [0], pixels, [256], [0, 256]).argmax())
    return Region(
        area.x,
        area.y,
        area.width,
        area.height,
        area.centroid_x,
        area.centroid_y,
        area.area,
        area.score,
        greatest,
        _road_fraction(area, inside, labels, unseen),
        label,
    )


def _road_fraction(area: _Area, inside: np.ndarray, labels: np.ndarray, unseen: np.ndarray | None) -> float:
    """Share of an area's lower border that has a drivable label a little below it.

    "A little" is 1 % of the image height, because labels close to an object's edge are often the object's. Where
    nobody looked at that, or it is beyond the image and the last row not drivable (it may be the object), the ground is
    not seen: the rest of the border counts; without a rest what is beside it; without that it is taken for the road.
    """
    border = inside.copy()
    border[:-1] &= ~inside[1:]
    row, column = np.divmod(np.flatnonzero(border), area.width)
    row, column = area.y + row, area.x + column
    height, little = labels.shape[0], reach(labels.shape)
    below = np.minimum(row + little, height - 1)
    is_road = _IS_DRIVABLE[labels[below, column]]
    seen = (row + little < height) | is_road
    if unseen is not None:
        seen &= ~unseen[below, column]
    if not seen.any():
        left, right = np.full_like(row, area.x - little), np.full_like(row, area.x + area.width - 1 + little)
        row, column = np.concatenate((row, row)), np.concatenate((left, right))
        in_image = (column >= 0) & (column < labels.shape[1])
        row, column = row[in_image], column[in_image]
        is_road = _IS_DRIVABLE[labels[row, column]]
        seen = np.ones(row.size, bool) if unseen is None else ~unseen[row, column]
    return float(np.count_nonzero(is_road & seen) / np.count_nonzero(seen)) if seen.any() else 1.0


def reach(size: tuple[int, int]) -> int:
    """Rows below a region's foot at which it is seen what it stands on, in an image of `size` (height, width)."""
    return max(1, size[0] // 100)


def no_labels(size: tuple[int, int]) -> np.ndarray:
    """Labels uint8 [H, W] for methods without a segmenter: all 255."""
    return np.full(size, IGNORE, np.uint8)
