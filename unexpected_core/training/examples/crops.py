"""Which part of a frame becomes an example, cut out of the frame as stored and only then resized."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.datasets import Dataset
from unexpected_core.labels import NUM_CLASSES, TRAIN_ID
from unexpected_core.structs import Sample
from unexpected_core.training.examples.samples import known_labels

ROAD = TRAIN_ID["road"]
SOME = 8
"""Least number of pixels, of those looked at, that make a class present in a frame."""


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
    around: int | None,
    random: np.random.Generator,
) -> Crop:
    """A crop of this size (height, width) out of a frame resized to `height` rows, `aspect` times as wide.

    A frame that would be too small for it is enlarged. around: class of a pixel that it must hold; if None, seven in
    ten hold some road or obstacle.
    """
    h, w = size
    height = max(height, h, w / aspect)
    stored = sample.labels.shape
    rows = min(stored[0], max(1, round(h * stored[0] / height)))
    columns = min(stored[1], max(1, round(w * stored[1] / (height * aspect))))
    top, left = int(random.integers(0, stored[0] - rows + 1)), int(random.integers(0, stored[1] - columns + 1))
    pixel = _pixel(sample, around, random)
    if pixel is not None:
        top = int(np.clip(pixel[0] - random.integers(0, rows), 0, stored[0] - rows))
        left = int(np.clip(pixel[1] - random.integers(0, columns), 0, stored[1] - columns))
    return Crop(top, left, rows, columns, size, stored, flip)


def _pixel(sample: Sample, around: int | None, random: np.random.Generator) -> tuple[int, int] | None:
    """A pixel of the stored frame that should be in the crop, if any."""
    if around is None and random.random() > 0.7:
        return None
    step = _step(sample.labels)
    worth = sample.labels[::step, ::step] == (ROAD if around is None else around)
    if around is None and sample.obstacle is not None:
        worth |= sample.obstacle[::step, ::step] == 1
    found = np.flatnonzero(worth)
    if not found.size:
        return None
    row, column = divmod(int(found[random.integers(found.size)]), worth.shape[1])
    return row * step, column * step


def _step(labels: np.ndarray) -> int:
    """Every so many pixels are enough to see what a frame holds."""
    return max(1, labels.shape[0] // 128)


def _counts(labels: np.ndarray) -> np.ndarray:
    """Pixels of each class, int64 [19], of those that _step leaves."""
    step = _step(labels)
    return np.bincount(labels[::step, ::step].ravel(), minlength=NUM_CLASSES)[:NUM_CLASSES]


def rare_class(labels: np.ndarray, random: np.random.Generator) -> int | None:
    """A class of the labels, uint8 [H, W], the likelier the fewer pixels it has; None if there is none."""
    counts = _counts(labels)
    found = np.flatnonzero(counts >= SOME)
    if not found.size:
        return None
    weights = 1 / counts[found]
    return int(random.choice(found, p=weights / weights.sum()))


def frames_by_class(datasets: Sequence[Dataset]) -> dict[int, list[tuple[int, int]]]:
    """Class -> (data set, frame) of all frames whose known labels hold some of it. Reads every frame once."""
    found: dict[int, list[tuple[int, int]]] = {}
    with ThreadPoolExecutor(2) as pool:  # OpenCV lets go of the interpreter
        for d, dataset in enumerate(datasets):
            for i, counts in enumerate(
                pool.map(lambda i, s=dataset: _counts(known_labels(s, s[i])), range(len(dataset)))
            ):
                for c in np.flatnonzero(counts >= SOME):
                    found.setdefault(int(c), []).append((d, i))
    return dict(sorted(found.items()))


def cut_image(image: np.ndarray, crop: Crop, random: np.random.Generator) -> np.ndarray:
    """RGB uint8 [h, w, 3]: averaged where it shrinks, bilinear or bicubic where it grows."""
    piece = image[crop.top : crop.top + crop.rows, crop.left : crop.left + crop.columns]
    growing = cv2.INTER_LINEAR if random.random() < 0.5 else cv2.INTER_CUBIC
    shrinks = crop.rows > crop.size[0] and crop.columns > crop.size[1]
    piece = cv2.resize(piece, crop.size[::-1], interpolation=cv2.INTER_AREA if shrinks else growing)
    return cv2.flip(piece, 1) if crop.flip else piece


def cut_map(values: np.ndarray, crop: Crop) -> np.ndarray:
    """Ids uint8 [h, w] of the crop, those under the middles of its pixels, where `cut_image` has its colours from.

    values [H, W] may be a smaller map of the same frame.
    """
    rows = _middles(crop.top, crop.rows, crop.size[0]) * values.shape[0] / crop.stored[0]
    columns = _middles(crop.left, crop.columns, crop.size[1]) * values.shape[1] / crop.stored[1]
    piece = values[np.ix_(rows.astype(int), columns.astype(int))]
    return cv2.flip(piece, 1) if crop.flip else piece


def _middles(first: int, length: int, count: int) -> np.ndarray:
    """Where the middles of `count` pixels lie that share a stretch of the stored frame, float [count]."""
    return first + (np.arange(count) + 0.5) * length / count
