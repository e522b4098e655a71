"""People of the drawn world, on foot, on bicycles and on motorcycles: billboards that face the camera."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import NamedTuple

from unexpected_core.drawing.model.shapes import DARK, Colour, Shape, disc, rounded, scaled
from unexpected_core.drawing.things.traffic import PAINTS

CLOTHES: tuple[Colour, ...] = (
    (40, 44, 60),
    (30, 30, 34),
    (150, 40, 44),
    (60, 90, 140),
    (200, 196, 186),
    (110, 110, 116),
    (64, 84, 60),
    (190, 160, 110),
    (120, 70, 110),
    (220, 130, 40),
)
SKIN: tuple[Colour, ...] = ((214, 170, 146), (186, 140, 112), (120, 84, 64), (84, 58, 46))


HAIR: tuple[Colour, ...] = ((36, 28, 24), (80, 60, 40), (150, 130, 100), (60, 60, 64))
HELMETS: tuple[Colour, ...] = ((220, 220, 220), (30, 30, 30), (170, 30, 30))


class _Body(NamedTuple):
    """Where a human's parts are. base: height of the feet; lean: of the shoulders, to the right; metres."""

    base: float
    hip: float
    shoulder: float
    head: float
    lean: float
    stride: float
    seated: bool


def _human(shape: Shape, random: Random, label: str, base: float, lean: float, stride: float, seated: bool) -> None:
    height = random.uniform(1.6, 1.88)
    scale, skin, coat, trousers = height / 1.75, random.choice(SKIN), random.choice(CLOTHES), random.choice(CLOTHES[:6])
    hip, shoulder, head = base + 0.86 * scale, base + 1.44 * scale, base + 1.62 * scale
    body = _Body(base, hip, shoulder, head, lean, stride, seated)
    for points, texture, tint in (
        *(_bent_legs(body, trousers) if seated else _straight_legs(body, trousers)),
        ([*rounded(_coat(body), 1)], "cloth", coat),
        *_arms(body, coat, skin),
        (disc(lean, head, 0.115, 10, 1.25), "cloth", skin),
        (_top_of_head(body), "cloth", random.choice(HELMETS if seated else HAIR)),
    ):
        shape.flat_polygon(points, texture, tint, label=label)


Part = tuple[list[tuple[float, float]], str, Colour]
"""Points (right, up), texture and tint."""


def _straight_legs(body: _Body, trousers: Colour) -> Iterator[Part]:
    base, hip = body.base, body.hip
    for side, tone in ((-1, 0.8), (1, 1.0)):
        foot = side * body.stride
        leg = [
            (side * 0.05 - 0.1, hip),
            (side * 0.05 + 0.1, hip),
            (foot * 0.6 + 0.07, base + 0.45),
            (foot + 0.06, base + 0.04),
            (foot - 0.06, base + 0.04),
            (foot * 0.6 - 0.08, base + 0.45),
        ]
        yield leg, "cloth", scaled(trousers, tone)
        shoe = [(foot - 0.07, base), (foot + 0.12, base), (foot + 0.1, base + 0.08), (foot - 0.07, base + 0.08)]
        yield shoe, "plain", DARK


def _bent_legs(body: _Body, trousers: Colour) -> Iterator[Part]:
    base, hip = body.base, body.hip
    legs = [
        (-0.16, hip + 0.05),
        (0.12, hip),
        (0.26, hip - 0.34),
        (0.12, base + 0.16),
        (0.02, base + 0.16),
        (0.1, hip - 0.3),
    ]
    yield legs, "cloth", trousers


def _coat(body: _Body) -> list[tuple[float, float]]:
    x, hip, shoulder = body.lean, body.hip, body.shoulder
    return [
        (-0.2, hip - 0.04),
        (0.19, hip - 0.04),
        (x + 0.23, shoulder - 0.06),
        (x + 0.14, shoulder + 0.04),
        (x - 0.14, shoulder + 0.04),
        (x - 0.23, shoulder - 0.06),
    ]


def _arms(body: _Body, coat: Colour, skin: Colour) -> Iterator[Part]:
    x, shoulder = body.lean, body.shoulder
    for side in (-1, 1):
        hand = -side * body.stride * 0.7 + side * 0.1 if not body.seated else 0.45
        low = body.hip - 0.02 if not body.seated else body.hip + 0.18
        sleeve = [
            (x + side * 0.17, shoulder),
            (x + side * 0.26, shoulder - 0.08),
            (side * 0.2 + hand * 0.6 + 0.06, low),
            (side * 0.2 + hand * 0.6 - 0.06, low),
        ]
        yield sleeve, "cloth", scaled(coat, 0.8 + 0.1 * side)
        yield disc(side * 0.2 + hand * 0.6, low - 0.04, 0.055, 7), "plain", skin


