"""Test families of small surprising things, as they lie on roads."""

from __future__ import annotations

from random import Random

from unexpected_core.drawing.model.shapes import Builder, Shape, disc, rounded, scaled


def _crate(random: Random) -> Shape:
    shape, wood = Shape(None), scaled((168, 128, 84), random.uniform(0.6, 1.2))
    half, height = random.uniform(0.2, 0.45), random.uniform(0.25, 0.6)
    shape.box((-half, half), (-half, half), (0, height), "planks", wood, scaled(wood, 0.8), top=scaled(wood, 1.1))
    for x in (-half, half - 0.06):
        shape.across((x, x + 0.06), -half - 0.01, (0, height), "planks", scaled(wood, 1.15))
    return shape.finish()


def _carton(random: Random) -> Shape:
    shape, brown = Shape(None), scaled((176, 140, 100), random.uniform(0.75, 1.15))
    x, y, z = random.uniform(0.15, 0.45), random.uniform(0.15, 0.4), random.uniform(0.15, 0.5)
    shape.box((-x, x), (-y, y), (0, z), "cardboard", brown, scaled(brown, 1.2), top=scaled(brown, 1.12))
    if random.random() < 0.6:  # an open flap
        shape.face(
            [(-x, -y, z), (x, -y, z), (x, -y - 0.14, z + 0.1), (-x, -y - 0.14, z + 0.1)],
            "cardboard",
            scaled(brown, 0.9),
        )
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
    shape, orange = Shape(None, flat=True), scaled((226, 84, 30), random.uniform(0.8, 1.1))
    height = random.uniform(0.45, 0.8)
    half, white, grey = height * 0.24, (226, 226, 222), (200, 200, 200)
    foot = [(-half * 1.5, 0), (half * 1.5, 0), (half * 1.4, 0.06), (-half * 1.4, 0.06)]
    body = [(-half, 0.05), (half, 0.05), (0.03, height), (-0.03, height)]
    shape.flat_polygon(foot, "rust", scaled(orange, 0.7))
    shape.flat_polygon(body, "rust", orange, scaled(orange, 1.1))
    for low, high in ((0.3, 0.48), (0.62, 0.76)):
        a, b = half * (1 - low), half * (1 - high)
        band = [(-a, height * low), (a, height * low), (b, height * high), (-b, height * high)]
        shape.flat_polygon(band, "rust", white, grey)
    return shape.finish()


def _ball(random: Random) -> Shape:
    shape, radius, tint, second = (
        Shape(None, flat=True),
        random.uniform(0.11, 0.3),
        random.choice(((230, 230, 226), (210, 60, 50), (230, 180, 50), (60, 110, 190))),
        random.choice(((30, 30, 32), (240, 240, 236), (220, 120, 40))),
    )
    for size, shift, tone in ((1.0, 0.0, 0.6), (0.88, 0.07, 0.82), (0.66, 0.16, 1.0), (0.36, 0.28, 1.12)):
        outline = disc(-shift * radius * 0.6, radius * (1 + shift), radius * size, 16)
        shape.flat_polygon(outline, "chequer", scaled(tint, tone), scaled(second, tone))
    return shape.finish()


def _suitcase(random: Random) -> Shape:
    shape, tint = Shape(None), random.choice(((40, 44, 60), (130, 30, 36), (60, 60, 62), (180, 150, 60), (40, 90, 90)))
    x, z = random.uniform(0.2, 0.3), random.uniform(0.45, 0.7)
    shape.box(
        (-x, x),
        (-0.13, 0.13),
        (0.05, z),
        "chequer" if random.random() < 0.2 else "rust",
        tint,
        scaled(tint, 0.8),
        top=scaled(tint, 1.2),
    )
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
    shape, bark, radius, half = (
        Shape(None, flat=True),
        scaled((98, 78, 58), random.uniform(0.7, 1.2)),
        random.uniform(0.09, 0.22),
        random.uniform(0.4, 1.3),
    )
    for low, high, tone in ((0.0, 0.7, 0.55), (0.6, 1.4, 0.85), (1.3, 2.0, 1.1)):
        rows = (radius * low, radius * high)
        shape.flat_rectangle((-half, half), rows, "rust", scaled(bark, tone), scaled(bark, tone * 0.7))
    shape.flat_polygon(disc(half, radius, radius, 12), "planks", (190, 160, 120))
    return shape.finish()


def _bag(random: Random) -> Shape:
    shape, tint = Shape(None, flat=True), random.choice(((30, 30, 34), (210, 210, 206), (60, 90, 150), (200, 170, 60)))
    half = random.uniform(0.2, 0.4)
    sack = ((-1, 0), (1, 0), (1.1, 0.6), (0.5, 1.4), (0.2, 1.9), (-0.25, 1.8), (-0.4, 1.4), (-1.1, 0.7))
    shadow = ((-1, 0), (1, 0), (0.7, 0.5), (-0.6, 0.4))
    shape.flat_polygon(rounded([(half * x, half * z) for x, z in sack]), "rust", tint, scaled(tint, 1.25))
    shape.flat_polygon([(half * x, half * z) for x, z in shadow], "rust", scaled(tint, 0.6), scaled(tint, 0.8))
    return shape.finish()


def _barrow(random: Random) -> Shape:
    shape, tint = Shape(None, flat=True), random.choice(((60, 110, 70), (190, 70, 40), (120, 124, 128)))
    shape.flat_polygon([(-0.55, 0.62), (0.5, 0.66), (0.28, 0.3), (-0.3, 0.3)], "rust", tint, scaled(tint, 0.7))
    shape.flat_polygon(disc(0.42, 0.2, 0.2, 14), "tread", (40, 40, 42))
    shape.flat_polygon([(-1.0, 0.72), (-0.95, 0.66), (0.4, 0.24), (0.42, 0.3)], "rust", (70, 70, 74))
    shape.flat_polygon([(-0.42, 0.0), (-0.34, 0.0), (-0.2, 0.34), (-0.3, 0.34)], "rust", (70, 70, 74))
    return shape.finish()


SMALL_TEST_FAMILIES: dict[str, Builder] = {
    "crate": _crate,
    "carton": _carton,
    "tyre": _tyre,
    "cone": _cone,
    "ball": _ball,
    "suitcase": _suitcase,
    "pallet": _pallet,
    "log": _log,
    "bag": _bag,
    "barrow": _barrow,
}
