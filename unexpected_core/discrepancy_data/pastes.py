"""Pasted objects: things put into the photo while the labels stay unaware of them.

A paste has a silhouette (drawn, or cut from another frame's labels) and a texture that does not belong to it. Things
on the road follow the ground plane: an object of h metres whose foot is r rows below the horizon is
h / camera height * r rows tall. Distractors (shadows, paint, patches, covers) lie flat on the road and are *not*
discrepancies: they teach what to ignore.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from pydantic import Field

from unexpected_core.config import Settings
from unexpected_core.labels import IGNORE, TRAIN_ID

ROAD, SIDEWALK, TERRAIN = TRAIN_ID["road"], TRAIN_ID["sidewalk"], TRAIN_ID["terrain"]


class PasteSettings(Settings):
    """What is pasted, how often and how large."""

    probability: float = Field(0.9, ge=0, le=1, description="share of frames with pasted objects")
    most: int = Field(5, ge=1, le=50, description="greatest number of objects in a frame")
    anywhere: float = Field(0.25, ge=0, le=1, description="share of objects that may be anywhere, not on the ground")
    smallest: float = Field(0.08, gt=0, description="smallest height of an object on the ground, metres")
    largest: float = Field(2.2, gt=0, description="greatest height of an object on the ground, metres")
    camera_height: float = Field(1.3, gt=0, description="height of the camera above the road, metres")
    horizon: float = Field(0.43, gt=0, lt=1, description="row of the horizon as a share of the image's height")
    distractors: float = Field(0.4, ge=0, le=1, description="share of frames with flat marks on the road, no objects")


class Source(NamedTuple):
    """A frame that lends textures and silhouettes: image uint8 [H, W, 3], labels uint8 [H, W]."""

    image: np.ndarray
    labels: np.ndarray


class Pasted(NamedTuple):
    """image uint8 [H, W, 3]; discrepancy uint8 [H, W], 1 on pasted objects, 0 elsewhere."""

    image: np.ndarray
    discrepancy: np.ndarray


def paste_objects(image: np.ndarray, labels: np.ndarray, sources: Sequence[Source], rng: np.random.Generator,
                  settings: PasteSettings) -> Pasted:
    """Put distractors and objects into a copy of an image.

    image: RGB uint8 [H, W, 3]; labels: train ids uint8 [H, W]; sources: frames to cut from (at least one).
    """
    image, discrepancy = image.astype(np.float32), np.zeros(labels.shape, np.uint8)
    if rng.random() < settings.distractors:
        for _ in range(rng.integers(1, 4)):
            _lay_distractor(image, labels, rng, settings)
    if rng.random() < settings.probability:
        for _ in range(rng.integers(1, settings.most + 1)):
            _place_object(image, discrepancy, labels, sources, rng, settings)
    return Pasted(np.clip(image, 0, 255).astype(np.uint8), discrepancy)


def _place_object(image, discrepancy, labels, sources, rng, settings) -> None:
    """Choose a foot and a size, draw one object and its contact shadow. Changes image and discrepancy in place."""
    height, width = labels.shape
    grounded = rng.random() >= settings.anywhere
    ground = (ROAD,) if rng.random() < 0.75 else (ROAD, SIDEWALK, TERRAIN)
    foot = _random_pixel(np.isin(labels, ground), rng) if grounded else None
    if foot is None:
        grounded = False
        foot = int(rng.integers(height // 5, height)), int(rng.integers(0, width))
        rows = height * np.exp(rng.uniform(np.log(0.02), np.log(0.6)))
    else:
        metres = np.exp(rng.uniform(np.log(settings.smallest), np.log(settings.largest)))
        horizon = height * (settings.horizon + rng.normal(0, 0.02))
        rows = metres / settings.camera_height * max(foot[0] - horizon, 0.03 * height)
    rows = int(np.clip(rows, 3, 0.7 * height))
    columns = int(np.clip(rows * np.exp(rng.normal(0.1, 0.45)), 3, 0.7 * width))
    alpha = _silhouette(rows, columns, sources, rng)
    top, left = foot[0] - rows, foot[1] - columns // 2
    window, part = _overlap(top, left, alpha.shape, labels.shape)
    if part is None:
        return
    area = image[window]
    texture = _texture(rows, columns, area, sources, rng)
    if grounded and rng.random() < 0.6:
        _contact_shadow(image, foot, columns, rows, rng)
    soft = cv2.GaussianBlur(alpha, (0, 0), float(rng.uniform(0.4, 0.9)))[part][..., None]
    area[:] = soft * texture[part] + (1 - soft) * area
    discrepancy[window][alpha[part] > 0.5] = 1


def _overlap(top: int, left: int, size: tuple[int, int], canvas: tuple[int, int]):
    """Slices of the canvas and of a patch laid at (top, left); (…, None) where they do not meet."""
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + size[0], canvas[0]), min(left + size[1], canvas[1])
    if y1 - y0 < 2 or x1 - x0 < 2:
        return None, None
    return (slice(y0, y1), slice(x0, x1)), (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))


def _random_pixel(mask: np.ndarray, rng: np.random.Generator) -> tuple[int, int] | None:
    """A pixel of the mask, rows drawn evenly so that far places are met as often as near ones; None if it is empty."""
    rows = np.flatnonzero(mask.any(1))
    if not rows.size:
        return None
    row = int(rng.choice(rows))
    return row, int(rng.choice(np.flatnonzero(mask[row])))


def _silhouette(rows: int, columns: int, sources: Sequence[Source], rng: np.random.Generator) -> np.ndarray:
    """Float [rows, columns] in {0, 1}: ellipse, box, polygon, sticks, or the outline of a thing in another frame."""
    size = 48
    canvas = np.zeros((size, size), np.uint8)
    kind = rng.choice(5, p=(0.15, 0.2, 0.25, 0.1, 0.3))
    if kind == 4:
        canvas = _cut_outline(sources[rng.integers(len(sources))].labels, rng, size)
    elif kind == 0:
        cv2.ellipse(canvas, (24, 24), (23, 23), 0, 0, 360, 1, -1)
    elif kind == 1:
        canvas[1:-1, 1:-1] = 1
        if rng.random() < 0.4:  # a crate: holes
            for _ in range(rng.integers(1, 5)):
                y, x = rng.integers(4, 36, 2)
                canvas[y:y + rng.integers(4, 12), x:x + rng.integers(4, 12)] = 0
    elif kind == 2:
        count = int(rng.integers(3, 11))
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        radii = 23 * rng.uniform(0.35, 1.0, count)
        points = np.stack([24 + radii * np.cos(angles), 24 + radii * np.sin(angles)], 1)
        cv2.fillPoly(canvas, [points.astype(np.int32)], 1)
    else:
        for _ in range(rng.integers(1, 5)):  # branches, legs, tools
            a, b = rng.integers(2, 46, 2), rng.integers(2, 46, 2)
            cv2.line(canvas, a.tolist(), b.tolist(), 1, int(rng.integers(3, 12)))
    if rng.random() < 0.35:
        turn = cv2.getRotationMatrix2D((23.5, 23.5), float(rng.uniform(-40, 40)), 1.0)
        canvas = cv2.warpAffine(canvas, turn, (size, size), flags=cv2.INTER_NEAREST)
    filled = np.argwhere(canvas)
    if len(filled) < 20:
        canvas[:] = 1
    else:  # fill the box, so that the object really has the height that was asked for
        (y0, x0), (y1, x1) = filled.min(0), filled.max(0) + 1
        canvas = canvas[y0:y1, x0:x1]
    outline = cv2.resize(canvas.astype(np.float32), (columns, rows), interpolation=cv2.INTER_LINEAR)
    return (outline > 0.5).astype(np.float32)


def _cut_outline(labels: np.ndarray, rng: np.random.Generator, size: int) -> np.ndarray:
    """Outline of a random connected thing (pole, sign, plant, person, vehicle) in a label map, uint8 [size, size]."""
    known = [c for c in np.unique(labels) if 4 <= c < 19 and c != TRAIN_ID["sky"]]
    if not known:
        return np.zeros((size, size), np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats((labels == rng.choice(known)).astype(np.uint8))
    fit = [i for i in range(1, len(stats)) if 60 < stats[i, cv2.CC_STAT_AREA] < 0.2 * labels.size]
    if not fit:
        return np.zeros((size, size), np.uint8)
    chosen = int(rng.choice(fit))
    x, y, w, h = stats[chosen, :4]
    outline = (parts[y:y + h, x:x + w] == chosen).astype(np.uint8)
    return cv2.resize(outline, (size, size), interpolation=cv2.INTER_NEAREST)[:, ::int(rng.choice((-1, 1)))].copy()


def _texture(rows: int, columns: int, around: np.ndarray, sources: Sequence[Source],
             rng: np.random.Generator) -> np.ndarray:
    """Float RGB [rows, columns, 3], 0..255: a piece of another frame, or drawn; lit like its surroundings."""
    if rng.random() < 0.6:
        texture = _piece(sources[rng.integers(len(sources))].image, rows, columns, rng)
    else:
        texture = _drawn_texture(rows, columns, rng)
    if rng.random() < 0.5:
        texture = texture * rng.uniform(0.5, 1.3, 3)  # another colour
    if rng.random() < 0.6:
        texture *= np.linspace(rng.uniform(0.9, 1.35), rng.uniform(0.45, 1.0), rows)[:, None, None]
    brightness, level = around.mean(), max(float(texture.mean()), 1.0)
    towards = rng.uniform(0, 0.8)  # the camera's exposure ties an object to its surroundings
    texture *= (brightness / level) ** towards if brightness > 1 else 1
    if rng.random() < 0.2:  # camouflage: nearly the colour around it
        texture += 0.7 * (around.reshape(-1, 3).mean(0) - texture.reshape(-1, 3).mean(0))
    return np.clip(texture, 0, 255).astype(np.float32)


def _piece(image: np.ndarray, rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """A random rectangle of a frame, zoomed 0.5 to 4 times, turned or flipped."""
    height, width = image.shape[:2]
    zoom = np.exp(rng.uniform(np.log(0.5), np.log(4)))
    h, w = int(np.clip(rows / zoom, 4, height)), int(np.clip(columns / zoom, 4, width))
    y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    piece = image[y:y + h, x:x + w]
    if rng.random() < 0.5:
        piece = np.rot90(piece, int(rng.integers(1, 4)))
    return cv2.resize(np.ascontiguousarray(piece), (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)


def _drawn_texture(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """Plain colour, gradient, stripes, blotches (hide, fur, rust) or fine noise."""
    base, other = rng.uniform(10, 245, 3), rng.uniform(10, 245, 3)
    if rng.random() < 0.4:  # earth, fur, wood, grey: colours that things have more often than pure ones
        base, other = (np.full(3, rng.uniform(15, 235)) * rng.uniform(0.75, 1.15, 3) for _ in range(2))
    kind = rng.integers(4)
    y, x = np.mgrid[0:rows, 0:columns] / max(rows, columns)
    if kind == 0:
        mix = np.zeros((rows, columns))
    elif kind == 1:
        mix = y if rng.random() < 0.5 else x
    elif kind == 2:
        angle, waves = rng.uniform(0, np.pi), rng.uniform(3, 14)
        phase = 2 * np.pi * waves * (x * np.cos(angle) + y * np.sin(angle)) + rng.uniform(0, 6)
        mix = 0.5 + 0.5 * np.sign(np.sin(phase))
    else:
        cells = int(rng.integers(2, 12))
        mix = cv2.resize(rng.random((cells, cells)), (columns, rows), interpolation=cv2.INTER_CUBIC)
        mix = (mix > 0.5).astype(float) if rng.random() < 0.5 else np.clip(mix, 0, 1)
    texture = base + np.asarray(mix)[..., None] * (other - base)
    return texture + rng.normal(0, rng.uniform(0, 14), (rows, columns, 1))


def _contact_shadow(image: np.ndarray, foot: tuple[int, int], columns: int, rows: int,
                    rng: np.random.Generator) -> None:
    """Darken a flat soft ellipse under the foot."""
    shade = np.zeros(image.shape[:2], np.float32)
    centre = int(foot[1] + rng.uniform(-0.4, 0.4) * columns), int(foot[0])
    cv2.ellipse(shade, centre, (max(2, int(0.6 * columns)), max(1, int(rows * rng.uniform(0.05, 0.2)))), 0, 0, 360,
                float(rng.uniform(0.2, 0.6)), -1)
    image *= 1 - cv2.GaussianBlur(shade, (0, 0), max(0.6, 0.03 * columns))[..., None]


def _lay_distractor(image: np.ndarray, labels: np.ndarray, rng: np.random.Generator,
                    settings: PasteSettings) -> None:
    """A shadow, patch, paint mark, puddle or cover: flat, on road pixels only. Changes image in place."""
    road = labels == ROAD
    foot = _random_pixel(road, rng)
    if foot is None:
        return
    # Flat things shrink quadratically with the distance.
    depth = max(foot[0] - settings.horizon * labels.shape[0], 4)
    wide = int(np.clip(depth * np.exp(rng.uniform(np.log(0.3), np.log(4))), 3, labels.shape[1]))
    high = depth**2 / labels.shape[0] * np.exp(rng.uniform(np.log(0.1), np.log(2)))
    high = int(np.clip(high, 1, labels.shape[0] // 3))
    shape = np.zeros(labels.shape, np.float32)
    kind = rng.integers(4)
    if kind == 0:
        cv2.ellipse(shape, foot[::-1], (max(2, wide // 3), max(1, high // 2)), 0, 0, 360, 1.0, -1)
    else:
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (wide / 2, high / 2)
        corners[:, 0] += rng.uniform(-0.5, 0.5) * corners[:, 1] * wide / max(high, 1)
        corners += rng.normal(0, 0.15, (4, 2)) * (wide, high) + foot[::-1]
        cv2.fillPoly(shape, [corners.astype(np.int32)], 1.0)
    shape = cv2.GaussianBlur(shape, (0, 0), float(rng.uniform(0.3, 2.0))) * road
    if kind == 1 and rng.random() < 0.6:  # paint
        colour = np.array((225, 222, 215) if rng.random() < 0.7 else (205, 170, 60)) * rng.uniform(0.6, 1.1)
        image += (shape * rng.uniform(0.4, 0.95))[..., None] * (colour - image)
    elif kind == 2 and rng.random() < 0.5:  # puddle: mirrors what stands above, dimly
        image += (shape * rng.uniform(0.2, 0.6))[..., None] * (image[::-1] * 0.8 - image)
    else:  # shadow, asphalt patch, cover, wear
        change = rng.uniform(-0.75, -0.2) if rng.random() < 0.75 else rng.uniform(0, 0.4)
        image *= 1 + (shape * change)[..., None]


def unaware(labels: np.ndarray, discrepancy: np.ndarray) -> np.ndarray:
    """Labels for a segmenter: pasted pixels have no class it could learn. uint8 [H, W]."""
    return np.where(discrepancy == 1, IGNORE, labels).astype(np.uint8)
