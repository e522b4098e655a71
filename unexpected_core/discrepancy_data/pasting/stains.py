"""What else lies flat on a road: shadows, water, repairs, covers, cracks, leaves, verges. All of it is expected."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unexpected_core.discrepancy_data.pasting.blend import dim, mix
from unexpected_core.discrepancy_data.pasting.ground import Spot, blotches, choose_spot, draw_line, fill, project
from unexpected_core.discrepancy_data.pasting.place import BESIDE, ROAD, View
from unexpected_core.labels import TRAIN_ID

Stain = Callable[[np.ndarray, np.ndarray, np.ndarray, Spot, View, np.random.Generator], None]
"""image, labels, where it may lie bool [H, W], spot, view, random numbers: changes the image (a verge the labels)."""


def lay_stain(
    image: np.ndarray, labels: np.ndarray, view: View, camera_height: float, stain: Stain, rng: np.random.Generator
) -> None:
    """One stain on the road, if there is any; shadows also fall on the ground beside it.

    Changes image RGB uint8 [H, W, 3] where labels uint8 [H, W] allow it."""
    where = np.isin(labels, (ROAD, *BESIDE)) if stain in (pole_shadow, shadow, dapple) else labels == ROAD
    spot = choose_spot(where, view, camera_height, rng)
    if spot is not None:
        stain(image, labels, where, spot, view, rng)


def shadow(image, labels, where, spot, view, rng) -> None:
    """Of a house, a bridge, a parked lorry."""
    shape = _polygon(rng, rng.uniform(1, 9), rng.uniform(0.5, 8))
    _dim(image, fill([project(spot, shape)], float(rng.uniform(0.5, 4)), where), rng.uniform(0.3, 0.75))


def pole_shadow(image, labels, where, spot, view, rng) -> None:
    """Of one or several poles or trunks, across the road."""
    angle, wide, gap = rng.uniform(-1.2, 1.2), rng.uniform(0.08, 0.5), rng.uniform(1, 6)
    across, along = np.array((np.cos(angle), np.sin(angle))), np.array((-np.sin(angle), np.cos(angle)))
    left, right = -across * rng.uniform(3, 15), across * rng.uniform(3, 15)
    bar = np.array([left, right, right + wide * along, left + wide * along])
    bars = [project(spot, bar + np.array((0, i * gap))) for i in range(rng.integers(1, 4))]
    _dim(image, fill(bars, float(rng.uniform(0.4, 2)), where), rng.uniform(0.35, 0.8))


def dapple(image, labels, where, spot, view, rng) -> None:
    """Light through leaves."""
    patch = fill([project(spot, _polygon(rng, rng.uniform(2, 8), rng.uniform(2, 10)))], 4.0, where)
    if patch:
        noise = blotches(patch.alpha.shape, max(2, round(spot.metre * rng.uniform(0.1, 0.5))), rng)
        leaves = np.clip((noise - rng.uniform(0.3, 0.6)) * 6, 0, 1).astype(np.float32)
        dim(image, patch.window, patch.alpha * leaves, rng.uniform(0.35, 0.7))


def repair(image, labels, where, spot, view, rng) -> None:
    """Newer or older tarmac, straight edges, sometimes sealed around."""
    turn, (wide, long) = rng.normal(0, 0.1), rng.uniform(0.4, 4, 2) * (1, 2)
    box = np.array([(0, 0), (wide, turn * wide), (wide, long), (0, long)]) - (wide / 2, 0)
    points = project(spot, box)
    gain = rng.uniform(0.55, 0.9) if rng.random() < 0.7 else rng.uniform(1.1, 1.3)
    _dim(image, fill([points], float(rng.uniform(0, 1)), where), gain)
    if rng.random() < 0.3:
        edge = draw_line(np.concatenate([points, points[:1]]), _thick(spot, 0.06), 0.4, where)
        _dim(image, edge, rng.uniform(0.3, 0.6))


def seam(image, labels, where, spot, view, rng) -> None:
    """Where one road surface ends and another begins, across the road or along it; tar, or water, in between."""
    far, near, turn = 150.0, -0.8 * spot.distance, rng.normal(0, 0.2)
    steps = np.linspace(-1, 1, 40)
    if rng.random() < 0.5:  # across; the other surface lies beyond
        line = np.stack([30 * steps, 30 * turn * steps], 1)
        other = np.concatenate([line, [(30, far), (-30, far)]])
    else:  # along; the other surface lies to the right
        ahead = near + (far - near) * (steps / 2 + 0.5) ** 3
        line = np.stack([np.zeros(40), ahead], 1)
        other = np.concatenate([line, [(30, far), (30, near)]])
    gain = rng.uniform(0.55, 0.9) if rng.random() < 0.5 else rng.uniform(1.1, 1.5)
    _dim(image, fill([project(spot, other)], float(rng.uniform(0.3, 1.5)), where), gain * rng.uniform(0.95, 1.05, 3))
    if rng.random() < 0.6:
        edge = project(spot, line + rng.normal(0, rng.uniform(0.0, 0.15), line.shape))
        _dim(image, draw_line(edge, _thick(spot, rng.uniform(0.03, 0.4)), 0.6, where), rng.uniform(0.35, 0.8))


def wet(image, labels, where, spot, view, rng) -> None:
    """A puddle or wet patch: darker, and mirrors what stands above."""
    patch = fill([project(spot, _polygon(rng, rng.uniform(0.4, 4), rng.uniform(0.4, 4)))], 1.0, where)
    if patch:
        rows = np.arange(patch.window[0].start, patch.window[0].stop)
        mirrored = np.clip(2 * view.horizon - rows, 0, len(image) - 1).astype(int)
        above = image[mirrored, patch.window[1]].astype(np.float32)
        dim(image, patch.window, patch.alpha, rng.uniform(0.5, 0.9))
        mix(image, patch.window, patch.alpha * np.float32(rng.uniform(0.1, 0.6)), above)


def cover(image, labels, where, spot, view, rng) -> None:
    """A manhole: round or square, a darker or lighter plate in a ring."""
    radius = rng.uniform(0.25, 0.45)
    corners = 4 if rng.random() < 0.25 else 20
    angles = np.arange(corners) * 2 * np.pi / corners + np.pi / 4
    circle = radius * np.stack([np.cos(angles), np.sin(angles)], 1)
    _dim(image, fill([project(spot, circle)], 0.3, where), rng.uniform(0.45, 0.85))
    plate = rng.uniform(0.6, 1.5)
    _dim(image, fill([project(spot, circle * 0.8)], 0.3, where), plate)


def crack(image, labels, where, spot, view, rng) -> None:
    """A crack, or the tar that seals it: a dark line that wanders."""
    steps = int(rng.integers(6, 24))
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.5, steps))
    path = np.cumsum(rng.uniform(0.15, 0.8) * np.stack([np.cos(heading), np.sin(heading)], 1), 0)
    line = draw_line(project(spot, path), _thick(spot, rng.uniform(0.02, 0.09)), float(rng.uniform(0.2, 0.8)), where)
    _dim(image, line, rng.uniform(0.35, 0.75))


def leaves(image, labels, where, spot, view, rng) -> None:
    """Scattered leaves or litter flatter than a thing, of few colours, close to the ground's brightness."""
    count, spread = int(rng.integers(15, 120)), rng.uniform(0.5, 4)
    here = max(float(image[spot.foot].mean()), 20.0)
    colour = np.array(((190, 130, 60), (150, 150, 60), (120, 80, 50), (200, 180, 120))[rng.integers(4)], np.float32)
    centres = rng.normal(0, spread, (count, 2))
    leaf = np.array([(0, -1), (0.6, 0), (0, 1), (-0.6, 0)]) * rng.uniform(0.03, 0.07)
    patch = fill([project(spot, c + leaf) for c in centres], 0.3, where)
    if patch:
        mix(image, patch.window, patch.alpha * np.float32(rng.uniform(0.4, 0.9)), colour * (here / 120))


