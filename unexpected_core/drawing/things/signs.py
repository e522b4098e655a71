"""Traffic signs."""

from __future__ import annotations

from functools import cache
from random import Random

from unexpected_core.drawing.model.shapes import DARK, Colour, Shape, disc
from unexpected_core.drawing.things.street import post

RED, WHITE, BLUE, YELLOW = (186, 34, 36), (232, 232, 228), (34, 80, 160), (226, 186, 46)


@cache
def sign(variant: int) -> Shape:
    """A traffic sign on its post: round, triangular, square, or a direction board."""
    random = Random(f"sign {variant}")
    shape, high = Shape("traffic sign", flat=True), random.uniform(2.1, 2.8)
    post(shape, high + 0.35, 0.032, (128, 130, 132), label="pole")
    SIGNS[random.randrange(5)](shape, random, high)
    return shape.finish()


def _plate(shape: Shape, x0: float, x1: float, z0: float, z1: float, tint: Colour) -> None:
    shape.flat_polygon([(x0, z0), (x1, z0), (x1, z1), (x0, z1)], "plain", tint)


def _round(shape: Shape, random: Random, high: float) -> None:
    for radius, tint in ((0.32, RED), (0.25, random.choice((WHITE, WHITE, BLUE)))):
        shape.flat_polygon(disc(0, high, radius, 16), "plain", tint)
    _plate(shape, -0.12, -0.03, high - 0.1, high + 0.1, DARK)
    _plate(shape, 0.03, 0.12, high - 0.1, high + 0.1, DARK)


def _triangle(shape: Shape, random: Random, high: float) -> None:
    for size, tint in ((0.4, RED), (0.27, WHITE)):
        shape.flat_polygon([(-size, high - size * 0.6), (size, high - size * 0.6), (0, high + size)], "plain", tint)
    _plate(shape, -0.03, 0.03, high - 0.1, high + 0.1, DARK)


def _square(shape: Shape, random: Random, high: float) -> None:
    _plate(shape, -0.3, 0.3, high - 0.3, high + 0.3, random.choice((BLUE, YELLOW)))
    _plate(shape, -0.1, 0.08, high - 0.2, high + 0.2, WHITE)


def _directions(shape: Shape, random: Random, high: float) -> None:
    """Two boards with a pointed end."""
    wide, tint = random.uniform(0.7, 1.2), random.choice((BLUE, YELLOW, WHITE))
    for low, up in ((-0.3, 0.0), (0.05, 0.35)):
        board = [
            (-wide / 2, high + low),
            (wide / 2, high + low),
            (wide / 2 + 0.15, high + (low + up) / 2),
            (wide / 2, high + up),
            (-wide / 2, high + up),
        ]
        shape.flat_polygon(board, "plain", tint)
        writing = DARK if tint != BLUE else WHITE
        _plate(shape, -wide * 0.4, wide * 0.3, high + low + 0.12, high + low + 0.2, writing)


def _stop(shape: Shape, random: Random, high: float) -> None:
    shape.flat_polygon(disc(0, high, 0.33, 8), "plain", RED)
    _plate(shape, -0.2, 0.2, high - 0.06, high + 0.06, WHITE)


SIGNS = (_round, _triangle, _square, _directions, _stop)
"""Signs on their posts, with the plate's middle at height `high`."""
