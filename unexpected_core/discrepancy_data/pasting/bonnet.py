"""The own car's bonnet at the lower border, with or without a star: it is in every frame of its camera and expected."""

from __future__ import annotations

import cv2
import numpy as np

from unexpected_core.discrepancy_data.pasting.blend import mix
from unexpected_core.discrepancy_data.pasting.place import View
from unexpected_core.labels import IGNORE


def lay_bonnet(image: np.ndarray, labels: np.ndarray, view: View, rng: np.random.Generator) -> np.ndarray:
    """A smooth hump with a highlight; labels below it are 255. Returns where it lies, bool [H, W].

    Changes image RGB uint8 [H, W, 3] and labels uint8 [H, W] in place."""
    height, width = labels.shape
    top = max(1, int(height - view.rows * rng.uniform(0.04, 0.16)))  # a small crop may be all bonnet
    middle, spread = width * rng.uniform(0.3, 0.7), width * rng.uniform(0.35, 0.8)
    x = np.arange(width, dtype=np.float32)
    edge = top + (height - top) * np.abs((x - middle) / spread) ** rng.uniform(2, 4)
    window = slice(top - 1, height), slice(0, width)
    y = np.arange(top - 1, height, dtype=np.float32)[:, None]
    alpha = np.clip(y - edge, 0, 1).astype(np.float32)
    mix(image, window, alpha, _lacquer(y, edge, height, rng))
    laid = np.zeros(labels.shape, bool)
    laid[window] = alpha > 0.5
    if rng.random() < 0.5:
        laid |= _star(image, (top, int(middle)), view, rng)
    labels[laid] = IGNORE
    return laid


def _lacquer(y: np.ndarray, edge: np.ndarray, height: int, rng: np.random.Generator) -> np.ndarray:
    """Colour float32 [h, w, 3]: brightest along its edge, where it mirrors the sky."""
    depth = np.clip((y - edge) / max(height - edge.min(), 1), 0, 1)
    base = rng.uniform(10, 150) * rng.uniform(0.8, 1.2, 3)
    shine = rng.uniform(0, 120) * np.exp(-depth * rng.uniform(4, 20))
    return (base * (1 - 0.4 * depth[..., None]) + shine[..., None]).astype(np.float32)


def _star(image: np.ndarray, foot: tuple[int, int], view: View, rng: np.random.Generator) -> np.ndarray:
    """A ring with three spokes on a stem, and where it lies, bool [H, W]. foot: row, column."""
    radius = max(2, round(view.rows * rng.uniform(0.008, 0.025)))
    row, column = foot[0] - round(1.5 * radius), foot[1]
    canvas = np.zeros(image.shape[:2], np.uint8)
    thick = max(1, radius // 4)
    cv2.circle(canvas, (column, row), radius, 255, thick, cv2.LINE_AA)
    for angle in (-np.pi / 2, np.pi / 6, 5 * np.pi / 6):
        end = round(column + radius * np.cos(angle)), round(row + radius * np.sin(angle))
        cv2.line(canvas, (column, row), end, 255, thick, cv2.LINE_AA)
    cv2.line(canvas, (column, row + radius), (column, foot[0] + 1), 255, thick, cv2.LINE_AA)
    x, y, w, h = cv2.boundingRect(canvas)
    window = slice(y, y + h), slice(x, x + w)
    mix(image, window, canvas[window].astype(np.float32) / 255, np.float32(rng.uniform(40, 220)))
    return canvas > 127
