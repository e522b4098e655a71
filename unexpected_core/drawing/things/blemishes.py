"""Blemishes of the drawn road, flat on the ground: the hard negatives of obstacle detection."""

from __future__ import annotations

from random import Random

from unexpected_core.drawing.model.plan import Paint, World
from unexpected_core.drawing.things.paint import strip

_CIRCLE = (
    (1.0, 0.0),
    (0.809, 0.588),
    (0.309, 0.951),
    (-0.309, 0.951),
    (-0.809, 0.588),
    (-1.0, 0.0),
    (-0.809, -0.588),
    (-0.309, -0.951),
    (0.309, -0.951),
    (0.809, -0.588),
)


def add_blemishes(world: World, random: Random, length: int) -> None:
    """What an obstacle detector must not report: patches, cracks, seams, stains, manholes, puddles of shadow,
    leaves."""
    low, high = -world.sides[-1].edge, world.sides[1].edge
    for blemish, per_100_m in BLEMISHES.items():
        for _ in range(int(per_100_m * world.wear * length / 100 + random.random())):
            blemish(world.paints, random, length, low, high)


def _patch(paints: list[Paint], random: Random, length: int, low: float, high: float) -> None:
    """Newer or older asphalt, with its seams."""
    s, d, long, wide = (
        random.uniform(30, length),
        random.uniform(low, high - 1),
        random.choice((random.uniform(0.6, 3), random.uniform(4, 30))),
        random.uniform(0.5, 2.6),
    )
    tone = random.choice((30, 38, 44, 150))
    end = min(d + wide, high - 0.05)
    paints.insert(0, Paint(strip(s, s + long, d, end), (tone, tone, tone), random.uniform(0.15, 0.6)))
    if random.random() < 0.5:
        paints.append(Paint(strip(s - 0.04, s + 0.03, d, end), (26, 26, 26), 0.6))
        paints.append(Paint(strip(s, s + long, d - 0.03, d + 0.03), (26, 26, 26), 0.5))


def _crack(paints: list[Paint], random: Random, length: int, low: float, high: float) -> None:
    """A crack, perhaps filled with tar."""
    s, d, heading = random.uniform(30, length), random.uniform(low, high), random.choice((0.1, 0.1, 1.4))
    half, there, back = random.choice((0.012, 0.02, 0.04)), [], []
    for _ in range(random.randint(4, 14)):
        there.append((s, d - half))
        back.append((s, d + half))
        s, d = (
            s + random.uniform(0.2, 0.6) * (1 if heading < 1 else 0.3),
            d + random.uniform(-0.2, 0.2) * (1 if heading < 1 else 3),
        )
    paints.append(Paint(tuple(there + back[::-1]), (22, 22, 23), random.uniform(0.5, 0.85)))


def _stain(paints: list[Paint], random: Random, length: int, low: float, high: float) -> None:
    """A stain or a damp spot."""
    s, d, size = random.uniform(30, length), random.uniform(low, high), random.uniform(0.1, 0.9)
    tone, alpha = random.choice((18, 24, 30, 170)), random.uniform(0.1, 0.45)
    for grow in (1.0, 0.7):
        outline = tuple(
            (s + grow * size * random.uniform(0.6, 1.3) * x, d + grow * size * random.uniform(0.4, 0.8) * y)
            for x, y in _CIRCLE
        )
        paints.append(Paint(outline, (tone, tone, tone), alpha / 2))


def _manhole(paints: list[Paint], random: Random, length: int, low: float, high: float) -> None:
    """A manhole, or a drain at the kerb."""
    s, d, tone = random.uniform(35, length), random.uniform(low + 0.5, high - 0.5), random.uniform(40, 76)
    if random.random() < 0.65:
        for radius, grey in ((0.36, tone * 1.5), (0.32, tone * 0.6), (0.29, tone)):
            paints.append(Paint(tuple((s + radius * x, d + radius * y) for x, y in _CIRCLE), (grey, grey, grey), 0.9))
    else:
        d = random.choice((low + 0.25, high - 0.25))
        paints.append(Paint(strip(s, s + 0.5, d - 0.2, d + 0.2), (40, 40, 42), 0.9))


def _litter(paints: list[Paint], random: Random, length: int, low: float, high: float) -> None:
    """Leaves, flat on the ground."""
    s, d = random.uniform(30, length), random.choice((random.uniform(low, high), low + 0.3, high - 0.3))
    tint = random.choice(((120, 90, 40), (150, 120, 50), (90, 80, 50)))
    for _ in range(random.randint(3, 9)):
        a, b = s + random.uniform(-1, 1), d + random.uniform(-0.3, 0.3)
        paints.append(Paint(((a, b), (a + 0.06, b + 0.03), (a + 0.02, b + 0.09)), tint, 0.8))


BLEMISHES = {_patch: 2.5, _crack: 4, _stain: 2.5, _manhole: 1.8, _litter: 3}
"""How to paint one -> how many there are on 100 m of a road of wear 1."""
