"""Road users of the drawn world: cars, vans, trucks, buses, people, riders, bicycles. Vehicles point forward (+y)."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import NamedTuple

from unexpected_core.drawing.model.shapes import DARK, GLASS, Colour, Shape, disc, scaled

PAINTS: tuple[Colour, ...] = (
    (205, 207, 210),
    (236, 236, 234),
    (30, 32, 36),
    (60, 64, 70),
    (112, 116, 122),
    (150, 154, 158),
    (34, 52, 98),
    (120, 22, 26),
    (160, 30, 32),
    (70, 88, 70),
    (60, 92, 140),
    (176, 160, 130),
    (90, 60, 44),
    (196, 150, 40),
)
VARIANTS = 48


def _underbody(shape: Shape, half: float, centres: tuple[float, ...], radius: float) -> None:
    """Treads of the wheels and the dark below the body; to be painted before it."""
    for y in centres:
        shape.box((-half + 0.01, -half + 0.22), (y - radius, y + radius), (0.0, radius * 1.5), "plain", (20, 20, 22))
        shape.box((half - 0.22, half - 0.01), (y - radius, y + radius), (0.0, radius * 1.5), "plain", (20, 20, 22))
    shape.box((-half * 0.9, half * 0.9), (centres[0], centres[-1]), (0.1, radius * 1.2), "plain", (12, 12, 13))


def _wheels(shape: Shape, half: float, centres: tuple[float, ...], radius: float) -> None:
    for side in (-1, 1):
        x = side * (half + 0.012)
        for y in centres:
            for size, tint, texture in (
                (radius * 1.16, (16, 16, 18), "plain"),
                (radius, (36, 36, 38), "metal"),
                (radius * 0.6, (134, 136, 140), "metal"),
                (radius * 0.2, (50, 50, 54), "plain"),
            ):
                ring = [(x, y + a, radius + b) for a, b in disc(0, 0, size, 12)]
                shape.face(ring if side > 0 else ring[::-1], texture, tint)


def _ends(shape: Shape, half: float, rear: float, front: float, z: float, paint: Colour, height: float) -> None:
    """Lights, plates and bumpers."""
    for end, colours in (
        (rear - 0.012, ((150, 20, 22), (196, 40, 36))),
        (front + 0.012, ((206, 210, 214), (240, 240, 236))),
    ):
        back = end < 0

        def quad(
            x0: float,
            x1: float,
            z0: float,
            z1: float,
            tint: Colour,
            glow: float = 0.0,
            end: float = end,
            back: bool = back,
        ) -> None:
            points = [(x0, end, z0), (x1, end, z0), (x1, end, z1), (x0, end, z1)]
            shape.face(points if back else points[::-1], "plain", tint, glow=glow)

        quad(-half * 0.96, half * 0.96, z - 0.38, z - 0.18, scaled(paint, 0.55))
        quad(-0.26, 0.26, z - 0.2, z - 0.08, (206, 204, 190))
        for side in (-1, 1):
            x0, x1 = sorted((side * half * 0.95, side * half * 0.62))
            quad(x0, x1, z, z + height, colours[0])
            quad(x0 + 0.05, x1 - 0.05, z + 0.04, z + height * 0.6, colours[1], 0.9)
        if not back:
            quad(-half * 0.5, half * 0.5, z - 0.05, z + 0.09, (24, 24, 26))


def _cut_corners(profile: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A car body's side profile with its upper corners rounded; the lower edge stays straight."""
    first, *middle, last = profile
    cut = [first]
    for i, (y, z) in enumerate(middle):
        (y0, z0), (y1, z1) = (profile[i], profile[i + 2])
        cut += [(y + 0.22 * (y0 - y), z + 0.22 * (z0 - z)), (y + 0.12 * (y1 - y), z + 0.12 * (z1 - z))]
    return [*cut, last]


