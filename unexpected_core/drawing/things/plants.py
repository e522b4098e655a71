"""Plants of the drawn world: hedges, trees, bushes."""

from __future__ import annotations

from functools import cache
from random import Random

from unexpected_core.drawing.model.plan import SEAM
from unexpected_core.drawing.model.shapes import Colour, Shape, scaled, sin_cos

GREENS: tuple[tuple[Colour, Colour], ...] = (
    ((44, 66, 28), (122, 148, 64)),
    ((36, 60, 32), (96, 128, 62)),
    ((60, 76, 34), (150, 158, 76)),
    ((42, 60, 40), (102, 124, 78)),
    ((74, 70, 32), (160, 142, 66)),
    ((50, 76, 34), (134, 164, 72)),
)


@cache
def hedge(style: int) -> Shape:
    """A 6 m panel of hedge or bushes with a ragged top."""
    random = Random(f"hedge {style}")
    shape, height = Shape("vegetation"), random.uniform(0.8, 2.6)
    dark, light = random.choice(GREENS)
    for x, tone in ((0.5, 0.7), (0.25, 0.85), (0.0, 1.0)):
        steps = 18
        ys = [SEAM - 2 * SEAM * i / steps for i in range(steps + 1)]
        top = [(x, y, height * (0.82 + 0.3 * x) * random.uniform(0.88, 1.1)) for y in ys[::-1]]
        shape.face([(x, SEAM, 0.0), (x, -SEAM, 0.0), *top], "leaves", scaled(dark, tone), scaled(light, tone))
    return shape.finish()


def _blob(random: Random, x: float, z: float, radius: float) -> list[tuple[float, float]]:
    corners = []
    for i in range(26):
        s, c = sin_cos(2 * 3.141592653589793 * (i + random.uniform(-0.4, 0.4)) / 26)
        reach = radius * random.uniform(0.66, 1.22)
        corners.append((x + reach * c, z + reach * s))
    return corners


@cache
def tree(variant: int) -> Shape:
    """A broad-leaved tree, a conifer or a bare one; a billboard of leafy clumps, darker inside and below."""
    random = Random(f"tree {variant}")
    shape, kind = Shape("vegetation", flat=True), random.random()
    height, greens = random.uniform(5.0, 11.0), random.choice(GREENS)
    trunk, bark = random.uniform(0.11, 0.24), scaled((84, 72, 60), random.uniform(0.6, 1.1))
    outline = ((-1.3, 0), (1.3, 0), (1, 0.3), (0.6, 0.7), (-0.6, 0.7), (-1, 0.3))
    shape.flat_polygon([(trunk * x, height * z) for x, z in outline], "bark", bark, scaled(bark, 0.6))
    if kind < 0.15:
        _needles(shape, random, height, greens)
        return shape.finish()
    crown, middle = height * random.uniform(0.26, 0.38), height * random.uniform(0.62, 0.7)
    for _ in range(5):  # branches
        x, z = random.uniform(-crown, crown) * 0.8, middle + random.uniform(0, crown * 0.8)
        branch = [(-0.06, height * 0.35), (0.06, height * 0.35), (x + 0.03, z), (x - 0.03, z)]
        shape.flat_polygon(branch, "bark", scaled(bark, 0.8))
    _leaves(shape, random, crown, middle, greens, clumps=34 if kind < 0.9 else 12)
    return shape.finish()


def _needles(shape: Shape, random: Random, height: float, greens: tuple[Colour, Colour]) -> None:
    """The tiers of a conifer, darker below."""
    dark, light = greens
    for i in range(9):
        z, half = height * (0.12 + 0.09 * i), height * 0.22 * (1 - i / 10)
        teeth = [(half * (1 - 2 * j / 10), z - random.uniform(0, 0.4)) for j in range(11)]
        tier = [*teeth, (0.0, z + height * 0.2)]
        shape.flat_polygon(tier, "leaves", scaled(dark, 0.7 + 0.04 * i), scaled(light, 0.6 + 0.05 * i))


def _leaves(
    shape: Shape, random: Random, crown: float, middle: float, greens: tuple[Colour, Colour], clumps: int
) -> None:
    """Clumps of leaves in a crown (its radius and the height of its middle, metres), from below upwards."""
    dark, light = greens
    places = []
    for _ in range(clumps):
        s, c = sin_cos(random.uniform(0, 6.283))
        reach = crown * random.uniform(0.1, 1.0) ** 0.5
        places.append((reach * c * 1.15, middle + reach * s * random.uniform(0.7, 1.0)))
    for number, (x, z) in enumerate(sorted(places, key=lambda place: place[1])):
        tone = 0.6 + 0.35 * number / clumps + 0.25 * max(0.0, (z - middle) / crown)
        clump = _blob(random, x, z, crown * random.uniform(0.24, 0.42))
        shape.flat_polygon(clump, "leaves", scaled(dark, tone), scaled(light, tone * random.uniform(0.9, 1.1)))


@cache
def bush(variant: int) -> Shape:
    """A low bush or a tuft of high grass."""
    random = Random(f"bush {variant}")
    shape, (dark, light) = Shape("vegetation", flat=True), random.choice(GREENS)
    size = random.uniform(0.5, 1.5)
    for i in range(10):
        tone = 0.6 + 0.05 * i
        shape.flat_polygon(
            _blob(random, random.uniform(-size, size) * 0.8, size * random.uniform(0.15, 0.75), size * 0.4),
            "leaves",
            scaled(dark, tone),
            scaled(light, tone),
        )
    return shape.finish()
