"""Flat marks on the road, none of them a thing: a comparer must learn to ignore them. Paint and crossings are here;
shadows, water, repairs and leaves are in pasting/stains.py."""

from __future__ import annotations

import cv2
import numpy as np

from unexpected_core.discrepancy_data.pasting.blend import mix
from unexpected_core.discrepancy_data.pasting.ground import Patch, Spot, blotches, choose_spot, fill, project
from unexpected_core.discrepancy_data.pasting.place import ROAD, View
from unexpected_core.discrepancy_data.pasting.stains import STAINS, lay_stain


def lay_mark(image: np.ndarray, labels: np.ndarray, view: View, camera_height: float, rng: np.random.Generator) -> None:
    """One mark somewhere on the road's pixels, if there are any. Changes image (and under verges labels) in place.

    image: RGB uint8 [H, W, 3]; labels: train ids uint8 [H, W]; camera_height: metres above the road.
    """
    kind = rng.random()
    if kind < 0.3:
        lay_paint(image, labels, view, camera_height, rng)
    else:
        lay_stain(image, labels, view, camera_height, STAINS[rng.integers(len(STAINS))], rng)


def lay_paint(
    image: np.ndarray, labels: np.ndarray, view: View, camera_height: float, rng: np.random.Generator
) -> None:
    """A dash, a line along the lane, a stop line, an arrow, or any painted polygon.

    image RGB uint8 [H, W, 3], labels uint8 [H, W]: see lay_mark."""
    road = labels == ROAD
    spot = choose_spot(road, view, camera_height, rng)
    if spot is None:
        return
    kind = rng.integers(5)
    if kind == 0:
        shape = stripe(0, rng.uniform(0.1, 0.3), rng.uniform(0.5, 6))
    elif kind == 1:  # towards the horizon, and back towards the camera
        shape = stripe(0, rng.uniform(0.08, 0.3), 300) - (0, rng.uniform(0, 0.8) * spot.distance)
    elif kind == 2:
        shape = stripe(rng.uniform(-6, 0), rng.uniform(2, 12), rng.uniform(0.2, 0.6))
    elif kind == 3:
        shape = ARROW * (rng.uniform(0.8, 1.4), rng.uniform(1.5, 5)) @ _turn(rng.normal(0, 0.1))
    else:
        shape = rng.uniform(-1, 1, (int(rng.integers(3, 7)), 2)) * rng.uniform(0.2, 2)
    _paint(image, [project(spot, shape)], spot, road, rng)


def lay_crossing(
    image: np.ndarray, labels: np.ndarray, view: View, camera_height: float, rng: np.random.Generator
) -> None:
    """A zebra crossing on the road's pixels, if there are any.

    image RGB uint8 [H, W, 3], labels uint8 [H, W]: see lay_mark.

    No other paint looks as much like many things in a row; too few of them, and all that is bright alarms.
    """
    road = labels == ROAD
    spot = choose_spot(road, view, camera_height, rng)
    if spot is None:
        return
    count, wide, gap, long = rng.integers(3, 14), rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.6), rng.uniform(1.5, 4.5)
    turn = _turn(rng.normal(0, 0.15))
    left = (np.arange(count) - count / 2) * (wide + gap)
    _paint(image, [project(spot, stripe(x, wide, long) @ turn) for x in left], spot, road, rng)


def stripe(left: float, wide: float, long: float) -> np.ndarray:
    """A box `wide` by `long` metres, straight ahead; corners float [4, 2] as metres right and ahead."""
    return np.array([(left, 0), (left + wide, 0), (left + wide, long), (left, long)])


ARROW = np.array([(-0.1, 0), (0.1, 0), (0.1, 0.6), (0.35, 0.6), (0, 1), (-0.35, 0.6), (-0.1, 0.6)])


def _turn(angle: float) -> np.ndarray:
    return np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])


def _paint(image: np.ndarray, shapes: list[np.ndarray], spot: Spot, road: np.ndarray, rng: np.random.Generator) -> None:
    """White or yellow, whole or worn, lit as the road under it is."""
    patch = fill(shapes, float(rng.uniform(0.0, 0.9)), road)
    if patch is None:
        return
    window, alpha = patch
    if rng.random() < 0.5:
        alpha = alpha * wear(patch, spot.metre, rng)
    light = cv2.GaussianBlur(cv2.cvtColor(image[window], cv2.COLOR_RGB2GRAY), (0, 0), 2.0).astype(np.float32)
    here = max(float(light[road[window]].mean()), 1.0)
    colour = np.array((225, 222, 215) if rng.random() < 0.7 else (215, 180, 70), np.float32) * rng.uniform(0.6, 1.2)
    shade = np.clip(here / 90, 0.2, 1) * np.clip(light / here, 0.3, 1.4)
    mix(image, window, alpha * np.float32(rng.uniform(0.4, 0.95)), (colour * shade[..., None]).astype(np.float32))


def wear(patch: Patch, metre: float, rng: np.random.Generator) -> np.ndarray:
    """What is left of old paint, float32 [h, w], 0..1: whole in places, rubbed off in others."""
    noise = blotches(patch.alpha.shape, max(2, round(metre * rng.uniform(0.04, 0.4))), rng)
    return np.clip((noise - rng.uniform(0.0, 0.5)) * rng.uniform(3, 20) + 0.5, 0, 1).astype(np.float32)
