"""What else lies flat on a road: shadows, water, repairs, covers, cracks, leaves, verges. All of it is expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from unexpected_core.discrepancy_data.pasting.blend import dim, mix
from unexpected_core.discrepancy_data.pasting.ground import Patch, Spot, blotches, choose_spot, fill, project
from unexpected_core.discrepancy_data.pasting.place import BESIDE, ROAD, View
from unexpected_core.labels import TRAIN_ID


class Site(NamedTuple):
    """Where a stain is laid: image RGB uint8 [H, W, 3], labels uint8 [H, W], where it may lie bool [H, W], its spot.

    Shapes and paths are in metres around the spot, [n, 2]: to the right, and away from the camera.
    """

    image: np.ndarray
    labels: np.ndarray
    where: np.ndarray
    spot: Spot
    view: View

    def fill(self, *shapes: np.ndarray | Sequence, soft: float) -> Patch | None:
        """The ground that the shapes cover; soft: width of their edges in pixels."""
        return fill([project(self.spot, shape) for shape in shapes], float(soft), self.where)

    def line(self, path: np.ndarray, wide: float, soft: float) -> Patch | None:
        """The ground under a line, float [n, 2], so wide in metres: 1 to 5 pixels."""
        thickness = int(np.clip(round(self.spot.metre * wide), 1, 5))
        return fill([project(self.spot, path)], float(soft), self.where, thickness)

    def dim(self, patch: Patch | None, gain: float | np.ndarray) -> None:
        """Times gain, one factor or float [3] for red, green and blue."""
        if patch:
            dim(self.image, patch.window, patch.alpha, gain)


Stain = Callable[[Site, np.random.Generator], None]
"""Changes the image; a verge the labels, too."""


def lay_stain(
    image: np.ndarray, labels: np.ndarray, view: View, camera_height: float, stain: Stain, rng: np.random.Generator
) -> None:
    """One stain on the road, if there is any; shadows also fall on the ground beside it.

    Changes image RGB uint8 [H, W, 3] where labels uint8 [H, W] allow it."""
    where = np.isin(labels, (ROAD, *BESIDE)) if stain in (pole_shadow, shadow, dapple) else labels == ROAD
    spot = choose_spot(where, view, camera_height, rng)
    if spot is not None:
        stain(Site(image, labels, where, spot, view), rng)


def shadow(on: Site, rng: np.random.Generator) -> None:
    """Of a house, a bridge, a parked lorry."""
    shape = _polygon(rng, rng.uniform(1, 9), rng.uniform(0.5, 8))
    on.dim(on.fill(shape, soft=rng.uniform(0.5, 4)), rng.uniform(0.3, 0.75))


def pole_shadow(on: Site, rng: np.random.Generator) -> None:
    """Of one or several poles or trunks, across the road."""
    angle, wide, gap = rng.uniform(-1.2, 1.2), rng.uniform(0.08, 0.5), rng.uniform(1, 6)
    across, along = np.array((np.cos(angle), np.sin(angle))), np.array((-np.sin(angle), np.cos(angle)))
    left, right = -across * rng.uniform(3, 15), across * rng.uniform(3, 15)
    bar = np.array([left, right, right + wide * along, left + wide * along])
    bars = [bar + np.array((0, i * gap)) for i in range(rng.integers(1, 4))]
    on.dim(on.fill(*bars, soft=rng.uniform(0.4, 2)), rng.uniform(0.35, 0.8))


def dapple(on: Site, rng: np.random.Generator) -> None:
    """Light through leaves."""
    patch = on.fill(_polygon(rng, rng.uniform(2, 8), rng.uniform(2, 10)), soft=4)
    if patch:
        noise = blotches(patch.alpha.shape, max(2, round(on.spot.metre * rng.uniform(0.1, 0.5))), rng)
        leaves = np.clip((noise - rng.uniform(0.3, 0.6)) * 6, 0, 1).astype(np.float32)
        dim(on.image, patch.window, patch.alpha * leaves, rng.uniform(0.35, 0.7))


def repair(on: Site, rng: np.random.Generator) -> None:
    """Newer or older tarmac, straight edges, sometimes sealed around."""
    turn, (wide, long) = rng.normal(0, 0.1), rng.uniform(0.4, 4, 2) * (1, 2)
    box = np.array([(0, 0), (wide, turn * wide), (wide, long), (0, long)]) - (wide / 2, 0)
    gain = rng.uniform(0.55, 0.9) if rng.random() < 0.7 else rng.uniform(1.1, 1.3)
    on.dim(on.fill(box, soft=rng.uniform(0, 1)), gain)
    if rng.random() < 0.3:
        on.dim(on.line(np.concatenate([box, box[:1]]), 0.06, 0.4), rng.uniform(0.3, 0.6))


def seam(on: Site, rng: np.random.Generator) -> None:
    """Where one road surface ends and another begins, across the road or along it; tar, or water, in between."""
    far, near, turn = 150.0, -0.8 * on.spot.distance, rng.normal(0, 0.2)
    steps = np.linspace(-1, 1, 40)
    if rng.random() < 0.5:  # across; the other surface lies beyond
        line = np.stack([30 * steps, 30 * turn * steps], 1)
        other = np.concatenate([line, [(30, far), (-30, far)]])
    else:  # along; the other surface lies to the right
        ahead = near + (far - near) * (steps / 2 + 0.5) ** 3
        line = np.stack([np.zeros(40), ahead], 1)
        other = np.concatenate([line, [(30, far), (30, near)]])
    gain = rng.uniform(0.55, 0.9) if rng.random() < 0.5 else rng.uniform(1.1, 1.5)
    on.dim(on.fill(other, soft=rng.uniform(0.3, 1.5)), gain * rng.uniform(0.95, 1.05, 3))
    if rng.random() < 0.6:
        edge = line + rng.normal(0, rng.uniform(0.0, 0.15), line.shape)
        on.dim(on.line(edge, rng.uniform(0.03, 0.4), 0.6), rng.uniform(0.35, 0.8))


def wet(on: Site, rng: np.random.Generator) -> None:
    """A puddle or wet patch: darker, and mirrors what stands above."""
    patch = on.fill(_polygon(rng, rng.uniform(0.4, 4), rng.uniform(0.4, 4)), soft=1)
    if patch:
        rows = np.arange(patch.window[0].start, patch.window[0].stop)
        mirrored = np.clip(2 * on.view.horizon - rows, 0, len(on.image) - 1).astype(int)
        above = on.image[mirrored, patch.window[1]].astype(np.float32)
        on.dim(patch, rng.uniform(0.5, 0.9))
        mix(on.image, patch.window, patch.alpha * np.float32(rng.uniform(0.1, 0.6)), above)


def cover(on: Site, rng: np.random.Generator) -> None:
    """A manhole: round or square, a darker or lighter plate in a ring."""
    radius = rng.uniform(0.25, 0.45)
    corners = 4 if rng.random() < 0.25 else 20
    angles = np.arange(corners) * 2 * np.pi / corners + np.pi / 4
    circle = radius * np.stack([np.cos(angles), np.sin(angles)], 1)
    on.dim(on.fill(circle, soft=0.3), rng.uniform(0.45, 0.85))
    plate = rng.uniform(0.6, 1.5)
    on.dim(on.fill(circle * 0.8, soft=0.3), plate)


def crack(on: Site, rng: np.random.Generator) -> None:
    """A crack, or the tar that seals it: a dark line that wanders."""
    steps = int(rng.integers(6, 24))
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.5, steps))
    path = np.cumsum(rng.uniform(0.15, 0.8) * np.stack([np.cos(heading), np.sin(heading)], 1), 0)
    on.dim(on.line(path, rng.uniform(0.02, 0.09), rng.uniform(0.2, 0.8)), rng.uniform(0.35, 0.75))


def leaves(on: Site, rng: np.random.Generator) -> None:
    """Scattered leaves or litter flatter than a thing, of few colours, close to the ground's brightness."""
    count, spread = int(rng.integers(15, 120)), rng.uniform(0.5, 4)
    here = max(float(on.image[on.spot.foot].mean()), 20.0)
    colour = np.array(((190, 130, 60), (150, 150, 60), (120, 80, 50), (200, 180, 120))[rng.integers(4)], np.float32)
    centres = rng.normal(0, spread, (count, 2))
    leaf = np.array([(0, -1), (0.6, 0), (0, 1), (-0.6, 0)]) * rng.uniform(0.03, 0.07)
    patch = on.fill(*(c + leaf for c in centres), soft=0.3)
    if patch:
        mix(on.image, patch.window, patch.alpha * np.float32(rng.uniform(0.4, 0.9)), colour * (here / 120))


