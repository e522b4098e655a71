"""Surprising things. Training families and test families share no builder, no texture and no outline.

Training families are abstract (lumps, slabs, drums, rags ...); test families are recognisable things and animals.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from random import Random

from unexpected_core.datasets.drawing_shapes import Colour, Shape, disc, scaled, sin_cos
from unexpected_core.datasets.drawing_textures import TEST_OBJECTS, TRAIN_OBJECTS

Builder = Callable[[Random], Shape]


def _any_colour(random: Random) -> Colour:
    if random.random() < 0.5:  # greys and browns, as things on roads mostly are
        grey = random.uniform(25, 210)
        return scaled((grey, grey * random.uniform(0.88, 1.0), grey * random.uniform(0.7, 1.0)), 1.0)
    return (random.uniform(20, 235), random.uniform(20, 220), random.uniform(20, 220))


def _train_texture(random: Random) -> str:
    return random.choice(tuple(TRAIN_OBJECTS))


# Training families.

def _lump(random: Random) -> Shape:
    shape, texture, tint, second = Shape(None, flat=True), _train_texture(random), _any_colour(random), _any_colour(random)
    width, height = random.uniform(0.15, 0.6), random.uniform(0.15, 0.6)
    corners = []
    for i in range(11):
        s, c = sin_cos(2 * 3.141592653589793 * i / 11)
        corners.append((width * c * random.uniform(0.7, 1.15), max(0.0, height * 0.8 + height * s * random.uniform(0.7, 1.15))))
    shape.flat_polygon(corners, texture, tint, second)
    shape.flat_polygon([(x * 0.9, z * 0.45) for x, z in corners], texture, scaled(tint, 0.65), scaled(second, 0.65))
    return shape.finish()


def _slab(random: Random) -> Shape:
    shape, texture, tint = Shape(None), _train_texture(random), _any_colour(random)
    shape.box((-random.uniform(0.15, 0.7), random.uniform(0.15, 0.7)), (-random.uniform(0.1, 0.5), random.uniform(0.1, 0.5)), (0, random.uniform(0.08, 0.7)),
              texture, tint, _any_colour(random), top=scaled(tint, 1.15))
    return shape.finish()


def _drum(random: Random) -> Shape:
    shape, texture, tint, second = Shape(None, flat=True), _train_texture(random), _any_colour(random), _any_colour(random)
    half, height, slices = random.uniform(0.12, 0.4), random.uniform(0.2, 0.9), 8
    for i in range(slices):
        (s0, c0), (s1, c1) = sin_cos(3.14159265 * i / slices), sin_cos(3.14159265 * (i + 1) / slices)
        tone = 0.55 + 0.55 * (s0 + s1) / 2
        shape.flat_polygon([(-half * c0, -0.15 * half * s0), (-half * c1, -0.15 * half * s1), (-half * c1, height), (-half * c0, height)], texture, scaled(tint, tone), scaled(second, tone))
    shape.flat_polygon(disc(0, height, half, 14, 0.25), texture, scaled(tint, 1.15), scaled(second, 1.15))
    return shape.finish()


def _wedge(random: Random) -> Shape:
    shape, texture, tint = Shape(None), _train_texture(random), _any_colour(random)
    half, long, height = random.uniform(0.15, 0.6), random.uniform(0.2, 0.6), random.uniform(0.2, 0.7)
    shape.extrude([(-long, 0.0), (random.uniform(-long, long), height), (long, 0.0)], half, texture, tint, _any_colour(random))
    return shape.finish()


def _rag(random: Random) -> Shape:
    shape, texture, tint, second = Shape(None, flat=True), _train_texture(random), _any_colour(random), _any_colour(random)
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
        shape.box((shift - half, shift + half), (-half * 0.7, half * 0.7), (z, z + high), texture, _any_colour(random), _any_colour(random))
        z, half = z + high, half * random.uniform(0.7, 1.0)
    return shape.finish()


# Test families: small things on the road.

def _crate(random: Random) -> Shape:
    shape, wood = Shape(None), scaled((168, 128, 84), random.uniform(0.6, 1.2))
    half, height = random.uniform(0.2, 0.45), random.uniform(0.25, 0.6)
    shape.box((-half, half), (-half, half), (0, height), "planks", wood, scaled(wood, 0.8), top=scaled(wood, 1.1))
    for x in (-half, half - 0.06):
        shape.face([(x, -half - 0.01, 0), (x + 0.06, -half - 0.01, 0), (x + 0.06, -half - 0.01, height), (x, -half - 0.01, height)], "planks", scaled(wood, 1.15))
    return shape.finish()


def _carton(random: Random) -> Shape:
    shape, brown = Shape(None), scaled((176, 140, 100), random.uniform(0.75, 1.15))
    x, y, z = random.uniform(0.15, 0.45), random.uniform(0.15, 0.4), random.uniform(0.15, 0.5)
    shape.box((-x, x), (-y, y), (0, z), "cardboard", brown, scaled(brown, 1.2), top=scaled(brown, 1.12))
    if random.random() < 0.6:  # an open flap
        shape.face([(-x, -y, z), (x, -y, z), (x, -y - 0.14, z + 0.1), (-x, -y - 0.14, z + 0.1)], "cardboard", scaled(brown, 0.9))
    return shape.finish()


def _tyre(random: Random) -> Shape:
    shape, tint = Shape(None, flat=True), (44, 44, 46)
    radius = random.uniform(0.28, 0.42)
    if random.random() < 0.5:  # lying flat
        shape.flat_polygon([*disc(0, 0.06, radius, 16, 0.3)], "tread", scaled(tint, 0.8))
        shape.flat_polygon([*disc(0, 0.2, radius, 16, 0.3)], "tread", scaled(tint, 1.2))
        shape.flat_polygon([*disc(0, 0.2, radius * 0.55, 14, 0.28)], "tread", (18, 18, 18))
    else:
        shape.flat_polygon(disc(0, radius, radius, 18), "tread", tint)
        shape.flat_polygon(disc(0.02, radius, radius * 0.6, 16), "rust", random.choice(((120, 120, 124), (22, 22, 24))))
    return shape.finish()


def _cone(random: Random) -> Shape:
    shape, orange, height = Shape(None, flat=True), scaled((226, 84, 30), random.uniform(0.8, 1.1)), random.uniform(0.45, 0.8)
    half = height * 0.24
    shape.flat_polygon([(-half * 1.5, 0), (half * 1.5, 0), (half * 1.4, 0.06), (-half * 1.4, 0.06)], "rust", scaled(orange, 0.7))
    shape.flat_polygon([(-half, 0.05), (half, 0.05), (0.03, height), (-0.03, height)], "rust", orange, scaled(orange, 1.1))
    for low, high in ((0.3, 0.48), (0.62, 0.76)):
        a, b = half * (1 - low), half * (1 - high)
        shape.flat_polygon([(-a, height * low), (a, height * low), (b, height * high), (-b, height * high)], "rust", (226, 226, 222), (200, 200, 200))
    return shape.finish()


def _ball(random: Random) -> Shape:
    shape, radius, tint, second = Shape(None, flat=True), random.uniform(0.11, 0.3), random.choice(((230, 230, 226), (210, 60, 50), (230, 180, 50), (60, 110, 190))), random.choice(((30, 30, 32), (240, 240, 236), (220, 120, 40)))
    for size, shift, tone in ((1.0, 0.0, 0.6), (0.88, 0.07, 0.82), (0.66, 0.16, 1.0), (0.36, 0.28, 1.12)):
        shape.flat_polygon(disc(-shift * radius * 0.6, radius * (1 + shift), radius * size, 16), "chequer", scaled(tint, tone), scaled(second, tone))
    return shape.finish()


def _suitcase(random: Random) -> Shape:
    shape, tint = Shape(None), random.choice(((40, 44, 60), (130, 30, 36), (60, 60, 62), (180, 150, 60), (40, 90, 90)))
    x, z = random.uniform(0.2, 0.3), random.uniform(0.45, 0.7)
    shape.box((-x, x), (-0.13, 0.13), (0.05, z), "chequer" if random.random() < 0.2 else "rust", tint, scaled(tint, 0.8), top=scaled(tint, 1.2))
    shape.box((-0.08, 0.08), (-0.02, 0.02), (z, z + random.choice((0.06, 0.35))), "rust", (60, 60, 62))
    return shape.finish()


def _pallet(random: Random) -> Shape:
    shape, wood = Shape(None), scaled((150, 120, 86), random.uniform(0.7, 1.2))
    for i in range(3):
        x = -0.5 + 0.42 * i
        shape.box((x, x + 0.14), (-0.4, 0.4), (0, 0.1), "planks", scaled(wood, 0.7))
    shape.box((-0.55, 0.55), (-0.42, 0.42), (0.1, 0.16), "planks", wood, top=scaled(wood, 1.15))
    return shape.finish()


def _log(random: Random) -> Shape:
    shape, bark, radius, half = Shape(None, flat=True), scaled((98, 78, 58), random.uniform(0.7, 1.2)), random.uniform(0.09, 0.22), random.uniform(0.4, 1.3)
    for low, high, tone in ((0.0, 0.7, 0.55), (0.6, 1.4, 0.85), (1.3, 2.0, 1.1)):
        shape.flat_polygon([(-half, radius * low), (half, radius * low), (half, radius * high), (-half, radius * high)], "rust", scaled(bark, tone), scaled(bark, tone * 0.7))
    shape.flat_polygon(disc(half, radius, radius, 12), "planks", (190, 160, 120))
    return shape.finish()


def _bag(random: Random) -> Shape:
    shape, tint = Shape(None, flat=True), random.choice(((30, 30, 34), (210, 210, 206), (60, 90, 150), (200, 170, 60)))
    half = random.uniform(0.2, 0.4)
    shape.flat_polygon([(-half, 0), (half, 0), (half * 1.1, half * 0.6), (half * 0.5, half * 1.4), (half * 0.2, half * 1.9), (-half * 0.25, half * 1.8), (-half * 0.4, half * 1.4), (-half * 1.1, half * 0.7)], "rust", tint, scaled(tint, 1.25))
    shape.flat_polygon([(-half, 0), (half, 0), (half * 0.7, half * 0.5), (-half * 0.6, half * 0.4)], "rust", scaled(tint, 0.6), scaled(tint, 0.8))
    return shape.finish()


def _barrow(random: Random) -> Shape:
    shape, tint = Shape(None, flat=True), random.choice(((60, 110, 70), (190, 70, 40), (120, 124, 128)))
    shape.flat_polygon([(-0.55, 0.62), (0.5, 0.66), (0.28, 0.3), (-0.3, 0.3)], "rust", tint, scaled(tint, 0.7))
    shape.flat_polygon(disc(0.42, 0.2, 0.2, 14), "tread", (40, 40, 42))
    shape.flat_polygon([(-1.0, 0.72), (-0.95, 0.66), (0.4, 0.24), (0.42, 0.3)], "rust", (70, 70, 74))
    shape.flat_polygon([(-0.42, 0.0), (-0.34, 0.0), (-0.2, 0.34), (-0.3, 0.34)], "rust", (70, 70, 74))
    return shape.finish()


# Test families: big things and animals, anywhere.

def _animal(random: Random, length: float, leg: float, body: float, neck: float, head: float, coat: Colour, patch: Colour, horns: float = 0.0, tail: float = 0.4) -> Shape:
    """A four-legged animal from the side; metres, seen as a billboard."""
    shape, side = Shape(None, flat=True), random.choice((-1, 1))

    def put(points: list[tuple[float, float]], tone: float) -> None:
        shape.flat_polygon([(side * x, z) for x, z in points], "fur", scaled(coat, tone), scaled(patch, tone))

    half, width = length / 2, leg * 0.16 + 0.03
    for x, tone in ((-half * 0.62, 0.6), (half * 0.72, 0.6), (-half * 0.85, 0.85), (half * 0.5, 0.85)):
        bend = random.uniform(-0.14, 0.14) * leg
        put([(x - width * 0.8, leg + body * 0.3), (x + width * 0.8, leg + body * 0.3), (x + bend + width * 0.4, 0), (x + bend - width * 0.4, 0)], tone)
    put([(-half, leg + body * 0.2), (-half * 0.7, leg), (0.0, leg - body * 0.08), (half * 0.7, leg + 0.02), (half, leg + body * 0.35), (half * 0.95, leg + body * 0.85), (half * 0.4, leg + body * 0.95), (-half * 0.4, leg + body * 0.93), (-half * 0.95, leg + body * 0.9)], 1.0)
    put([(-half * 0.9, leg + body * 0.15), (half * 0.9, leg + body * 0.2), (half * 0.6, leg), (-half * 0.6, leg)], 0.7)
    x, z = half + neck * 0.55, leg + body * 0.75 + neck * 0.75
    put([(half * 0.6, leg + body * 0.9), (half * 0.95, leg + body * 0.35), (x + head * 0.12, z - head * 0.1), (x - head * 0.2, z + head * 0.25)], 0.95)
    put([(x - head * 0.3, z + head * 0.3), (x + head * 0.1, z + head * 0.35), (x + head * 0.8, z - head * 0.05), (x + head * 0.75, z - head * 0.3), (x - head * 0.1, z - head * 0.3)], 1.05)
    put([(x - head * 0.2, z + head * 0.25), (x, z + head * 0.3), (x - head * 0.25, z + head * 0.65)], 0.8)
    if horns:
        for lean in (-0.25, 0.35):
            put([(x - head * 0.1, z + head * 0.3), (x + head * 0.02, z + head * 0.3), (x + lean * horns, z + head * 0.3 + horns), (x + lean * horns - 0.04, z + head * 0.3 + horns)], 1.3)
    put([(-half, leg + body * 0.85), (-half + 0.04, leg + body * 0.7), (-half - tail * 0.2, leg + body * 0.85 - tail), (-half - tail * 0.2 - 0.06, leg + body * 0.85 - tail)], 0.8)
    return shape.finish()


def _cow(random: Random) -> Shape:
    return _animal(random, 1.9, 0.72, 0.8, 0.45, 0.5, random.choice(((140, 84, 52), (60, 44, 36), (220, 214, 204))), random.choice(((220, 214, 204), (40, 36, 34))), 0.18, 0.8)


def _deer(random: Random) -> Shape:
    return _animal(random, 1.3, 0.75, 0.48, 0.62, 0.34, (146, 104, 66), (170, 130, 90), random.choice((0.0, 0.55)), 0.15)


def _horse(random: Random) -> Shape:
    return _animal(random, 1.9, 0.9, 0.65, 0.85, 0.6, random.choice(((96, 60, 40), (50, 40, 36), (200, 196, 190))), (80, 56, 40), 0.0, 0.9)


def _dog(random: Random) -> Shape:
    return _animal(random, 0.72, 0.33, 0.26, 0.2, 0.26, random.choice(((160, 120, 70), (50, 44, 40), (200, 190, 176))), random.choice(((210, 200, 190), (60, 50, 44))), 0.0, 0.1)


def _sheep(random: Random) -> Shape:
    return _animal(random, 1.1, 0.35, 0.6, 0.2, 0.3, (206, 198, 180), (190, 182, 164), 0.0, 0.15)


def _boar(random: Random) -> Shape:
    return _animal(random, 1.2, 0.32, 0.55, 0.1, 0.5, (64, 54, 46), (44, 38, 34), 0.0, 0.2)


def _elephant(random: Random) -> Shape:
    return _animal(random, 2.8, 1.1, 1.4, 0.5, 1.1, (118, 112, 108), (100, 96, 92), 0.0, 0.9)


def _sofa(random: Random) -> Shape:
    shape, tint = Shape(None), random.choice(((120, 40, 44), (90, 80, 60), (60, 80, 100), (170, 150, 120)))
    shape.box((-1.0, 1.0), (-0.05, 0.4), (0.1, 0.9), "fur", tint, top=scaled(tint, 1.1))
    shape.box((-1.0, 1.0), (-0.45, 0.0), (0.1, 0.45), "fur", scaled(tint, 0.95), top=scaled(tint, 1.15))
    for x in (-1.0, 0.8):
        shape.box((x, x + 0.2), (-0.47, 0.4), (0.1, 0.62), "fur", scaled(tint, 0.9), top=scaled(tint, 1.1))
    return shape.finish()


def _boulder(random: Random) -> Shape:
    shape, grey, size = Shape(None, flat=True), random.uniform(90, 150), random.uniform(0.4, 1.2)
    outline = [(size * c * random.uniform(0.8, 1.15), max(0.0, size * 0.5 + size * 0.7 * s * random.uniform(0.8, 1.15))) for s, c in (sin_cos(0.4833 * i) for i in range(13))]
    shape.flat_polygon(outline, "rust", (grey, grey * 0.97, grey * 0.92), (grey * 0.7, grey * 0.7, grey * 0.65))
    shape.flat_polygon([(x * 0.95, z * 0.5) for x, z in outline], "rust", (grey * 0.6, grey * 0.6, grey * 0.58), (grey * 0.5, grey * 0.5, grey * 0.5))
    return shape.finish()


def _tent(random: Random) -> Shape:
    shape, tint = Shape(None), random.choice(((200, 110, 40), (70, 120, 80), (60, 90, 150), (190, 180, 70)))
    shape.extrude([(-1.2, 0.0), (0.0, random.uniform(1.1, 1.6)), (1.2, 0.0)], 1.0, "chequer" if random.random() < 0.3 else "cardboard", tint, scaled(tint, 0.85))
    return shape.finish()


def _bale(random: Random) -> Shape:
    shape, straw, radius = Shape(None, flat=True), scaled((196, 166, 96), random.uniform(0.8, 1.1)), random.uniform(0.5, 0.8)
    shape.flat_polygon([(-0.2, 0), (1.0, 0), (1.0, 2 * radius), (-0.2, 2 * radius)], "fur", scaled(straw, 0.8), scaled(straw, 0.7))
    shape.flat_polygon(disc(-0.2, radius, radius, 18), "fur", straw, scaled(straw, 0.85))
    shape.flat_polygon(disc(-0.2, radius, radius * 0.45, 14), "fur", scaled(straw, 0.85))
    return shape.finish()


def _boat(random: Random) -> Shape:
    shape, tint = Shape(None, flat=True), random.choice(((220, 218, 210), (60, 100, 150), (150, 50, 40)))
    shape.flat_polygon([(-1.7, 1.0), (-1.5, 0.35), (1.2, 0.3), (2.1, 1.1)], "planks", tint, scaled(tint, 0.8))
    shape.flat_polygon([(-1.7, 1.0), (2.1, 1.1), (2.05, 0.98), (-1.7, 0.88)], "rust", scaled(tint, 0.6))
    shape.flat_polygon([(-0.7, 1.0), (0.5, 1.03), (0.3, 1.5), (-0.5, 1.5)], "rust", (210, 210, 206))
    return shape.finish()


TRAIN_FAMILIES: dict[str, Builder] = {"lump": _lump, "slab": _slab, "drum": _drum, "wedge": _wedge, "rag": _rag, "pile": _pile}
SMALL_TEST_FAMILIES: dict[str, Builder] = {"crate": _crate, "carton": _carton, "tyre": _tyre, "cone": _cone, "ball": _ball, "suitcase": _suitcase,
                                           "pallet": _pallet, "log": _log, "bag": _bag, "barrow": _barrow, "dog": _dog}
BIG_TEST_FAMILIES: dict[str, Builder] = {"cow": _cow, "deer": _deer, "horse": _horse, "sheep": _sheep, "boar": _boar, "elephant": _elephant,
                                         "sofa": _sofa, "boulder": _boulder, "tent": _tent, "bale": _bale, "boat": _boat}
TEST_FAMILIES = SMALL_TEST_FAMILIES | BIG_TEST_FAMILIES
FAMILIES = TRAIN_FAMILIES | TEST_FAMILIES
TRAIN_TEXTURES, TEST_TEXTURES = frozenset(TRAIN_OBJECTS), frozenset(TEST_OBJECTS)


@lru_cache(maxsize=1024)
def obstacle(family: str, variant: int) -> Shape:
    """One object of a family, the same for the same variant."""
    return FAMILIES[family](Random(f"{family} {variant}"))