@cache
def car(variant: int) -> Shape:
    """A saloon, hatchback, estate or van-like car."""
    random = Random(f"car {variant}")
    shape, paint = Shape("car"), random.choice(PAINTS)
    half, length = random.uniform(0.84, 0.93), random.uniform(3.8, 4.8)
    rear, front, kind = -length / 2, length / 2, random.randrange(4)
    belt, roof = random.uniform(0.88, 1.0), random.uniform(1.42, 1.55)
    bonnet = front - random.uniform(1.0, 1.3)
    tail = {0: rear + 0.75, 1: rear + 0.1, 2: rear + 0.05, 3: rear + 0.08}[kind]
    slope = {0: 0.6, 1: 0.55, 2: 0.3, 3: 0.12}[kind]
    if kind == 3:
        roof, bonnet = random.uniform(1.75, 1.95), front - 0.75
    body = [
        (rear, 0.22),
        (rear - 0.02, 0.6),
        (rear + 0.06, belt),
        (bonnet, belt),
        (front - 0.1, belt - 0.2),
        (front + 0.02, 0.55),
        (front, 0.22),
    ]
    axles = (rear + length * 0.19, front - length * 0.19)
    _underbody(shape, half, axles, 0.31)
    shape.extrude(_cut_corners(body), half, "metal", paint)
    _doors(shape, half, rear, front, paint)
    _wheels(shape, half, axles, 0.31)
    _ends(shape, half, rear, front, 0.62, paint, 0.17)
    _Cabin(half, half * 0.8, tail, slope, bonnet, 0.55 if kind != 3 else 0.35, belt - 0.005, roof).add_to(shape, paint)
    return shape.finish()


def _doors(shape: Shape, half: float, rear: float, front: float, paint: Colour) -> None:
    """The darker lower doors and a crease of light."""
    for side in (-1, 1):
        for z0, z1, factor in ((0.22, 0.36, 0.4), (0.7, 0.74, 1.2), (0.36, 0.52, 0.85)):
            strip = [
                (side * (half + 0.006), y, z)
                for y, z in ((rear + 0.05, z0), (front - 0.05, z0), (front - 0.05, z1), (rear + 0.05, z1))
            ]
            shape.face(strip if side > 0 else strip[::-1], "metal", scaled(paint, factor))


class _Cabin(NamedTuple):
    """The upper part of a car. half, top: half its width below and above; slope: run of the rear window; screen: of
    the wind screen; base, roof: heights; metres."""

    half: float
    top: float
    tail: float
    slope: float
    bonnet: float
    screen: float
    base: float
    roof: float

    def add_to(self, shape: Shape, paint: Colour) -> None:
        """Roof and pillars, then two windows on each side."""
        profile = [
            (self.tail, self.base),
            (self.tail + self.slope, self.roof),
            (self.bonnet - self.screen - 0.15, self.roof),
            (self.bonnet + 0.02, self.base),
        ]
        tints = {0: GLASS, 1: scaled(paint, 1.15), 2: (66, 76, 84), 3: DARK}
        shape.extrude(profile, self.half * 0.97, "metal", paint, half_top=self.top, tints=tints)
        for a, b in ((0.06, 0.44), (0.49, 0.93)):
            for side in (-1, 1):
                self._pane(shape, ((a, 0.1), (b, 0.1), (b, 0.88), (a, 0.88)), side, GLASS)
                self._pane(shape, ((a, 0.5), (b, 0.7), (b, 0.88), (a, 0.88)), side, (84, 96, 106))  # the sky in it

    def _pane(self, shape: Shape, corners: tuple[tuple[float, float], ...], side: int, tint: Colour) -> None:
        points = [self._corner(t, h, side) for t, h in corners]
        shape.face(points if side > 0 else points[::-1], "plain", tint)

    def _corner(self, t: float, h: float, side: int) -> tuple[float, float, float]:
        """A point of the side: t from rear to front, h from base to roof, both in 0..1."""
        half, start, end = self.half, self.tail + self.slope * h, self.bonnet + 0.02 - (self.screen + 0.17) * h
        return (
            side * (half * 0.97 + (self.top - half * 0.97) * h + 0.008),
            start + (end - start) * t,
            self.base + (self.roof - self.base) * h,
        )