def verge(on: Site, rng: np.random.Generator) -> None:
    """A strip of grass or pale gravel along the road; grass becomes terrain, gravel stays road."""
    row = np.flatnonzero(on.where[on.spot.foot[0]])
    left, grass = rng.random() < 0.5, rng.random() < 0.6
    on = on._replace(spot=on.spot._replace(foot=(on.spot.foot[0], int(row[0] if left else row[-1]))))
    inside, outside = rng.uniform(0.2, 1.2) * (1 if left else -1), -3 if left else 3
    near = -0.8 * on.spot.distance
    patch = on.fill([(outside, near), (inside, near), (inside, 150), (outside, 150)], soft=1)
    if patch is None:
        return
    base = rng.uniform((70, 90, 30), (150, 170, 90)) if grass else rng.uniform(120, 230) * rng.uniform(0.85, 1, 3)
    grain = blotches(patch.alpha.shape, 2, rng)[..., None] - np.float32(0.5)
    light = np.clip(on.image[patch.window].mean() / 110, 0.3, 1.2)
    mix(on.image, patch.window, patch.alpha, ((base + grain * rng.uniform(10, 50)) * light).astype(np.float32))
    if grass:
        on.labels[patch.window][patch.alpha > 0.5] = TRAIN_ID["terrain"]


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


def _polygon(rng: np.random.Generator, wide: float, long: float) -> np.ndarray:
    """A rounded or angular area about so large, metres, [n, 2]."""
    count = int(rng.integers(4, 12))
    angles = np.sort(rng.uniform(0, 2 * np.pi, count))
    return rng.uniform(0.5, 1, (count, 1)) * np.stack([wide * np.cos(angles), long * np.sin(angles)], 1) / 2
