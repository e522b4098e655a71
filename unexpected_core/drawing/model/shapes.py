"""Shapes of the drawn world: flat faces in a local frame (right, forward, up; metres), with texture, tints and
label."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from random import Random

import numpy as np

from unexpected_core.drawing.model.textures import INDEX
from unexpected_core.labels import IGNORE, TRAIN_ID

Colour = tuple[float, float, float]
DARK: Colour = (28, 28, 30)
GLASS: Colour = (48, 56, 64)


def sin_cos(angle: float) -> tuple[float, float]:
    """Sine and cosine rounded to 1e-9, so that the last bit of a platform's libm does not matter."""
    return round(math.sin(angle), 9), round(math.cos(angle), 9)


class Shape:
    """A thing made of faces, painted in order; closed faces are skipped when seen from behind.

    Filled by `face` and its friends, then frozen by `finish` into arrays. Faces of a `flat` shape (a billboard
    turned to the camera) are always seen.
    """

    def __init__(self, label: str | None, flat: bool = False) -> None:
        self.label = IGNORE if label is None else TRAIN_ID[label]
        self.flat = flat
        self._faces: list[tuple] = []
        self._points: list[tuple[float, ...]] = []

    def face(
        self,
        points: Sequence[Sequence[float]] | np.ndarray,
        texture: str,
        tint: Colour,
        second: Colour | None = None,
        *,
        label: str | None = None,
        glow: float = 0.0,
    ) -> None:
        """Add a planar polygon [N, 3]; counter-clockwise seen from outside. glow: own light, 0..1, seen by day and
        night."""
        corners = [tuple(map(float, point)) for point in points]
        normal = _normal(corners)
        own = self.label if label is None else TRAIN_ID[label]
        self._faces.append((len(corners), INDEX[texture], tint, second or tint, own, glow, normal, *_axes(normal)))
        self._points += corners

    def flat_polygon(
        self,
        points: Iterable[tuple[float, float]],
        texture: str,
        tint: Colour,
        second: Colour | None = None,
        *,
        label: str | None = None,
        glow: float = 0.0,
        forward: float = 0.0,
    ) -> None:
        """A polygon in the plane that faces the viewer: (right, up) pairs, clockwise or not."""
        corners = [(float(x), forward, float(z)) for x, z in points]
        if sum(a[0] * b[2] - b[0] * a[2] for a, b in pairwise([*corners, corners[0]])) < 0:
            corners.reverse()
        self.face(corners, texture, tint, second, label=label, glow=glow)

    def flat_rectangle(
        self,
        x: tuple[float, float],
        z: tuple[float, float],
        texture: str,
        tint: Colour,
        second: Colour | None = None,
        *,
        label: str | None = None,
        glow: float = 0.0,
    ) -> None:
        """A flat polygon with level and upright edges, (left, right) and (low, high)."""
        (x0, x1), (z0, z1) = x, z
        self.flat_polygon([(x0, z0), (x1, z0), (x1, z1), (x0, z1)], texture, tint, second, label=label, glow=glow)

    def side(self, x: float, outline: Iterable[tuple[float, float]], texture: str, tint: Colour) -> None:
        """A face at x that looks away from the middle. outline: (forward, up) pairs, as one goes round a right side."""
        points = [(x, y, z) for y, z in outline]
        self.face(points if x > 0 else points[::-1], texture, tint)

    def across(
        self, x: tuple[float, float], y: float, z: tuple[float, float], texture: str, tint: Colour, glow: float = 0.0
    ) -> None:
        """A rectangle across the road, seen from behind; from ahead if x or z goes from the greater to the smaller."""
        (x0, x1), (z0, z1) = x, z
        self.face([(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)], texture, tint, glow=glow)

    def box(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        z: tuple[float, float],
        texture: str,
        tint: Colour,
        second: Colour | None = None,
        *,
        label: str | None = None,
        top: Colour | None = None,
    ) -> None:
        """Five faces of a box (no underside); y = forward."""
        (x0, x1), (y0, y1), (z0, z1) = x, y, z
        ring = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        for a, b in pairwise((*ring, ring[0])):
            self.face(((*a, z0), (*b, z0), (*b, z1), (*a, z1)), texture, tint, second, label=label)
        self.face([(*corner, z1) for corner in ring], texture, top or tint, second, label=label)

    def extrude(
        self,
        profile: Sequence[tuple[float, float]],
        half_width: float,
        texture: str,
        tint: Colour,
        second: Colour | None = None,
        *,
        half_top: float | None = None,
        tints: dict[int, Colour] | None = None,
    ) -> None:
        """A side profile of (forward, up) pairs, clockwise from the lower rear, swept from -half_width to half_width.

        half_top narrows the points above the lowest ones (a cabin). tints: other colours for single edges.
        """
        low = min(z for _, z in profile)
        half = [half_width if half_top is None or z <= low + 1e-6 else half_top for _, z in profile]
        right = [(h, y, z) for h, (y, z) in zip(half, profile, strict=True)]
        left = [(-h, y, z) for h, (y, z) in zip(half, profile, strict=True)]
        for i in range(len(profile)):
            j = (i + 1) % len(profile)
            self.face((left[i], right[i], right[j], left[j]), texture, (tints or {}).get(i, tint), second)
        self.face(right[::-1], texture, tint, second)
        self.face(left, texture, tint, second)

    def finish(self) -> Shape:
        """Freeze the lists into arrays; returns itself."""
        counts, textures, tints, seconds, labels, glows, normals, us, vs = zip(*self._faces, strict=True)
        self.points = np.array(self._points)  # [P, 3]
        self.counts = np.array(counts)  # [F]
        self.starts = np.concatenate(([0], np.cumsum(self.counts)[:-1]))
        self.textures = np.array(textures)
        self.tints = np.array(tints, np.float64)  # [F, 3]
        self.seconds = np.array(seconds, np.float64)
        self.labels = np.array(labels, np.uint8)
        self.glows = np.array(glows, np.float64)
        self.normals, self.us, self.vs = np.array(normals), np.array(us), np.array(vs)  # [F, 3]
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        self.low, self.high = low, high
        self.radius = float(np.abs(self.points[:, :2]).max())
        return self


