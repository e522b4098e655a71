"""From a score map to regions: hysteresis threshold, connected components, and what each one looks like.

Most frames are quiet, so pixels are looked at only where they may count: areas are found on blocks of pixels first, and
components of pixels only in the bounding boxes of those that are great and high enough. The result is that of looking
everywhere: pixels that touch lie in blocks that touch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from pydantic import Field

from unexpected_core.config import Settings
from unexpected_core.labels import DRIVABLE, IGNORE
from unexpected_core.structs import Region

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
    score: np.ndarray, labels: np.ndarray, settings: RegionSettings
) -> tuple[np.ndarray, tuple[Region, ...]]:
    """Score float32 [H, W] and train ids uint8 [H, W] -> mask bool [H, W] and the regions it is made of, best first.

    A region is an 8-connected area above ``threshold - hysteresis`` that holds a pixel above ``threshold``
    (hysteresis as in Canny, 1986); it grows down to half the threshold at most, or a low one would flood the image
    from its first pixel. min_area counts pixels of a 1024x512 image and scales with the area of this one.
    """
    score, labels = np.ascontiguousarray(score), np.ascontiguousarray(labels)
    mask, threshold = np.zeros(score.shape, bool), settings.threshold

    def unexpected(values: np.ndarray | float) -> np.ndarray | bool:
        return values > threshold

    seeds = unexpected(score)
    if not settings.max_regions or not seeds.any():
        return mask, ()
    grown = score > max(threshold - settings.hysteresis, threshold / 2)
    least = max(1, round(settings.min_area * score.size / REFERENCE_AREA))
    areas = [
        area
        for box, blocks in _boxes(grown, seeds, least)
        for area in _areas(score, labels, grown, box, blocks, least)
        if unexpected(area.max_score) and (area.road_fraction >= ON_ROAD or not settings.road_only)
    ]
    areas.sort(key=lambda area: (-area.score, area.y, area.x))
    return mask, tuple(_report(area, labels, mask) for area in areas[: settings.max_regions])


class _Box(NamedTuple):
    """Part of the image in pixels, and the ids of the block areas whose pixels are wanted of it."""

    top: int
    left: int
    height: int
    width: int
    ids: np.ndarray

    def of(self, values: np.ndarray) -> np.ndarray:
        return values[self.top : self.top + self.height, self.left : self.left + self.width]


class _Area(NamedTuple):
    """A connected area: Region's fields but the label, and where it lies in the components of its box."""

    y: int
    x: int
    height: int
    width: int
    centroid_y: float
    centroid_x: float
    area: int
    score: float
    max_score: float
    road_fraction: float
    inside: np.ndarray  # bool [height, width]


def _boxes(grown: np.ndarray, seeds: np.ndarray, least: int) -> Iterator[tuple[_Box, np.ndarray]]:
    """Boxes that hold every area of at least `least` pixels with a seed, and the ids of all blocks int32 [h, w]."""
    pixels = _count(grown)
    count, blocks, stats, _ = cv2.connectedComponentsWithStats((pixels > 0).view(np.uint8), connectivity=8)
    size = np.bincount(blocks.ravel(), pixels.ravel(), count)
    seeded = np.zeros(count, bool)
    seeded[blocks[_count(seeds) > 0]] = True
    ids = np.flatnonzero(seeded & (size >= least))
    left, top, width, height = BLOCK * stats[ids, :4].T
    if ids.size > MOST_BOXES or int(width @ height) > grown.size:
        yield _Box(0, 0, *grown.shape, ids), blocks
        return
    for i, corner in enumerate(zip(top, left, strict=True)):
        y, x = map(int, corner)
        box = _Box(
            y, x, min(int(height[i]), grown.shape[0] - y), min(int(width[i]), grown.shape[1] - x), ids[i : i + 1]
        )
        yield box, blocks


