"""Things that people built along the drawn road: facades, walls, fences, lamps, bollards, boxes, traffic lights."""

from __future__ import annotations

from functools import cache
from random import Random

from unexpected_core.drawing.model.plan import PANEL, SEAM
from unexpected_core.drawing.model.shapes import Colour, Shape, disc, scaled

WALLS: tuple[Colour, ...] = (
    (196, 184, 164),
    (206, 196, 180),
    (168, 158, 146),
    (150, 140, 130),
    (188, 164, 130),
    (214, 208, 200),
    (140, 146, 150),
    (178, 150, 132),
    (128, 118, 110),
    (200, 178, 140),
)
BRICKS: tuple[Colour, ...] = ((142, 82, 66), (124, 74, 62), (158, 98, 76), (134, 102, 84))


def _front(
    shape: Shape,
    x: float,
    low: float,
    high: float,
    texture: str,
    tint: Colour,
    second: Colour | None = None,
    glow: float = 0.0,
) -> None:
    """The face of a panel towards the road; panels lie along forward (y) and look to the left (-x)."""
    shape.face([(x, SEAM, low), (x, -SEAM, low), (x, -SEAM, high), (x, SEAM, high)], texture, tint, second, glow=glow)


@cache
def facade(style: int, ends: int) -> Shape:
    """One 6 m panel of a building. ends: bit 0 = shows its near gable, bit 1 = its far one."""
    random, shape = Random(f"facade {style}"), Shape("building")
    house = random.random() < 0.3
    height = random.uniform(5.2, 7.0) if house else 3.0 * random.randint(3, 8)
    texture = random.choice(("flats", "flats", "brick_flats", "tall", "offices"))
    brick = texture == "brick_flats"
    tint = random.choice(BRICKS if brick else WALLS)
    glass = random.choice(((50, 58, 66), (70, 84, 96), (40, 44, 48)))
    _gables(shape, ends, height, "brick" if brick else "plaster", tint)
    low = _shops(shape, random) if not house and random.random() < 0.45 else 0.0
    _front(shape, 0.0, low, height, texture, tint, glass)
    _front(shape, -0.02, 0.0, 0.1 if low else 0.45, "plaster", scaled(tint, 0.6))
    if house:
        _roof(shape, random, height)
    else:
        _front(shape, -0.3, height - 0.1, height + 0.5, "plaster", scaled(tint, 0.85))
    return shape.finish()


def _gables(shape: Shape, ends: int, height: float, texture: str, tint: Colour, depth: float = 9.0) -> None:
    for bit, y, order in ((1, -SEAM, 1), (2, SEAM, -1)):
        if ends & bit:
            side = [(0.0, y, 0.0), (depth, y, 0.0), (depth, y, height), (0.0, y, height)]
            shape.face(side[::order], texture, scaled(tint, 0.9), scaled(tint, 0.7))


def _shops(shape: Shape, random: Random, height: float = 3.2) -> float:
    """Shops on the ground floor, lit by night, with an awning; their height."""
    tint = random.choice((*WALLS, (90, 60, 50), (70, 80, 90)))
    awning = random.choice(((60, 60, 64), (150, 150, 150), (120, 40, 40)))
    _front(shape, 0.0, 0.0, height, "shops", tint, (66, 70, 74), glow=0.25)
    _front(shape, -0.25, height - 0.25, height + 0.15, "plain", awning)
    return height


def _roof(shape: Shape, random: Random, height: float) -> None:
    ridge, eaves = height + random.uniform(1.8, 3.2), height - 0.1
    tint = random.choice(((112, 64, 50), (84, 78, 76), (128, 84, 62)))
    corners = [(-0.4, SEAM, eaves), (-0.4, -SEAM, eaves), (4.5, -SEAM, ridge), (4.5, SEAM, ridge)]
    shape.face(corners, "roof", tint, scaled(tint, 0.7))


@cache
def wall(style: int) -> Shape:
    """A 6 m panel of a garden wall or a concrete barrier."""
    random = Random(f"wall {style}")
    shape, height = Shape("wall"), random.uniform(1.0, 2.6)
    texture = random.choice(("brick", "plaster", "cobbles"))
    tint = random.choice(BRICKS) if texture == "brick" else random.choice(WALLS)
    _front(shape, 0.0, 0.0, height, texture, tint, scaled(tint, 1.25))
    _front(shape, -0.04, height - 0.1, height + 0.03, "plaster", scaled(tint, 1.1))
    coping = [(x, y, height + 0.03) for x, y in ((-0.04, -SEAM), (0.3, -SEAM), (0.3, SEAM), (-0.04, SEAM))]
    shape.face(coping, "plaster", scaled(tint, 1.2))
    return shape.finish()


@cache
def fence(style: int) -> Shape:
    """A 6 m panel of pickets, railings or a guard rail."""
    random = Random(f"fence {style}")
    shape, kind = Shape("fence"), random.randrange(3)
    if kind == 0:  # pickets
        height, tint = random.uniform(1.0, 1.4), random.choice(((150, 130, 104), (206, 204, 198), (96, 78, 62)))
        _rails(shape, height, 0.2, 0.12, "wood", tint)
    elif kind == 1:  # railings
        height, tint = random.uniform(1.0, 1.8), random.choice(((40, 46, 44), (70, 74, 76), (44, 84, 66)))
        _rails(shape, height, 0.24, 0.045, "plain", tint)
    else:
        _guard_rail(shape)
    return shape.finish()