Builder = Callable[[Random], Shape]
"""Makes one thing of a family, whatever the dice say."""


def _normal(corners: list[tuple[float, ...]]) -> tuple[float, float, float]:
    """Unit normal of a polygon (Newell)."""
    x = y = z = 0.0
    for (x0, y0, z0), (x1, y1, z1) in pairwise([*corners, corners[0]]):
        x, y, z = x + (y0 - y1) * (z0 + z1), y + (z0 - z1) * (x0 + x1), z + (x0 - x1) * (y0 + y1)
    length = max(math.sqrt(x * x + y * y + z * z), 1e-9)
    return x / length, y / length, z / length


def _axes(normal: tuple[float, float, float]) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Directions u and v of a face's texture: level and down on a wall, right and forward on the ground."""
    if abs(normal[2]) >= 0.8:
        return (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
    level = max(math.sqrt(normal[0] * normal[0] + normal[1] * normal[1]), 1e-9)
    return (-normal[1] / level, normal[0] / level, 0.0), (0.0, 0.0, -1.0)


def disc(x: float, z: float, radius: float, sides: int = 12, squash: float = 1.0) -> list[tuple[float, float]]:
    """Corners (right, up) of a regular polygon, flattened by `squash`."""
    return [
        (x + radius * c, z + radius * squash * s) for s, c in (sin_cos(2 * math.pi * i / sides) for i in range(sides))
    ]


def rounded(points: Sequence[tuple[float, float]], rounds: int = 2) -> list[tuple[float, float]]:
    """Cut the corners of a closed outline (Chaikin), so that it looks grown and not sawn."""
    outline = [(float(x), float(z)) for x, z in points]
    for _ in range(rounds):
        outline = [
            point
            for (x0, z0), (x1, z1) in zip(outline, outline[1:] + outline[:1], strict=True)
            for point in (
                (0.75 * x0 + 0.25 * x1, 0.75 * z0 + 0.25 * z1),
                (0.25 * x0 + 0.75 * x1, 0.25 * z0 + 0.75 * z1),
            )
        ]
    return outline


def scaled(colour: Colour, factor: float) -> Colour:
    """A colour made lighter or darker, clipped to 0..255."""
    return tuple(min(255.0, max(0.0, part * factor)) for part in colour)  # type: ignore[return-value]
