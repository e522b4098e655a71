"""Drawn silhouettes: ellipses, boxes and crates, polygons and hulls, sticks."""

from __future__ import annotations

import cv2
import numpy as np

SIZE = 48


def silhouette(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """Alpha float32 [rows, columns], 0..1, reaching all four sides."""
    kind = rng.choice(len(SHAPES), p=(0.15, 0.25, 0.25, 0.22, 0.13))
    canvas = np.zeros((SIZE, SIZE), np.uint8)
    SHAPES[kind](canvas, rng)
    if rng.random() < 0.35:
        turn = cv2.getRotationMatrix2D((23.5, 23.5), float(rng.uniform(-40, 40)), 1.0)
        canvas = cv2.warpAffine(canvas, turn, (SIZE, SIZE))
    x, y, w, h = cv2.boundingRect((canvas > 127).astype(np.uint8))
    if w * h < 20:
        return np.ones((rows, columns), np.float32)
    piece = canvas[y : y + h, x : x + w].astype(np.float32) / 255
    shrinks = rows < h or columns < w
    alpha = cv2.resize(piece, (columns, rows), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    grown = max(1.0, (rows * columns / (w * h)) ** 0.5)
    return np.clip((alpha - 0.5) * grown + 0.5, 0, 1)  # outlines of large things are as sharp as those of small ones


def _ellipse(canvas: np.ndarray, rng: np.random.Generator) -> None:
    cv2.ellipse(canvas, (24, 24), (23, int(rng.integers(8, 24))), 0, 0, 360, 255, -1, cv2.LINE_AA)


def _box(canvas: np.ndarray, rng: np.random.Generator) -> None:
    canvas[1:-1, 1:-1] = 255
    if rng.random() < 0.4:  # a crate: holes
        for _ in range(rng.integers(1, 5)):
            y, x = rng.integers(4, 36, 2)
            canvas[y : y + rng.integers(4, 12), x : x + rng.integers(4, 12)] = 0


def _star(canvas: np.ndarray, rng: np.random.Generator) -> None:
    count = int(rng.integers(3, 11))
    angles = np.sort(rng.uniform(0, 2 * np.pi, count))
    radii = 23 * rng.uniform(0.35, 1.0, count)
    points = np.stack([24 + radii * np.cos(angles), 24 + radii * np.sin(angles)], 1)
    cv2.fillPoly(canvas, [points.astype(np.int32)], 255, cv2.LINE_AA)


def _hull(canvas: np.ndarray, rng: np.random.Generator) -> None:
    points = cv2.convexHull(rng.integers(1, SIZE - 1, (int(rng.integers(4, 11)), 1, 2)).astype(np.int32))
    cv2.fillPoly(canvas, [points], 255, cv2.LINE_AA)


def _sticks(canvas: np.ndarray, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 5)):  # branches, legs, tools
        a, b = rng.integers(2, 46, 2), rng.integers(2, 46, 2)
        cv2.line(canvas, a.tolist(), b.tolist(), 255, int(rng.integers(3, 12)), cv2.LINE_AA)


SHAPES = (_ellipse, _box, _star, _hull, _sticks)
