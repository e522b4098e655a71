"""Pictures of results for people: heat maps, overlays, contact sheets. RGB uint8 [H, W, 3] in and out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from unexpected_core.images import resize_image, resize_map
from unexpected_core.structs import Detection, Region

OUTLINE = (255, 255, 0)
TEXT = (255, 255, 255)
SHADOW = (0, 0, 0)
HEAT = cv2.cvtColor(
    cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB
)[:, 0]
"""RGB uint8 [256, 3]: dark = expected, bright = unexpected."""


def heat_map(score: np.ndarray, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Score float [H, W] -> RGB; `low` and `high` are the scores of the darkest and the brightest colour."""
    levels = (score - low) * (255.0 / max(high - low, 1e-12))
    levels = np.fmin(np.fmax(levels, 0, out=levels), 255, out=levels)  # NaN is dark
    return cv2.applyColorMap(levels.astype(np.uint8), HEAT[:, None])


def overlay(image: np.ndarray, detection: Detection, alpha: float = 0.5) -> np.ndarray:
    """RGB uint8 [h, w, 3] -> the same with the mask tinted by score, regions outlined, their scores written small.

    image: the detection's, or the same at another size. alpha: strength of the tint, 0..1."""
    canvas, detection = image.copy(), _resized(detection, image.shape[:2])
    if detection.regions:
        box = _around(detection.regions)  # nothing happens outside it
        mask = np.ascontiguousarray(detection.mask[box]).view(np.uint8)
        tinted = cv2.addWeighted(image[box], 1 - alpha, heat_map(detection.score[box]), alpha, 0)
        cv2.copyTo(tinted, mask, canvas[box])
        corner = (box[1].start, box[0].start)
        outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE, offset=corner)
        cv2.drawContours(canvas, outlines, -1, OUTLINE, max(1, image.shape[0] // 400))
    for region in detection.regions:
        _caption_region(canvas, region)
    return canvas


def _resized(detection: Detection, size: tuple[int, int]) -> Detection:
    """Score, mask and regions (their areas stay as found) at size (height, width)."""
    height, width = detection.score.shape
    if not detection.regions or (height, width) == size:
        return detection
    return replace(
        detection,
        score=resize_map(detection.score, size),
        mask=resize_map(detection.mask.view(np.uint8), size).view(bool),
        regions=tuple(scaled(region, size[0] / height, size[1] / width) for region in detection.regions),
    )


def scaled(region: Region, down: float, right: float) -> Region:
    """The region with its box times two factors, outwards to whole pixels: it is never empty."""
    top, left = int(region.y * down), int(region.x * right)
    bottom, end = math.ceil((region.y + region.height) * down), math.ceil((region.x + region.width) * right)
    return replace(region, x=left, y=top, width=end - left, height=bottom - top)


def _around(regions: Sequence[Region]) -> tuple[slice, slice]:
    """Rows and columns of the smallest box that holds all of them."""
    bottom, right = max(r.y + r.height for r in regions), max(r.x + r.width for r in regions)
    return slice(min(r.y for r in regions), bottom), slice(min(r.x for r in regions), right)


def _caption_region(canvas: np.ndarray, region: Region) -> None:
    size = max(0.3, canvas.shape[0] / 1500)
    row = region.y - 3 if region.y > 20 * size + 3 else region.y + region.height + round(22 * size)
    write(canvas, f"{region.score:.2f}", (region.x, row), size)


def write(canvas: np.ndarray, text: str, position: tuple[int, int], size: float = 0.4) -> None:
    """Write text onto the canvas, RGB uint8 [H, W, 3], in place.

    position: its lower left corner (x, y) in pixels, kept inside the picture."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    x = int(np.clip(position[0], 0, max(0, canvas.shape[1] - width)))
    y = int(np.clip(position[1], height, max(height, canvas.shape[0] - 2)))
    for colour, shift in ((SHADOW, 1), (TEXT, 0)):
        cv2.putText(canvas, text, (x + shift, y + shift), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def stamp(canvas: np.ndarray, text: str) -> None:
    """Write a warning across the top of the canvas, RGB uint8 [H, W, 3], in place: white on red."""
    height = max(12, canvas.shape[0] // 16)
    canvas[:height] = (200, 0, 0)
    write(canvas, text, (4, height - height // 3), height / 36)


def grid(
    images: Sequence[np.ndarray], captions: Sequence[str] = (), columns: int = 3, width: int = 480, gap: int = 4
) -> np.ndarray:
    """Contact sheet RGB uint8 [h, w, 3]: the pictures side by side, each `width` pixels wide, row by row, with small
    captions.

    Every cell is as high as the highest picture needs. Raises ValueError when there is no picture.
    """
    if not images:
        raise ValueError("a contact sheet needs at least one picture")
    tiles = [
        resize_image(image, (max(1, round(image.shape[0] * width / image.shape[1])), width)).copy() for image in images
    ]
    for tile, caption in zip(tiles, captions, strict=False):
        write(tile, caption, (4, 16))
    columns = min(columns, len(tiles))
    height = max(tile.shape[0] for tile in tiles)
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 32, np.uint8)
    for i, tile in enumerate(tiles):
        y, x = (i // columns) * (height + gap), (i % columns) * (width + gap)
        sheet[y : y + tile.shape[0], x : x + width] = tile
    return sheet
