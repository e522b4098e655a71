"""Flat shapes on the ground: from metres to pixels, and what of them lies on the road."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.discrepancy_data.pasting.blend import Window, soften
from unexpected_core.discrepancy_data.pasting.place import View, random_pixel


class Spot(NamedTuple):
    """A point of the ground in the image, and how the ground lies there.

    foot: row, column; depth: rows below the horizon; metre: pixels of a metre across; distance: metres ahead;
    vanishing: column that the road runs to.
    """

    foot: tuple[int, int]
    depth: float
    metre: float
    distance: float
    vanishing: float


class Patch(NamedTuple):
    """alpha float32 [h, w], 0..1, in a window of the image."""

    window: Window
    alpha: np.ndarray


def choose_spot(mask: np.ndarray, view: View, camera_height: float, rng: np.random.Generator) -> Spot | None:
    """A pixel of the mask, bool [H, W] (see random_pixel), under a camera of 1.2 to 2.5 frame heights of focal
    length."""
    foot = random_pixel(mask, rng)
    if foot is None:
        return None
    depth = max(foot[0] - view.horizon, 0.02 * view.rows)
    focal = view.rows * rng.uniform(1.2, 2.5)
    vanishing = _far_end(mask) if rng.random() < 0.7 else mask.shape[1] * rng.normal(0.5, 0.2)
    return Spot(foot, depth, depth / camera_height, focal * camera_height / depth, vanishing)


def _far_end(mask: np.ndarray) -> float:
    """Middle column of the mask's uppermost rows: where a road runs to."""
    top = int(np.argmax(mask.any(1)))
    return float(np.flatnonzero(mask[top : top + 4].any(0)).mean())


def project(spot: Spot, points: np.ndarray) -> np.ndarray:
    """Metres right of and beyond the spot, [n, 2] -> columns and rows, float32 [n, 2]."""
    x, ahead = np.asarray(points, np.float32).T
    nearer = spot.distance / np.maximum(spot.distance + ahead, 0.15 * spot.distance)
    column = spot.vanishing + (spot.foot[1] - spot.vanishing + x * spot.metre) * nearer
    row = spot.foot[0] + spot.depth * (nearer - 1)
    return np.stack([column, row], 1).astype(np.float32)


def fill(shapes: list[np.ndarray], soft: float, mask: np.ndarray, line: int = 0) -> Patch | None:
    """Polygons, float [n, 2] (columns and rows), with edges `soft` pixels wide, where the mask bool [H, W] is; None
    where it is not. line: draw open lines of so many pixels in their place."""
    window = _box(np.concatenate(shapes), line + 1 + 2.5 * soft, mask.shape)
    if window is None or not (inside := mask[window]).any():
        return None
    canvas = np.zeros(inside.shape, np.uint8)
    corner = window[1].start, window[0].start
    for points in shapes:
        sixteenths = [np.round((points - corner) * 16).astype(np.int32)]  # of a pixel: OpenCV's shift 4
        if line:
            cv2.polylines(canvas, sixteenths, False, 255, line, cv2.LINE_AA, 4)
        else:
            cv2.fillPoly(canvas, sixteenths, 255, cv2.LINE_AA, 4)
    return Patch(window, soften(canvas.astype(np.float32) / 255, soft) * inside)


def _box(points: np.ndarray, margin: float, size: tuple[int, int]) -> Window | None:
    low, high = np.floor(points.min(0) - margin), np.ceil(points.max(0) + margin) + 1
    (x0, y0), (x1, y1) = np.maximum(low, 0).astype(int), np.minimum(high, size[::-1]).astype(int)
    return (slice(int(y0), int(y1)), slice(int(x0), int(x1))) if x1 > x0 and y1 > y0 else None


def blotches(size: tuple[int, int], cell: int, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise, float32 [h, w], about 0..1, with blobs of `cell` pixels."""
    noise = rng.random((size[0] // cell + 2, size[1] // cell + 2), np.float32)
    return cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
