"""Flat marks on the road: paint, shadows, patches, puddles, covers. They are what a comparer must learn to ignore."""

from __future__ import annotations

import cv2
import numpy as np

from unexpected_core.labels import TRAIN_ID

ROAD = TRAIN_ID["road"]


def lay_mark(
    image: np.ndarray, labels: np.ndarray, horizon: float, camera_height: float, rng: np.random.Generator
) -> None:
    """One mark somewhere on the road's pixels, if there are any. Changes image in place.

    image: RGB float32 [H, W, 3], 0..255; labels: train ids uint8 [H, W]; horizon: its row as a share of H;
    camera_height: metres above the road.
    """
    road = labels == ROAD
    foot = random_pixel(road, rng)
    if foot is None:
        return
    depth = max(foot[0] - horizon * labels.shape[0], 4)
    kind = rng.choice(("dash", "paint", "puddle", "shade"), p=(0.2, 0.2, 0.1, 0.5))
    if kind == "dash":
        shape = _stripes(foot, depth / camera_height, depth, labels.shape, 1, rng.uniform(0.5, 6), rng)
    else:
        shape = _patch(foot, depth, labels.shape, rng)
    if kind in ("dash", "paint"):
        _paint(image, shape, foot, depth, road, rng)
        return
    shape = _on_road(shape, road, rng)
    if kind == "puddle":  # mirrors what stands above, dimly
        image += shape * rng.uniform(0.2, 0.6) * (image[::-1] * 0.8 - image)
    else:  # shadow, asphalt patch, cover, wear
        image *= 1 + shape * (rng.uniform(-0.75, -0.2) if rng.random() < 0.75 else rng.uniform(0, 0.4))


def lay_crossing(
    image: np.ndarray, labels: np.ndarray, horizon: float, camera_height: float, rng: np.random.Generator
) -> None:
    """A zebra crossing on the road's pixels, if there are any; see lay_mark.

    No other paint looks as much like many things in a row; too few of them, and all that is bright alarms.
    """
    road = labels == ROAD
    foot = random_pixel(road, rng)
    if foot is None:
        return
    depth = max(foot[0] - horizon * labels.shape[0], 4)
    shape = _stripes(foot, depth / camera_height, depth, labels.shape, rng.integers(2, 14), rng.uniform(1.5, 4.5), rng)
    _paint(image, shape, foot, depth, road, rng)


def _paint(
    image: np.ndarray,
    shape: np.ndarray,
    foot: tuple[int, int],
    depth: float,
    road: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """White or yellow, whole or worn, lit as the road under it is."""
    if rng.random() < 0.6:
        shape = shape * _wear(depth, road.shape, rng)
    shape = _on_road(shape, road, rng)
    light = cv2.GaussianBlur(image.mean(2), (0, 0), 2.0)[..., None]
    here = max(light[foot[0]][road[foot[0]]].mean(), 1.0)
    colour = np.array((225, 222, 215) if rng.random() < 0.6 else (215, 180, 70)) * rng.uniform(0.6, 1.2)
    colour = colour * np.clip(here / 90, 0.2, 1) * np.clip(light / here, 0.3, 1.4)
    image += shape * rng.uniform(0.4, 0.95) * (colour - image)


def _on_road(shape: np.ndarray, road: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """With soft edges, and nothing beside the road; float32 [H, W, 1]."""
    return (cv2.GaussianBlur(shape, (0, 0), float(rng.uniform(0.3, 2.0))) * road)[..., None]


def _stripes(
    foot: tuple[int, int],
    metre: float,
    depth: float,
    size: tuple[int, int],
    count: int,
    long: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """One dash, or a row of stripes beside each other, towards a vanishing point; float32 [H, W], 0 or 1.

    metre: pixels of a metre at the foot; depth: rows from there up to the horizon; long: metres of each.
    """
    height, width = size
    row, column = foot
    wide, gap = rng.uniform(0.1, 0.3) if count == 1 else rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.6)
    focal = height * rng.uniform(1.5, 2.5)
    shrink = focal / (focal + long * metre)  # the foot is focal / metre metres ahead
    vanishing = width * rng.normal(0.5, 0.15), row - depth
    shape = np.zeros(size, np.float32)
    for i in range(count):
        left = column + (i - count / 2) * (wide + gap) * metre
        near = np.array([(left, row), (left + wide * metre, row)])
        far = vanishing + (near[::-1] - vanishing) * shrink
        cv2.fillPoly(shape, [np.concatenate([near, far]).round().astype(np.int32)], 1.0)
    return shape


def _patch(foot: tuple[int, int], depth: float, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """An ellipse or a skewed box; float32 [H, W], 0 or 1. Flat things shrink quadratically with the distance."""
    height, width = size
    wide = int(np.clip(depth * np.exp(rng.uniform(np.log(0.3), np.log(4))), 3, width))
    high = int(np.clip(depth**2 / height * np.exp(rng.uniform(np.log(0.1), np.log(2))), 1, height // 3))
    shape = np.zeros(size, np.float32)
    if rng.random() < 0.25:
        cv2.ellipse(shape, foot[::-1], (max(2, wide // 3), max(1, high // 2)), 0, 0, 360, 1.0, -1)
    else:
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (wide / 2, high / 2)
        corners[:, 0] += rng.uniform(-0.5, 0.5) * corners[:, 1] * wide / max(high, 1)
        corners += rng.normal(0, 0.15, (4, 2)) * (wide, high) + foot[::-1]
        cv2.fillPoly(shape, [corners.astype(np.int32)], 1.0)
    return shape


def _wear(depth: float, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """What is left of old paint, float32 [H, W], 0..1: whole in places, rubbed off in others."""
    cell = max(2, round(depth * rng.uniform(0.05, 0.5)))
    noise = rng.random((size[0] // cell + 2, size[1] // cell + 2), np.float32)
    noise = cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip((noise - rng.uniform(0.1, 0.6)) * rng.uniform(3, 20) + 0.5, 0, 1)


def random_pixel(mask: np.ndarray, rng: np.random.Generator) -> tuple[int, int] | None:
    """A pixel of the mask, rows drawn evenly so that far places are met as often as near ones; None if it is empty."""
    rows = np.flatnonzero(mask.any(1))
    if not rows.size:
        return None
    row = int(rng.choice(rows))
    return row, int(rng.choice(np.flatnonzero(mask[row])))
