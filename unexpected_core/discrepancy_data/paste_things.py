"""What a pasted thing looks like: a whole thing of another frame, or a silhouette with a texture of something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.labels import IGNORE, TRAIN_ID

WIDEST = 4.0
"""Greatest width of a thing in its heights."""
STILL = tuple(TRAIN_ID[name] for name in ("wall", "fence", "pole", "traffic light", "traffic sign", "vegetation"))
"""Classes whose things have no business on the road; people and vehicles have, so they are not cut out."""


class Source(NamedTuple):
    """A frame that lends textures, silhouettes and things: image uint8 [H, W, 3], labels uint8 [H, W]."""

    image: np.ndarray
    labels: np.ndarray


class Thing(NamedTuple):
    """texture float32 RGB [h, w, 3], 0..255; alpha float32 [h, w] in {0, 1}."""

    texture: np.ndarray
    alpha: np.ndarray


def cut_out(rows: int, sources: Sequence[Source], rng: np.random.Generator) -> Thing | None:
    """A still or unnamed thing (label 255) of another frame with its own pixels, `rows` high; None if it has none."""
    source = sources[rng.integers(len(sources))]
    part = _random_part(source.labels, (*STILL, IGNORE), rng)
    if part is None:
        return None
    (y, x), outline = part
    height, width = outline.shape
    piece = source.image[y : y + height, x : x + width]
    if rng.random() < 0.3:  # fallen over
        turns = int(rng.integers(1, 4))
        piece, outline = np.rot90(piece, turns), np.rot90(outline, turns)
    columns = round(rows * outline.shape[1] / outline.shape[0] * np.exp(rng.normal(0, 0.1)))
    size = int(np.clip(columns, 3, WIDEST * rows)), rows
    mirror = int(rng.choice((-1, 1)))
    piece, outline = np.ascontiguousarray(piece[:, ::mirror]), np.ascontiguousarray(outline[:, ::mirror])
    shrinks = rows < outline.shape[0]
    texture = cv2.resize(piece, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    alpha = cv2.resize(outline.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    return Thing(texture.astype(np.float32), alpha.astype(np.float32)) if alpha.any() else None


def made_up(rows: int, sources: Sequence[Source], rng: np.random.Generator) -> Thing:
    """A silhouette, drawn or another frame's, with a texture that does not belong to it, `rows` high."""
    columns = int(np.clip(rows * np.exp(rng.normal(0.1, 0.45)), 3, WIDEST * rows))
    alpha = _silhouette(rows, columns, sources, rng)
    return Thing(_texture(rows, columns, sources, rng), alpha)


def light(texture: np.ndarray, around: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A texture in the light of its place. around: the image there, float [h, w, 3], 0..255."""
    if rng.random() < 0.6:
        shade = np.linspace(rng.uniform(0.9, 1.35), rng.uniform(0.45, 1.0), len(texture))
        texture = texture * shade[:, None, None]
    brightness, level = around.mean(), max(float(texture.mean()), 1.0)
    if brightness > 1 and rng.random() < 0.75:  # the camera's exposure ties an object to its surroundings
        texture = texture * (brightness / level) ** rng.uniform(0, 0.8)
    if rng.random() < 0.2:  # camouflage: nearly the colour around it
        texture = texture + 0.7 * (around.reshape(-1, 3).mean(0) - texture.reshape(-1, 3).mean(0))
    return np.clip(texture, 0, 255).astype(np.float32)


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
                canvas[y : y + rng.integers(4, 12), x : x + rng.integers(4, 12)] = 0
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
    """Outline of a random thing (pole, sign, plant, person, vehicle) in a label map, uint8 [size, size]."""
    part = _random_part(labels, [c for c in range(4, 19) if c != TRAIN_ID["sky"]], rng)
    if part is None:
        return np.zeros((size, size), np.uint8)
    outline = cv2.resize(part[1].astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST)
    return outline[:, :: int(rng.choice((-1, 1)))].copy()


def _random_part(labels: np.ndarray, classes: Sequence[int], rng: np.random.Generator):
    """Upper left corner and outline bool [h, w] of a connected part of one of the classes; None if there is none."""
    known = [c for c in np.unique(labels) if c in classes]
    if not known:
        return None
    _, parts, stats, _ = cv2.connectedComponentsWithStats((labels == rng.choice(known)).astype(np.uint8))
    x, y, w, h, area = stats.T
    inside = (x > 0) & (y > 0) & (x + w < labels.shape[1]) & (y + h < labels.shape[0])  # not cut off by the border
    fit = np.flatnonzero((area > 60) & (area < 0.2 * labels.size) & inside)
    fit = fit[fit > 0]
    if not fit.size:
        return None
    chosen = int(rng.choice(fit))
    x, y, w, h = stats[chosen, :4]
    return (int(y), int(x)), parts[y : y + h, x : x + w] == chosen


def _texture(rows: int, columns: int, sources: Sequence[Source], rng: np.random.Generator) -> np.ndarray:
    """Float RGB [rows, columns, 3], 0..255: a piece of another frame, or drawn; perhaps of another colour."""
    if rng.random() < 0.6:
        texture = _piece(sources[rng.integers(len(sources))].image, rows, columns, rng)
    else:
        texture = _drawn_texture(rows, columns, rng)
    return texture * rng.uniform(0.5, 1.3, 3) if rng.random() < 0.5 else texture


def _piece(image: np.ndarray, rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """A random rectangle of a frame, zoomed 0.5 to 4 times, turned or flipped."""
    height, width = image.shape[:2]
    zoom = np.exp(rng.uniform(np.log(0.5), np.log(4)))
    h, w = int(np.clip(rows / zoom, 4, height)), int(np.clip(columns / zoom, 4, width))
    y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    piece = image[y : y + h, x : x + w]
    if rng.random() < 0.5:
        piece = np.rot90(piece, int(rng.integers(1, 4)))
    return cv2.resize(np.ascontiguousarray(piece), (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)


def _drawn_texture(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """Plain colour, gradient, stripes, blotches (hide, fur, rust) or fine noise."""
    base, other = rng.uniform(10, 245, 3), rng.uniform(10, 245, 3)
    usual = rng.random()
    if usual < 0.2:  # white: things must be told from the road's markings by more than their colour
        base, other = (np.full(3, rng.uniform(190, 255)) * rng.uniform(0.95, 1.0, 3) for _ in range(2))
    elif usual < 0.5:  # earth, fur, wood, grey: colours that things have more often than pure ones
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
