"""Which part of a frame becomes an example, cut out of the frame as stored and only then resized."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.labels import IGNORE, TRAIN_ID
from unexpected_core.structs import Sample

ROAD = TRAIN_ID["road"]


class Crop(NamedTuple):
    """A box of the stored frame [stored height, width], and the size (height, width) that it is resized to."""

    top: int
    left: int
    rows: int
    columns: int
    size: tuple[int, int]
    stored: tuple[int, int]
    flip: bool

    def row(self, stored_row: float) -> float:
        """A row of the stored frame as a row of the crop; may lie outside."""
        return (stored_row - self.top) * self.size[0] / self.rows

    @property
    def frame_rows(self) -> float:
        """Height of the whole frame in pixels of the crop."""
        return self.stored[0] * self.size[0] / self.rows


def choose_crop(
    sample: Sample,
    size: tuple[int, int],
    height: float,
    aspect: float,
    flip: bool,
    balance: float,
    random: np.random.Generator,
) -> Crop:
    """A crop of this size (height, width) out of a frame resized to `height` rows, `aspect` times as wide.

    A frame that would be too small for it is enlarged. A share of `balance` is centred on a pixel of a class drawn the
    rarer the likelier; of the others, seven in ten hold some road or obstacle.
    """
    h, w = size
    height = max(height, h, w / aspect)
    stored = sample.labels.shape
    rows = min(stored[0], max(1, round(h * stored[0] / height)))
    columns = min(stored[1], max(1, round(w * stored[1] / (height * aspect))))
    top, left = int(random.integers(0, stored[0] - rows + 1)), int(random.integers(0, stored[1] - columns + 1))
    pixel = _pixel(sample, balance, random)
    if pixel is not None:
        top = int(np.clip(pixel[0] - random.integers(0, rows), 0, stored[0] - rows))
        left = int(np.clip(pixel[1] - random.integers(0, columns), 0, stored[1] - columns))
    return Crop(top, left, rows, columns, size, stored, flip)


def _pixel(sample: Sample, balance: float, random: np.random.Generator) -> tuple[int, int] | None:
    """A pixel of the stored frame that should be in the crop, if any."""
    step = max(1, sample.labels.shape[0] // 128)
    labels = sample.labels[::step, ::step]
    if random.random() < balance:
        worth = np.flatnonzero(labels == _rare_class(labels, random))
    elif random.random() < 0.7:
        worth = labels == ROAD
        if sample.obstacle is not None:
            worth |= sample.obstacle[::step, ::step] == 1
        worth = np.flatnonzero(worth)
    else:
        return None
    if not worth.size:
        return None
    row, column = divmod(int(worth[random.integers(worth.size)]), labels.shape[1])
    return row * step, column * step


def _rare_class(labels: np.ndarray, random: np.random.Generator) -> int:
    """A class of the labels, the likelier the fewer pixels it has; 255 if there is none."""
    counts = np.bincount(labels.ravel(), minlength=256)[:IGNORE]
    found = np.flatnonzero(counts >= 8)
    if not found.size:
        return IGNORE
    weights = 1 / counts[found]
    return int(random.choice(found, p=weights / weights.sum()))


def cut_image(image: np.ndarray, crop: Crop, random: np.random.Generator) -> np.ndarray:
    """RGB uint8 [h, w, 3]: averaged where it shrinks, bilinear or bicubic where it grows."""
    piece = image[crop.top : crop.top + crop.rows, crop.left : crop.left + crop.columns]
    growing = cv2.INTER_LINEAR if random.random() < 0.5 else cv2.INTER_CUBIC
    shrinks = crop.rows > crop.size[0] and crop.columns > crop.size[1]
    piece = cv2.resize(piece, crop.size[::-1], interpolation=cv2.INTER_AREA if shrinks else growing)
    return cv2.flip(piece, 1) if crop.flip else piece


def cut_map(values: np.ndarray, crop: Crop) -> np.ndarray:
    """Ids uint8 [h, w] of the crop; values [H, W] may be a smaller map of the same frame."""
    down, right = values.shape[0] / crop.stored[0], values.shape[1] / crop.stored[1]
    top, left = round(crop.top * down), round(crop.left * right)
    bottom, end = (
        max(top + 1, round((crop.top + crop.rows) * down)),
        max(left + 1, round((crop.left + crop.columns) * right)),
    )
    piece = cv2.resize(values[top:bottom, left:end], crop.size[::-1], interpolation=cv2.INTER_NEAREST)
    return cv2.flip(piece, 1) if crop.flip else piece