@cache
def truck(variant: int) -> Shape:
    """A lorry: cargo box and cab."""
    random = Random(f"truck {variant}")
    shape, paint, box = (
        Shape("truck"),
        random.choice(PAINTS),
        random.choice((*PAINTS[:6], (40, 70, 130), (180, 60, 40))),
    )
    half, length, height = 1.22, random.uniform(6.5, 9.5), random.uniform(2.9, 3.6)
    rear, front = -length / 2, length / 2
    axles = (rear + 1.3, rear + 2.4, front - 1.2)
    _underbody(shape, half * 0.92, axles, 0.48)
    shape.box((-half * 0.9, half * 0.9), (rear + 0.2, front), (0.5, 0.95), "metal", DARK)
    _wheels(shape, half * 0.92, axles, 0.48)
    shape.box((-half * 0.96, half * 0.96), (front - 1.9, front), (0.6, 2.7), "metal", paint)
    _upright(shape, half * 0.9, -half * 0.9, front + 0.01, 1.6, 2.5, "plain", GLASS)
    for side in (-1, 1):
        points = [
            (side * (half * 0.96 + 0.01), y, z)
            for y, z in ((front - 1.4, 1.6), (front - 0.2, 1.6), (front - 0.3, 2.4), (front - 1.4, 2.4))
        ]
        shape.face(points if side > 0 else points[::-1], "plain", GLASS)
    shape.box((-half, half), (rear, front - 2.0), (0.9, height), "metal", box, top=scaled(box, 1.1))
    _ends(shape, half * 0.95, rear + 0.15, front, 0.8, DARK, 0.16)
    _upright(shape, -half * 0.97, -0.02, rear - 0.01, 1.0, height - 0.1, "metal", scaled(box, 0.9))  # the doors
    _upright(shape, 0.02, half * 0.97, rear - 0.01, 1.0, height - 0.1, "metal", scaled(box, 0.93))
    return shape.finish()


def _upright(shape: Shape, x0: float, x1: float, y: float, z0: float, z1: float, texture: str, tint: Colour) -> None:
    """A rectangle across the road, from x0 to x1; seen from behind where x0 is left of x1."""
    shape.face([(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)], texture, tint)


@cache
def bus(variant: int) -> Shape:
    """A city bus with a band of windows."""
    random = Random(f"bus {variant}")
    shape, paint = (
        Shape("bus"),
        random.choice(((196, 40, 36), (230, 200, 60), (220, 222, 224), (50, 110, 160), (70, 130, 80))),
    )
    half, length, height = 1.26, random.uniform(9.5, 12.0), random.uniform(2.9, 3.2)
    rear, front = -length / 2, length / 2
    axles = (rear + 2.6, front - 2.4)
    _underbody(shape, half, axles, 0.46)
    shape.box((-half, half), (rear, front), (0.32, height), "metal", paint, top=scaled(paint, 1.1))
    _wheels(shape, half, axles, 0.46)
    for side in (-1, 1):
        steps = 7
        for i in range(steps):
            a, b = rear + 0.3 + (length - 0.6) * i / steps + 0.05, rear + 0.3 + (length - 0.6) * (i + 1) / steps - 0.05
            points = [
                (side * (half + 0.01), y, z) for y, z in ((a, 1.3), (b, 1.3), (b, height - 0.45), (a, height - 0.45))
            ]
            shape.face(
                points if side > 0 else points[::-1], "plain", random.choice((GLASS, (70, 80, 88), (40, 46, 52)))
            )
    for end, back in ((rear - 0.01, True), (front + 0.01, False)):
        for z0, z1, tint, glow in (
            (1.2 if not back else 1.6, height - 0.5, GLASS, 0.0),
            (height - 0.42, height - 0.12, (30, 26, 20), 0.0),
            (height - 0.36, height - 0.2, (250, 170, 40), 0.8),
        ):
            wide = half * (0.92 if glow == 0 else 0.5)
            points = [(-wide, end, z0), (wide, end, z0), (wide, end, z1), (-wide, end, z1)]
            shape.face(points if back else points[::-1], "plain", tint, glow=glow)
    _ends(shape, half * 0.96, rear, front, 0.7, paint, 0.2)
    return shape.finish()
