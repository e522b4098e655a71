"""Textures of drawn things: plain colours, gradients, stripes, blotches, with folds and grain; seldom ground of another
frame."""

from __future__ import annotations

import cv2
import numpy as np

from unexpected_core.labels import TRAIN_ID

LENDERS = np.zeros(256, np.uint8)
"""1 for the classes that lend a texture: ground, houses, plants. Of what can be a thing, not a pixel."""
LENDERS[[TRAIN_ID[name] for name in ("road", "sidewalk", "terrain", "vegetation", "building")]] = 1
DEEPEST = 1.5
"""Greatest difference of the light on a drawn thing, as a share of it: evenly lit it would be flatter than known
things, and could be told from them by that (docs/experiments.md)."""


def drawn_texture(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """RGB float32 [rows, columns, 3], 0..255: plain, gradient, stripes, or blotches (hide, fur, rust), with folds and
    sides that take more light or less, and grain."""
    base, other = _two_colours(rng)
    mix = _pattern(rows, columns, rng)[..., None]
    strength = np.float32(14 * rng.uniform(0, 1) ** 3)  # mostly little
    grain = rng.standard_normal((rows, columns, 1), np.float32) * strength
    light = 1 + np.float32(rng.uniform(0, DEEPEST)) * (_blobs(rows, columns, rng)[..., None] - 0.5)
    return (base + mix * (other - base)) * light + grain


def _two_colours(rng: np.random.Generator) -> np.ndarray:
    """Float32 [2, 3]. White: things must be told from the road's paint by more than colour. Earth, fur, wood, grey:
    colours that things have more often than pure ones."""
    usual = rng.random()
    if usual < 0.2:
        colours = rng.uniform(190, 255, (2, 1)) * rng.uniform(0.95, 1.0, (2, 3))
    elif usual < 0.6:
        colours = rng.uniform(15, 235, (2, 1)) * rng.uniform(0.75, 1.15, (2, 3))
    else:
        colours = rng.uniform(10, 245, (2, 3))
    return colours.astype(np.float32)


def _pattern(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """How much of the second colour is where, float32 [rows, columns], 0..1."""
    kind = rng.integers(5)
    if kind == 0:
        return np.zeros((rows, columns), np.float32)
    y, x = np.ogrid[0:rows, 0:columns]
    y, x = (v.astype(np.float32) / max(rows, columns) for v in (y, x))
    if kind == 1:
        return np.broadcast_to(y if rng.random() < 0.5 else x, (rows, columns))
    if kind == 2:
        angle, waves = rng.uniform(0, np.pi), rng.uniform(3, 14)
        phase = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
        return (np.sin(np.float32(2 * np.pi * waves) * phase + np.float32(rng.uniform(0, 6))) > 0).astype(np.float32)
    noise = _blobs(rows, columns, rng)
    return (noise > 0.5).astype(np.float32) if kind == 3 else noise


def _blobs(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    cells = int(rng.integers(2, 12))
    noise = cv2.resize(rng.random((cells, cells), np.float32), (columns, rows), interpolation=cv2.INTER_CUBIC)
    return noise.clip(0, 1)


def borrowed_texture(
    image: np.ndarray, labels: np.ndarray, rows: int, columns: int, rng: np.random.Generator
) -> np.ndarray | None:
    """A rectangle of nothing but ground, houses and plants, zoomed 0.5 to 4 times; None where none is found.

    image RGB uint8 [H, W, 3], labels uint8 [H, W] -> float32 [rows, columns, 3].
    """
    height, width = labels.shape
    for _ in range(6):
        zoom = np.exp(rng.uniform(np.log(0.5), np.log(4)))
        h, w = int(np.clip(rows / zoom, 4, height)), int(np.clip(columns / zoom, 4, width))
        y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        if LENDERS[labels[y : y + h, x : x + w]].all():
            piece = image[y : y + h, x : x + w][:, :: int(rng.choice((-1, 1)))]
            return cv2.resize(np.ascontiguousarray(piece), (columns, rows)).astype(np.float32)
    return None