def _top_of_head(body: _Body) -> list[tuple[float, float]]:
    """Hair, or a helmet."""
    return [(x, z) for x, z in disc(body.lean, body.head + 0.04, 0.125, 12, 1.1) if z > body.head + 0.03]


@cache
def person(variant: int) -> Shape:
    """Somebody standing or walking; some carry a bag."""
    random = Random(f"person {variant}")
    shape = Shape("person", flat=True)
    _human(shape, random, "person", 0.0, random.uniform(-0.05, 0.05), random.choice((0.06, 0.12, 0.22, 0.3)), False)
    if random.random() < 0.3:
        side = random.choice((-0.26, 0.26))
        bag = [(side - 0.1, 0.55), (side + 0.1, 0.55), (side + 0.09, 0.85), (side - 0.09, 0.85)]
        shape.flat_polygon(bag, "cloth", random.choice(CLOTHES))
    return shape.finish()


def _tube(
    shape: Shape, start: tuple[float, float], end: tuple[float, float], width: float, tint: Colour, label: str
) -> None:
    (x0, z0), (x1, z1) = start, end
    length = max(((x1 - x0) ** 2 + (z1 - z0) ** 2) ** 0.5, 1e-6)
    nx, nz = -(z1 - z0) / length * width / 2, (x1 - x0) / length * width / 2
    shape.flat_polygon(
        [(x0 + nx, z0 + nz), (x1 + nx, z1 + nz), (x1 - nx, z1 - nz), (x0 - nx, z0 - nz)], "plain", tint, label=label
    )


_JOINTS = {
    "rear": (-0.52, 0.34),
    "pedal": (-0.05, 0.3),
    "seat": (-0.18, 0.86),
    "head": (0.36, 0.88),
    "front": (0.52, 0.34),
    "bar": (0.3, 1.02),
}
"""Where the tubes of a bicycle's frame meet, from its side: (forward, up), metres."""
_TUBES = ("rear pedal", "pedal head", "pedal seat", "seat head", "rear seat", "head front", "head bar")


def _cycle(shape: Shape, random: Random, label: str, wide: float) -> None:
    """Two wheels and a frame, seen from the side if `wide` is 1, from behind if it is small."""
    tint = random.choice(PAINTS)
    for x in (-0.52 * wide, 0.52 * wide):
        outer, inner = disc(x, 0.34, 0.34, 16), disc(x, 0.34, 0.27, 16)
        ring = [(x + (a - x) * max(wide, 0.12), b) for a, b in outer + outer[:1] + inner[::-1][-1:] + inner[::-1]]
        shape.flat_polygon(ring, "plain", (30, 30, 32), label=label)
    joints = {name: (x * wide, z) for name, (x, z) in _JOINTS.items()}
    for tube in _TUBES:
        start, end = tube.split()
        _tube(shape, joints[start], joints[end], 0.055, tint, label)
    x, z = joints["seat"]
    saddle = [(x - 0.13, z + 0.08), (x + 0.13, z + 0.08), (x + 0.1, z), (x - 0.08, z)]
    shape.flat_polygon(saddle, "plain", DARK, label=label)


@cache
def bicycle(variant: int) -> Shape:
    """A parked bicycle."""
    random = Random(f"bicycle {variant}")
    shape = Shape("bicycle", flat=True)
    _cycle(shape, random, "bicycle", random.choice((1.0, 0.8, 0.5)))
    return shape.finish()


@cache
def cyclist(variant: int) -> Shape:
    """A rider on a bicycle, mostly from behind."""
    random = Random(f"cyclist {variant}")
    shape, wide = Shape("rider", flat=True), random.choice((0.12, 0.12, 0.25, 1.0))
    _cycle(shape, random, "bicycle", wide)
    _human(shape, random, "rider", 0.12, 0.12 * wide, 0.08, True)
    return shape.finish()


@cache
def motorcyclist(variant: int) -> Shape:
    """A rider on a motorcycle from behind."""
    random = Random(f"motorcyclist {variant}")
    shape, paint = Shape("rider", flat=True), random.choice(PAINTS)
    shape.flat_polygon(disc(0, 0.32, 0.32, 12), "plain", (26, 26, 28), label="motorcycle")
    body = [(-0.2, 0.3), (0.2, 0.3), (0.28, 0.7), (0.18, 0.95), (-0.18, 0.95), (-0.28, 0.7)]
    shape.flat_polygon(body, "metal", paint, label="motorcycle")
    shape.flat_rectangle((-0.1, 0.1), (0.66, 0.74), "plain", (190, 30, 30), label="motorcycle", glow=0.8)
    _tube(shape, (-0.42, 1.02), (0.42, 1.02), 0.06, DARK, "motorcycle")
    _human(shape, random, "rider", 0.06, 0.0, 0.06, True)
    return shape.finish()
