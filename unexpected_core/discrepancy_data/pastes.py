"""Pasted objects: things put into the photo while the labels stay unaware of them.

Things on the road follow the ground plane: an object of h metres whose foot is r rows below the horizon is
h / camera height * r rows tall. What a thing looks like: paste_things.py. Flat marks on the road (paste_marks.py) are
*not* discrepancies: they teach what to ignore.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from pydantic import Field

from unexpected_core.config import Settings
from unexpected_core.discrepancy_data.paste_marks import lay_crossing, lay_mark, random_pixel
from unexpected_core.discrepancy_data.paste_things import Source, cut_out, light, made_up
from unexpected_core.labels import IGNORE, TRAIN_ID

ROAD, SIDEWALK, TERRAIN = TRAIN_ID["road"], TRAIN_ID["sidewalk"], TRAIN_ID["terrain"]


class PasteSettings(Settings):
    """What is pasted, how often and how large."""

    probability: float = Field(0.9, ge=0, le=1, description="share of frames with pasted objects")
    most: int = Field(5, ge=1, le=50, description="greatest number of objects in a frame")
    anywhere: float = Field(0.25, ge=0, le=1, description="share of objects that may be anywhere, not on the ground")
    cut_outs: float = Field(0.25, ge=0, le=1, description="share of objects that are whole things of another frame")
    smallest: float = Field(0.08, gt=0, description="smallest height of an object on the ground, metres")
    largest: float = Field(2.2, gt=0, description="greatest height of an object on the ground, metres")
    camera_height: float = Field(1.3, gt=0, description="height of the camera above the road, metres")
    horizon: float = Field(0.43, gt=0, lt=1, description="row of the horizon as a share of the image's height")
    distractors: float = Field(0.6, ge=0, le=1, description="share of frames with flat marks on the road, no objects")
    crossings: float = Field(0.25, ge=0, le=1, description="share of frames with a zebra crossing laid onto the road")


class Pasted(NamedTuple):
    """image uint8 [H, W, 3]; discrepancy uint8 [H, W], 1 on pasted objects, 0 elsewhere."""

    image: np.ndarray
    discrepancy: np.ndarray


def paste_objects(
    image: np.ndarray, labels: np.ndarray, sources: Sequence[Source], rng: np.random.Generator, settings: PasteSettings
) -> Pasted:
    """Put distractors and objects into a copy of an image.

    image: RGB uint8 [H, W, 3]; labels: train ids uint8 [H, W]; sources: frames to cut from (at least one).
    """
    image, discrepancy = image.astype(np.float32), np.zeros(labels.shape, np.uint8)
    if rng.random() < settings.crossings:
        lay_crossing(image, labels, settings.horizon, settings.camera_height, rng)
    if rng.random() < settings.distractors:
        for _ in range(rng.integers(1, 4)):
            lay_mark(image, labels, settings.horizon, settings.camera_height, rng)
    if rng.random() < settings.probability:
        for _ in range(rng.integers(1, settings.most + 1)):
            _place_object(image, discrepancy, labels, sources, rng, settings)
    return Pasted(np.clip(image, 0, 255).astype(np.uint8), discrepancy)


def _place_object(image, discrepancy, labels, sources, rng, settings) -> None:
    """Choose a foot and a size, draw one object and its contact shadow. Changes image and discrepancy in place."""
    height, width = labels.shape
    grounded = rng.random() >= settings.anywhere
    ground = (ROAD,) if rng.random() < 0.75 else (ROAD, SIDEWALK, TERRAIN)
    foot = random_pixel(np.isin(labels, ground), rng) if grounded else None
    if foot is None:
        grounded = False
        foot = int(rng.integers(height // 5, height)), int(rng.integers(0, width))
        rows = height * np.exp(rng.uniform(np.log(0.02), np.log(0.6)))
    else:
        metres = np.exp(rng.uniform(np.log(settings.smallest), np.log(settings.largest)))
        horizon = height * (settings.horizon + rng.normal(0, 0.02))
        rows = metres / settings.camera_height * max(foot[0] - horizon, 0.03 * height)
    rows = int(np.clip(rows, 3, 0.7 * height))
    thing = cut_out(rows, sources, rng) if rng.random() < settings.cut_outs else None
    thing = thing or made_up(rows, sources, rng)
    columns = thing.alpha.shape[1]
    window, part = _overlap(foot[0] - rows, foot[1] - columns // 2, thing.alpha.shape, labels.shape)
    if part is None:
        return
    area = image[window]
    texture = light(thing.texture, area, rng)
    if grounded and rng.random() < 0.6:
        _contact_shadow(image, foot, columns, rows, rng)
    soft = cv2.GaussianBlur(thing.alpha, (0, 0), float(rng.uniform(0.4, 0.9)))[part][..., None]
    area[:] = soft * texture[part] + (1 - soft) * area
    discrepancy[window][thing.alpha[part] > 0.5] = 1


def _overlap(top: int, left: int, size: tuple[int, int], canvas: tuple[int, int]):
    """Slices of the canvas and of a patch laid at (top, left); (…, None) where they do not meet."""
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + size[0], canvas[0]), min(left + size[1], canvas[1])
    if y1 - y0 < 2 or x1 - x0 < 2:
        return None, None
    return (slice(y0, y1), slice(x0, x1)), (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))


def _contact_shadow(
    image: np.ndarray, foot: tuple[int, int], columns: int, rows: int, rng: np.random.Generator
) -> None:
    """Darken a flat soft ellipse under the foot."""
    shade = np.zeros(image.shape[:2], np.float32)
    centre = int(foot[1] + rng.uniform(-0.4, 0.4) * columns), int(foot[0])
    cv2.ellipse(
        shade,
        centre,
        (max(2, int(0.6 * columns)), max(1, int(rows * rng.uniform(0.05, 0.2)))),
        0,
        0,
        360,
        float(rng.uniform(0.2, 0.6)),
        -1,
    )
    image *= 1 - cv2.GaussianBlur(shade, (0, 0), max(0.6, 0.03 * columns))[..., None]


def unaware(labels: np.ndarray, discrepancy: np.ndarray) -> np.ndarray:
    """Labels for a segmenter: pasted pixels have no class it could learn. uint8 [H, W]."""
    return np.where(discrepancy == 1, IGNORE, labels).astype(np.uint8)
