"""Training families of surprising things: abstract lumps, slabs, drums, rags."""

from __future__ import annotations

from random import Random

from unexpected_core.drawing.model.shapes import Builder, Colour, Shape, disc, scaled, sin_cos
from unexpected_core.drawing.model.textures import TRAIN_OBJECTS


def _any_colour(random: Random) -> Colour:
    kind = random.random()
    if kind < 0.2:  # white, as the road's markings are
        return scaled((232, 231, 226), random.uniform(0.85, 1.08))
    if kind < 0.6:  # greys and browns, as things on roads mostly are
        grey = random.uniform(25, 210)
        return scaled((grey, grey * random.uniform(0.88, 1.0), grey * random.uniform(0.7, 1.0)), 1.0)
    return (random.uniform(20, 235), random.uniform(20, 220), random.uniform(20, 220))


def _train_texture(random: Random) -> str:
    return random.choice(tuple(TRAIN_OBJECTS))


def _look(random: Random) -> tuple[str, Colour, Colour]:
    """A texture and its two tints."""
    return _train_texture(random), _any_colour(random), _any_colour(random)


def _lump(random: Random) -> Shape:
    shape, (texture, tint, second) = Shape(None, flat=True), _look(random)
    width, height = random.uniform(0.15, 0.6), random.uniform(0.15, 0.6)
    corners = []
    for i in range(11):
        s, c = sin_cos(2 * 3.141592653589793 * i / 11)
        corners.append(
            (width * c * random.uniform(0.7, 1.15), max(0.0, height * 0.8 + height * s * random.uniform(0.7, 1.15)))
        )
    shape.flat_polygon(corners, texture, tint, second)
    shape.flat_polygon([(x * 0.9, z * 0.45) for x, z in corners], texture, scaled(tint, 0.65), scaled(second, 0.65))
    return shape.finish()


def _slab(random: Random) -> Shape:
    shape, texture, tint = Shape(None), _train_texture(random), _any_colour(random)
    shape.box(
        (-random.uniform(0.15, 0.7), random.uniform(0.15, 0.7)),
        (-random.uniform(0.1, 0.5), random.uniform(0.1, 0.5)),
        (0, random.uniform(0.08, 0.7)),
        texture,
        tint,
        _any_colour(random),
        top=scaled(tint, 1.15),
    )
    return shape.finish()


def _drum(random: Random) -> Shape:
    shape, (texture, tint, second) = Shape(None, flat=True), _look(random)
    half, height, slices = random.uniform(0.12, 0.4), random.uniform(0.2, 0.9), 8
    for i in range(slices):
        (s0, c0), (s1, c1) = sin_cos(3.14159265 * i / slices), sin_cos(3.14159265 * (i + 1) / slices)
        left, right, tone = -half * c0, -half * c1, 0.55 + 0.55 * (s0 + s1) / 2
        stave = [(left, -0.15 * half * s0), (right, -0.15 * half * s1), (right, height), (left, height)]
        shape.flat_polygon(stave, texture, scaled(tint, tone), scaled(second, tone))
    shape.flat_polygon(disc(0, height, half, 14, 0.25), texture, scaled(tint, 1.15), scaled(second, 1.15))
    return shape.finish()


def _wedge(random: Random) -> Shape:
    shape, texture, tint = Shape(None), _train_texture(random), _any_colour(random)
    half, long, height = random.uniform(0.15, 0.6), random.uniform(0.2, 0.6), random.uniform(0.2, 0.7)
    shape.extrude(
        [(-long, 0.0), (random.uniform(-long, long), height), (long, 0.0)], half, texture, tint, _any_colour(random)
    )
    return shape.finish()


def _rag(random: Random) -> Shape:
    shape, (texture, tint, second) = Shape(None, flat=True), _look(random)
    for _ in range(random.randint(2, 5)):
        x, tone = random.uniform(-0.4, 0.4), random.uniform(0.6, 1.15)
        corners = [(x + random.uniform(-0.35, 0.35), random.uniform(0.0, 0.45)) for _ in range(3)]
        shape.flat_polygon([*corners, (x, 0.0)], texture, scaled(tint, tone), scaled(second, tone))
    return shape.finish()


def _pile(random: Random) -> Shape:
    shape, texture = Shape(None), _train_texture(random)
    z, half = 0.0, random.uniform(0.25, 0.5)
    for _ in range(random.randint(2, 4)):
        high, shift = random.uniform(0.1, 0.3), random.uniform(-0.08, 0.08)
        shape.box(
            (shift - half, shift + half),
            (-half * 0.7, half * 0.7),
            (z, z + high),
            texture,
            _any_colour(random),
            _any_colour(random),
        )
        z, half = z + high, half * random.uniform(0.7, 1.0)
    return shape.finish()


TRAIN_FAMILIES: dict[str, Builder] = {
    "lump": _lump,
    "slab": _slab,
    "drum": _drum,
    "wedge": _wedge,
    "rag": _rag,
    "pile": _pile,
}