def verge(image, labels, where, spot, view, rng) -> None:
    """A strip of grass or pale gravel along the road; grass becomes terrain, gravel stays road."""
    row = np.flatnonzero(where[spot.foot[0]])
    left, grass = rng.random() < 0.5, rng.random() < 0.6
    spot = spot._replace(foot=(spot.foot[0], int(row[0] if left else row[-1])))
    inside, outside = rng.uniform(0.2, 1.2) * (1 if left else -1), -3 if left else 3
    near = -0.8 * spot.distance
    patch = fill([project(spot, [(outside, near), (inside, near), (inside, 150), (outside, 150)])], 1.0, where)
    if patch is None:
        return
    base = rng.uniform((70, 90, 30), (150, 170, 90)) if grass else rng.uniform(120, 230) * rng.uniform(0.85, 1, 3)
    grain = blotches(patch.alpha.shape, 2, rng)[..., None] - np.float32(0.5)
    light = np.clip(image[patch.window].mean() / 110, 0.3, 1.2)
    mix(image, patch.window, patch.alpha, ((base + grain * rng.uniform(10, 50)) * light).astype(np.float32))
    if grass:
        labels[patch.window][patch.alpha > 0.5] = TRAIN_ID["terrain"]


STAINS: tuple[Stain, ...] = (
    shadow,
    shadow,
    pole_shadow,
    pole_shadow,
    dapple,
    repair,
    repair,
    seam,
    seam,
    wet,
    cover,
    cover,
    crack,
    crack,
    leaves,
    verge,
)
"""As often as they are chosen."""


def _dim(image, patch, gain) -> None:
    if patch:
        dim(image, patch.window, patch.alpha, gain)


def _thick(spot: Spot, metres: float) -> int:
    return int(np.clip(round(spot.metre * metres), 1, 5))


def _polygon(rng: np.random.Generator, wide: float, long: float) -> np.ndarray:
    """A rounded or angular area about so large, metres, [n, 2]."""
    count = int(rng.integers(4, 12))
    angles = np.sort(rng.uniform(0, 2 * np.pi, count))
    return rng.uniform(0.5, 1, (count, 1)) * np.stack([wide * np.cos(angles), long * np.sin(angles)], 1) / 2
