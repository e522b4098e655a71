"""Animals, from the side."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from unexpected_core.drawing.model.shapes import Colour, Shape, rounded, scaled

Outline = list[tuple[float, float]]
"""Points (forward, up) of an animal that looks to the right, metres."""


def animal(
    random: Random,
    length: float,
    leg: float,
    body: float,
    neck: float,
    head: float,
    coat: Colour,
    patch: Colour,
    horns: float = 0.0,
    tail: float = 0.4,
) -> Shape:
    """A four-legged animal from the side; metres, seen as a billboard."""
    shape, side = Shape(None, flat=True), random.choice((-1, 1))
    half = length / 2
    x, z = half + neck * 0.55, leg + body * 0.75 + neck * 0.75  # where head and neck meet
    for points, tone in (
        *_legs(random, half, leg, body),
        *_trunk(half, leg, body),
        (_neck(half, leg, body, x, z, head), 0.95),
        *_head(x, z, head, horns),
        (_tail(half, leg, body, tail), 0.8),
    ):
        outline = rounded([(side * forward, up) for forward, up in points])
        shape.flat_polygon(outline, "fur", scaled(coat, tone), scaled(patch, tone))
    return shape.finish()


def _legs(random: Random, half: float, leg: float, body: float) -> Iterator[tuple[Outline, float]]:
    """The far legs, darker, and the near ones: outlines and tones."""
    width = leg * 0.16 + 0.03
    for x, tone in ((-half * 0.62, 0.6), (half * 0.72, 0.6), (-half * 0.85, 0.85), (half * 0.5, 0.85)):
        bend = random.uniform(-0.14, 0.14) * leg
        outline = [
            (x - width * 0.8, leg + body * 0.3),
            (x + width * 0.8, leg + body * 0.3),
            (x + bend + width * 0.4, 0),
            (x + bend - width * 0.4, 0),
        ]
        yield outline, tone


def _trunk(half: float, leg: float, body: float) -> Iterator[tuple[Outline, float]]:
    """The body, and the shadow below it."""
    outline = [
        (-half, leg + body * 0.2),
        (-half * 0.7, leg),
        (0.0, leg - body * 0.08),
        (half * 0.7, leg + 0.02),
        (half, leg + body * 0.35),
        (half * 0.95, leg + body * 0.85),
        (half * 0.4, leg + body * 0.95),
        (-half * 0.4, leg + body * 0.93),
        (-half * 0.95, leg + body * 0.9),
    ]
    yield outline, 1.0
    below = [(-half * 0.9, leg + body * 0.15), (half * 0.9, leg + body * 0.2), (half * 0.6, leg), (-half * 0.6, leg)]
    yield below, 0.7


def _neck(half: float, leg: float, body: float, x: float, z: float, head: float) -> Outline:
    return [
        (half * 0.6, leg + body * 0.9),
        (half * 0.95, leg + body * 0.35),
        (x + head * 0.12, z - head * 0.1),
        (x - head * 0.2, z + head * 0.25),
    ]


def _head(x: float, z: float, head: float, horns: float) -> Iterator[tuple[Outline, float]]:
    """The head, an ear, and horns where there are any."""
    outline = [
        (x - head * 0.3, z + head * 0.3),
        (x + head * 0.1, z + head * 0.35),
        (x + head * 0.8, z - head * 0.05),
        (x + head * 0.75, z - head * 0.3),
        (x - head * 0.1, z - head * 0.3),
    ]
    yield outline, 1.05
    yield [(x - head * 0.2, z + head * 0.25), (x, z + head * 0.3), (x - head * 0.25, z + head * 0.65)], 0.8
    for lean in (-0.25, 0.35) if horns else ():
        horn = [
            (x - head * 0.1, z + head * 0.3),
            (x + head * 0.02, z + head * 0.3),
            (x + lean * horns, z + head * 0.3 + horns),
            (x + lean * horns - 0.04, z + head * 0.3 + horns),
        ]
        yield horn, 1.3


def _tail(half: float, leg: float, body: float, tail: float) -> Outline:
    return [
        (-half, leg + body * 0.85),
        (-half + 0.04, leg + body * 0.7),
        (-half - tail * 0.2, leg + body * 0.85 - tail),
        (-half - tail * 0.2 - 0.06, leg + body * 0.85 - tail),
    ]
