"""From the input's size to the size a scorer was made for, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from unexpected_core.images import resize_image, resize_map
from unexpected_core.structs import Box

WIDEST = 4.0
"""Working images hold at most WIDEST x height^2 pixels, so that a strip of 64x4096 is not blown up to 512x32768."""
SMALLEST = 32


def working_size(
    height: int, width: int, working_height: int | None, scale: float = 1.0, step: int = 1
) -> tuple[int, int]:
    """(height, width) at which an image is scored: working_height (None = its own) times scale, aspect ratio kept.

    Both are the nearest multiples of `step`.
    """
    factor = scale * (working_height or height) / height
    if working_height:
        factor = min(factor, scale * working_height * math.sqrt(WIDEST / (height * width)))
    return nearest_side(height * factor, step), nearest_side(width * factor, step)


def working_part(box: Box, size: tuple[int, int], working: tuple[int, int], step: int) -> tuple[int, int]:
    """(height, width) to score a part at, multiples of step, when the image of `size` is scored at `working`."""
    sides = (part * small / side for part, small, side in zip(box[2:], working, size, strict=True))
    rows, columns = (nearest_side(side, step) for side in sides)
    return rows, columns


def nearest_side(side: float, step: int) -> int:
    """The nearest multiple of step, SMALLEST at least: stretching misleads less than padding (docs/experiments.md)."""
    return max(SMALLEST, step * math.floor(side / step + 0.5))


def to_working(images: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """RGB uint8 [H, W, 3] of one size -> [B, h, w, 3], writeable and contiguous; shrinking averages."""
    if len(images) == 1:
        return np.require(resize_image(images[0], size)[None], requirements="CW")
    return np.stack([resize_image(image, size) for image in images])


def resize_weights(source: int, target: int) -> np.ndarray:
    """What each of `source` pixels gives to each of `target`: float32 [target, source], rows sum to 1.

    The rules of images.resize_image, for devices that OpenCV does not know: shrinking averages over the area that a
    pixel covers, growing is bilinear between pixel centres.
    """
    pixels = np.arange(source)
    if target < source:
        edges = np.arange(target + 1) * (source / target)
        covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
        return (covered.clip(0) * (target / source)).astype(np.float32)
    centres = ((np.arange(target) + 0.5) * (source / target) - 0.5).clip(0, source - 1)
    return (1 - np.abs(centres[:, None] - pixels)).clip(0).astype(np.float32)


def nearest_indices(source: int, target: int) -> np.ndarray:
    """Which of `source` pixels stands at each of `target`: int64 [target], as images.resize_map takes them."""
    return resize_map(np.arange(source, dtype=np.int32)[None], (1, target))[0].astype(np.int64)
