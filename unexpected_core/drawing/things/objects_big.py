"""Test families of big surprising things and of animals."""

from __future__ import annotations

from random import Random

from unexpected_core.drawing.model.shapes import Builder, Shape, disc, scaled, sin_cos
from unexpected_core.drawing.things.objects_animals import Build, animal


def _cow(random: Random) -> Shape:
    coat = random.choice(((140, 84, 52), (60, 44, 36), (220, 214, 204)))
    patch = random.choice(((220, 214, 204), (40, 36, 34)))
    return animal(random, Build(length=1.9, leg=0.72, body=0.8, neck=0.45, head=0.5, horns=0.18, tail=0.8), coat, patch)


def _deer(random: Random) -> Shape:
    return animal(
        random,
        Build(length=1.3, leg=0.75, body=0.48, neck=0.62, head=0.34, horns=random.choice((0.0, 0.55)), tail=0.15),
        (146, 104, 66),
        (170, 130, 90),
    )


def _horse(random: Random) -> Shape:
    coat = random.choice(((96, 60, 40), (50, 40, 36), (200, 196, 190)))
    return animal(random, Build(length=1.9, leg=0.9, body=0.65, neck=0.85, head=0.6, tail=0.9), coat, (80, 56, 40))


def _dog(random: Random) -> Shape:
    coat = random.choice(((160, 120, 70), (50, 44, 40), (200, 190, 176)))
    patch = random.choice(((210, 200, 190), (60, 50, 44)))
    return animal(random, Build(length=0.72, leg=0.33, body=0.26, neck=0.2, head=0.26, tail=0.1), coat, patch)


def _sheep(random: Random) -> Shape:
    return animal(
        random, Build(length=1.1, leg=0.35, body=0.6, neck=0.2, head=0.3, tail=0.15), (206, 198, 180), (190, 182, 164)
    )


def _boar(random: Random) -> Shape:
    return animal(
        random, Build(length=1.2, leg=0.32, body=0.55, neck=0.1, head=0.5, tail=0.2), (64, 54, 46), (44, 38, 34)
    )


def _elephant(random: Random) -> Shape:
    return animal(
        random, Build(length=2.8, leg=1.1, body=1.4, neck=0.5, head=1.1, tail=0.9), (118, 112, 108), (100, 96, 92)
    )


def _sofa(random: Random) -> Shape:
    shape, tint = Shape(None), random.choice(((120, 40, 44), (90, 80, 60), (60, 80, 100), (170, 150, 120)))
    shape.box((-1.0, 1.0), (-0.05, 0.4), (0.1, 0.9), "fur", tint, top=scaled(tint, 1.1))
    shape.box((-1.0, 1.0), (-0.45, 0.0), (0.1, 0.45), "fur", scaled(tint, 0.95), top=scaled(tint, 1.15))
    for x in (-1.0, 0.8):
        shape.box((x, x + 0.2), (-0.47, 0.4), (0.1, 0.62), "fur", scaled(tint, 0.9), top=scaled(tint, 1.1))
    return shape.finish()


def _boulder(random: Random) -> Shape:
    shape, grey, size = Shape(None, flat=True), random.uniform(90, 150), random.uniform(0.4, 1.2)
    outline = [
        (size * c * random.uniform(0.8, 1.15), max(0.0, size * 0.5 + size * 0.7 * s * random.uniform(0.8, 1.15)))
        for s, c in (sin_cos(0.4833 * i) for i in range(13))
    ]
    shape.flat_polygon(outline, "rust", (grey, grey * 0.97, grey * 0.92), (grey * 0.7, grey * 0.7, grey * 0.65))
    shape.flat_polygon(
        [(x * 0.95, z * 0.5) for x, z in outline],
        "rust",
        (grey * 0.6, grey * 0.6, grey * 0.58),
        (grey * 0.5, grey * 0.5, grey * 0.5),
    )
    return shape.finish()


def _tent(random: Random) -> Shape:
    shape, tint = Shape(None), random.choice(((200, 110, 40), (70, 120, 80), (60, 90, 150), (190, 180, 70)))
    shape.extrude(
        [(-1.2, 0.0), (0.0, random.uniform(1.1, 1.6)), (1.2, 0.0)],
        1.0,
        "chequer" if random.random() < 0.3 else "cardboard",
        tint,
        scaled(tint, 0.85),
    )
    return shape.finish()


def _bale(random: Random) -> Shape:
    shape, straw, radius = (
        Shape(None, flat=True),
        scaled((196, 166, 96), random.uniform(0.8, 1.1)),
        random.uniform(0.5, 0.8),
    )
    shape.flat_rectangle((-0.2, 1.0), (0, 2 * radius), "fur", scaled(straw, 0.8), scaled(straw, 0.7))
    shape.flat_polygon(disc(-0.2, radius, radius, 18), "fur", straw, scaled(straw, 0.85))
    shape.flat_polygon(disc(-0.2, radius, radius * 0.45, 14), "fur", scaled(straw, 0.85))
    return shape.finish()


def _boat(random: Random) -> Shape:
    shape, tint = Shape(None, flat=True), random.choice(((220, 218, 210), (60, 100, 150), (150, 50, 40)))
    shape.flat_polygon([(-1.7, 1.0), (-1.5, 0.0), (1.1, 0.0), (2.1, 1.1)], "planks", tint, scaled(tint, 0.8))
    shape.flat_polygon([(-1.7, 1.0), (2.1, 1.1), (2.05, 0.98), (-1.7, 0.88)], "rust", scaled(tint, 0.6))
    shape.flat_polygon([(-0.7, 1.0), (0.5, 1.03), (0.3, 1.5), (-0.5, 1.5)], "rust", (210, 210, 206))
    return shape.finish()


BIG_TEST_FAMILIES: dict[str, Builder] = {
    "cow": _cow,
    "deer": _deer,
    "horse": _horse,
    "sheep": _sheep,
    "boar": _boar,
    "elephant": _elephant,
    "dog": _dog,
    "sofa": _sofa,
    "boulder": _boulder,
    "tent": _tent,
    "bale": _bale,
    "boat": _boat,
}