def _upright(shape: Shape, x: float, y: float, half: float, height: float, texture: str, tint: Colour) -> None:
    """A slat or a post of a fence."""
    corners = [(x, y + half, 0), (x, y - half, 0), (x, y - half, height), (x, y + half, height)]
    shape.face(corners, texture, tint)


def _rails(shape: Shape, height: float, step: float, width: float, texture: str, tint: Colour) -> None:
    for i in range(int(PANEL / step)):
        _upright(shape, 0, -PANEL / 2 + (i + 0.5) * step, width / 2, height, texture, tint)
    for z in (0.25, height - 0.15):
        _front(shape, -0.02, z, z + 0.07, "plain", scaled(tint, 0.85))


def _guard_rail(shape: Shape) -> None:
    for y in (-2.0, 2.0):
        _upright(shape, 0.05, y, 0.08, 0.7, "metal", (96, 98, 100))
    for low, high, tone in ((0.45, 0.55, 140), (0.55, 0.62, 100), (0.62, 0.76, 168)):
        _front(shape, 0.0, low, high, "metal", (tone, tone, tone + 3))


def post(shape: Shape, height: float, half: float, tint: Colour, x: float = 0.0, label: str | None = None) -> None:
    """A round post of metal, lit from the left; metres."""
    for x0, x1, tone in ((x - half, x, 1.1), (x, x + half, 0.75)):
        shape.flat_rectangle((x0, x1), (0, height), "metal", scaled(tint, tone), label=label)


@cache
def lamp(variant: int) -> Shape:
    """A street lamp whose arm reaches to the left, towards the road."""
    random, shape = Random(f"lamp {variant}"), Shape("pole", flat=True)
    tint = random.choice(((110, 114, 116), (70, 76, 74), (140, 142, 140)))
    height = random.uniform(5.5, 8.5)
    post(shape, height, 0.075, tint)
    end = -random.uniform(0.8, 2.2)
    arm = ((0, -0.05), (0, 0.06), (end, 0.3), (end, 0.2))
    head = ((end + 0.1, 0.16), (end - 0.6, 0.22), (end - 0.6, 0.34), (end + 0.1, 0.36))
    glass = ((end, 0.13), (end - 0.52, 0.17), (end - 0.52, 0.22), (end, 0.2))
    arm, head, glass = ([(x, height + z) for x, z in outline] for outline in (arm, head, glass))
    shape.flat_polygon(arm, "metal", tint)
    shape.flat_polygon(head, "metal", scaled(tint, 0.8))
    shape.flat_polygon(glass, "plain", (250, 226, 170), glow=1.0)
    return shape.finish()


@cache
def bollard(variant: int) -> Shape:
    """A short post."""
    random = Random(f"bollard {variant}")
    shape, height = Shape("pole", flat=True), random.uniform(0.7, 1.1)
    post(shape, height, random.uniform(0.05, 0.09), random.choice(((60, 60, 64), (150, 150, 150), (110, 100, 90))))
    if random.random() < 0.5:
        band = random.choice(((220, 220, 216), (200, 50, 40)))
        shape.flat_rectangle((-0.09, 0.09), (height * 0.75, height * 0.87), "plain", band)
    return shape.finish()


_LAMPS: tuple[tuple[float, Colour, Colour], ...] = (
    (0.12, (250, 50, 36), (60, 16, 14)),
    (0.44, (250, 180, 40), (58, 46, 14)),
    (0.76, (60, 240, 150), (12, 50, 34)),
)
"""Of a traffic light: metres below its top, colour when it burns and when it does not."""


@cache
def signal(variant: int) -> Shape:
    """A traffic light on a post; variant modulo 3 says which lamp burns."""
    shape, height = Shape("traffic light", flat=True), 3.1
    post(shape, height, 0.06, (84, 88, 88), label="pole")
    shape.flat_rectangle((-0.2, 0.2), (height - 0.95, height + 0.05), "plain", (26, 28, 28))
    for number, (drop, on, off) in enumerate(_LAMPS):
        burns = number == variant % 3
        shape.flat_polygon(disc(0, height - drop, 0.12, 10), "plain", on if burns else off, glow=float(burns))
    return shape.finish()


@cache
def street_box(variant: int) -> Shape:
    """A bin, a switch box or a post box on the pavement; no Cityscapes class (ignored)."""
    random = Random(f"street box {variant}")
    shape, half, height = Shape(None), random.uniform(0.2, 0.45), random.uniform(0.8, 1.3)
    tint = random.choice(((90, 96, 92), (60, 80, 64), (150, 146, 136), (200, 170, 40), (70, 72, 80)))
    shape.box((-half, half), (-half, half), (0, height), "metal", tint, top=scaled(tint, 1.2))
    return shape.finish()
