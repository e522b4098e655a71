"""Laying one patch over an image, inside its own box only. Images are RGB uint8 [H, W, 3] and change in place."""

from __future__ import annotations

import cv2
import numpy as np

Window = tuple[slice, slice]
"""Rows and columns of an image."""


def overlap(top: int, left: int, size: tuple[int, int], canvas: tuple[int, int]) -> tuple[Window, Window] | None:
    """Windows of the canvas and of a patch [size] laid at (top, left); None where they do not meet."""
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + size[0], canvas[0]), min(left + size[1], canvas[1])
    if y1 - y0 < 1 or x1 - x0 < 1:
        return None
    return (slice(y0, y1), slice(x0, x1)), (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))


def mix(image: np.ndarray, window: Window, alpha: np.ndarray, colour: np.ndarray) -> None:
    """alpha of the colour, the rest of the image. alpha float32 [h, w], 0..1; colour 0..255, [h, w, 3] or [3]."""
    area = image[window].astype(np.float32)
    area += alpha[..., None] * (colour - area)
    image[window] = np.clip(area, 0, 255, out=area)


def dim(image: np.ndarray, window: Window, alpha: np.ndarray, gain: float | np.ndarray) -> None:
    """Multiply by the gain where alpha is 1. alpha float32 [h, w], 0..1; gain a number or [3]."""
    area = image[window].astype(np.float32)
    area *= 1 + alpha[..., None] * (np.asarray(gain, np.float32) - 1)
    image[window] = np.clip(area, 0, 255, out=area)


def soften(alpha: np.ndarray, sigma: float | tuple[float, float]) -> np.ndarray:
    """Blurred, float32 [h, w]; sigma in pixels, or (rows, columns)."""
    rows, columns = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    if max(rows, columns) < 0.25:
        return alpha
    return cv2.GaussianBlur(alpha, (0, 0), max(columns, 0.1), sigmaY=max(rows, 0.1))
