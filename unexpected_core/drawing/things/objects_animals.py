"""Animals, from the side."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from unexpected_core.drawing.model.shapes import Colour, Shape, rounded, scaled

Outline = list[tuple[float, float]]
"""Points (forward, up) of an animal that looks to the right, metres."""


class Build(NamedTuple):
    """How long the parts of a four-legged animal are, metres; body: from belly to back."""

    length: float
    leg: float
    body: float
    neck: float
    head: float
    horns: float = 0.0
    tail: float = 0.4


def animal(random: Random, build: Build, coat: Colour, patch: Colour) -> Shape:
    """A four-legged animal from the side, seen as a billboard."""
    shape, side = Shape(None, flat=True), random.choice((-1, 1))
    length, leg, body, neck, head, horns, tail = build
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
    skull = ((-0.3, 0.3), (0.1, 0.35), (0.8, -0.05), (0.75, -0.3), (-0.1, -0.3))
    ear = ((-0.2, 0.25), (0, 0.3), (-0.25, 0.65))
    for outline, tone in ((skull, 1.05), (ear, 0.8)):
        yield [(x + head * right, z + head * up) for right, up in outline], tone
    crown = z + head * 0.3
    for lean in (-0.25, 0.35) if horns else ():
        tip = x + lean * horns
        horn = ((x - head * 0.1, crown), (x + head * 0.02, crown), (tip, crown + horns), (tip - 0.04, crown + horns))
        yield [*horn], 1.3


def _tail(half: float, leg: float, body: float, tail: float) -> Outline:
    return [
        (-half, leg + body * 0.85),
        (-half + 0.04, leg + body * 0.7),
        (-half - tail * 0.2, leg + body * 0.85 - tail),
        (-half - tail * 0.2 - 0.06, leg + body * 0.85 - tail),
    ]
