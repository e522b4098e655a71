"""What is painted on the drawn road: lines, crossings, arrows."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from unexpected_core.drawing.model.plan import PANEL, Paint, World

Points = tuple[tuple[float, float], ...]
"""A polygon on the road: (along, across), metres."""


def strip(s0: float, s1: float, d0: float, d1: float) -> Points:
    """A strip of road between two places along it and two across."""
    steps = max(1, int((s1 - s0) / 3.0))
    along = [s0 + (s1 - s0) * i / steps for i in range(steps + 1)]
    return tuple((s, d0) for s in along) + tuple((s, d1) for s in reversed(along))


def add_markings(world: World, random: Random, length: int) -> None:
    """Lines between lanes and along edges, zebra crossings, stop lines, arrows; some roads have none."""
    tint = random.choice(((226, 226, 222), (226, 226, 222), (206, 206, 200), (214, 180, 70)))
    alpha = random.uniform(0.45, 0.95)
    white = (226, 226, 222) if tint[2] > 100 else tint
    if random.random() < 0.12:
        return
    polygons = (*_lines(world, random, length), *_crossings(world, random), *_arrows(world, random, length))
    world.paints += [Paint(points, white, alpha, worn=True) for points in polygons]


def _lines(world: World, random: Random, length: int) -> Iterator[Points]:
    left, right = world.lanes
    for lane in range(-left + 1, right):
        yield from _line(random, length, lane * world.lane, dashed=lane != 0 or random.random() < 0.6)
    for sign, lanes in ((-1, left), (1, right)):
        if random.random() < 0.5:
            yield from _line(random, length, sign * (lanes * world.lane), dashed=False, width=0.12)


def _line(random: Random, length: int, d: float, dashed: bool, width: float = 0.13) -> Iterator[Points]:
    period, on = (random.choice((6.0, 9.0, 12.0)), random.choice((3.0, 4.0))) if dashed else (6.0, 6.0)
    for i in range(int(length / period)):
        yield strip(i * period, i * period + on, d - width / 2, d + width / 2)


def _crossings(world: World, random: Random) -> Iterator[Points]:
    """Zebra crossings and stop lines, where side streets are."""
    for panel in world.gaps[1] + world.gaps[-1]:
        s = panel * PANEL - 4.5
        if random.random() < 0.5:
            d = -world.sides[-1].edge + 0.4
            while d < world.sides[1].edge - 0.5:
                yield strip(s, s + 3.2, d, d + 0.5)
                d += 1.0
        if random.random() < 0.5:
            yield strip(s - 2.0, s - 1.6, 0.1, world.lanes[1] * world.lane)


def _arrows(world: World, random: Random, length: int) -> Iterator[Points]:
    if random.random() >= 0.3:
        return
    for s in range(50, length, 45):
        for lane in range(world.lanes[1]):
            d = (lane + 0.5) * world.lane
            yield strip(s, s + 3.0, d - 0.08, d + 0.08)
            yield (s + 3.0, d - 0.35), (s + 4.4, d), (s + 3.0, d + 0.35)