def _count(mask: np.ndarray) -> np.ndarray:
    """Pixels of a mask [H, W] in each block, int [ceil(H / BLOCK), ceil(W / BLOCK)]."""
    rows, columns = (-(-side // BLOCK) for side in mask.shape)
    missing = rows * BLOCK - mask.shape[0], columns * BLOCK - mask.shape[1]
    mask = np.pad(mask, ((0, missing[0]), (0, missing[1]))) if any(missing) else mask
    eights = mask.view(np.uint64).reshape(rows, BLOCK, columns).sum(1, dtype=np.uint64)  # no byte exceeds 8
    return ((eights * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.int32)  # the sum of the bytes


def _areas(
    score: np.ndarray, labels: np.ndarray, grown: np.ndarray, box: _Box, blocks: np.ndarray, least: int
) -> Iterator[_Area]:
    """Every connected area of at least `least` pixels in a box that belongs to one of the box's block areas."""
    count, components = cv2.connectedComponents(np.ascontiguousarray(box.of(grown)).view(np.uint8), connectivity=8)
    start, length, owner = _runs(components)
    area = np.bincount(owner, length, count)
    row = start // box.width
    column = start - row * box.width
    chosen = np.isin(np.arange(blocks.max() + 1), box.ids)
    wanted = np.zeros(count, bool)
    wanted[owner[chosen[blocks[(box.top + row) // BLOCK, (box.left + column) // BLOCK]]]] = True
    wanted &= area >= least
    wanted[0] = False  # what is not grown
    big = np.flatnonzero(wanted)
    if not big.size:
        return
    values = np.ascontiguousarray(box.of(score)).ravel()
    total = np.bincount(owner, np.add.reduceat(values, start), count)
    greatest = np.full(count, -np.inf, np.float32)
    np.maximum.at(greatest, owner, np.maximum.reduceat(values, start))
    y = np.bincount(owner, row * length, count) / np.maximum(area, 1)
    x = np.bincount(owner, (column + (length - 1) / 2) * length, count) / np.maximum(area, 1)
    low, high = np.full((2, count), grown.size), np.full((2, count), -1)
    for axis, first, last in ((0, row, row), (1, column, column + length - 1)):
        np.minimum.at(low[axis], owner, first)
        np.maximum.at(high[axis], owner, last)
    on_road = _road_fraction(components, labels, box, count)
    for i in big:
        corner, size = low[:, i], high[:, i] - low[:, i] + 1
        inside = components[corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]] == i
        yield _Area(
            *(int(value) for value in (box.top + corner[0], box.left + corner[1], *size)),
            *(float(value) for value in (box.top + y[i], box.left + x[i])),
            int(area[i]),
            *(float(value) for value in (total[i] / area[i], greatest[i], on_road[i])),
            inside,
        )


def _runs(components: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids int32 [h, w] -> pieces of rows of one id, all together the whole: first flat index, length, id of each."""
    flat = components.ravel()
    ends = np.empty(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=ends[:-1])
    ends[components.shape[1] - 1 :: components.shape[1]] = True
    end = np.flatnonzero(ends) + 1
    start = np.concatenate([[0], end[:-1]])
    return start, end - start, flat[start]


def _road_fraction(components: np.ndarray, labels: np.ndarray, box: _Box, count: int) -> np.ndarray:
    """Share of each area's lower border that has a drivable label a little below it; float [count].

    "A little" is 1 % of the image height, because labels close to an object's edge are often the object's.
    """
    border = components > 0
    border[:-1] &= components[1:] != components[:-1]
    below = np.flatnonzero(border)
    row = below // box.width
    column = below - row * box.width
    height = labels.shape[0]
    ground = labels[np.minimum(box.top + row + max(1, height // 100), height - 1), box.left + column]
    owner = components.ravel()[below]
    return np.bincount(owner, _IS_DRIVABLE[ground], count) / np.maximum(np.bincount(owner, minlength=count), 1)


def _report(area: _Area, labels: np.ndarray, mask: np.ndarray) -> Region:
    """The region of an area, painted into the mask."""
    place = slice(area.y, area.y + area.height), slice(area.x, area.x + area.width)
    mask[place] |= area.inside
    names = cv2.calcHist([labels[place]], [0], area.inside.view(np.uint8), [256], [0, 256])
    fields = {name: getattr(area, name) for name in area._fields if name != "inside"}
    return Region(**fields, label=int(names.argmax()))


def no_labels(size: tuple[int, int]) -> np.ndarray:
    """Labels uint8 [H, W] for methods without a segmenter: all 255."""
    return np.full(size, IGNORE, np.uint8)
