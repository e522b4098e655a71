"""Road users of the drawn world: cars, vans, trucks, buses. They point forward (+y)."""

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
                shape.side(x, [(y + a, radius + b) for a, b in disc(0, 0, size, 12)], texture, tint)


def _ends(shape: Shape, half: float, rear: float, front: float, z: float, paint: Colour, height: float) -> None:
    """Lights, plates and bumpers, behind and in front."""
    for end, lamp, light in (
        (rear - 0.012, (150, 20, 22), (196, 40, 36)),
        (front + 0.012, (206, 210, 214), (240, 240, 236)),
    ):
        _end(shape, (-half * 0.96, half * 0.96), end, (z - 0.38, z - 0.18), scaled(paint, 0.55))
        _end(shape, (-0.26, 0.26), end, (z - 0.2, z - 0.08), (206, 204, 190))
        for side in (-1, 1):
            x0, x1 = sorted((side * half * 0.95, side * half * 0.62))
            _end(shape, (x0, x1), end, (z, z + height), lamp)
            _end(shape, (x0 + 0.05, x1 - 0.05), end, (z + 0.04, z + height * 0.6), light, glow=0.9)
    _end(shape, (-half * 0.5, half * 0.5), front + 0.012, (z - 0.05, z + 0.09), (24, 24, 26))


def _end(
    shape: Shape, x: tuple[float, float], y: float, z: tuple[float, float], tint: Colour, glow: float = 0.0
) -> None:
    """A rectangle on a vehicle's rear (y < 0) or front, seen from outside. x: (left, right), z: (low, high)."""
    shape.across(x, y, z if y < 0 else z[::-1], "plain", tint, glow)


def _cut_corners(profile: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A car body's side profile with its upper corners rounded; the lower edge stays straight."""
    first, *middle, last = profile
    cut = [first]
    for i, (y, z) in enumerate(middle):
        (y0, z0), (y1, z1) = (profile[i], profile[i + 2])
        cut += [(y + 0.22 * (y0 - y), z + 0.22 * (z0 - z)), (y + 0.12 * (y1 - y), z + 0.12 * (z1 - z))]
    return [*cut, last]


_REARS = ((0.75, 0.6, 0.55), (0.1, 0.55, 0.55), (0.05, 0.3, 0.55), (0.08, 0.12, 0.35))
"""Saloon, hatchback, estate, van: boot behind the cabin, run of the rear window, run of the wind screen; metres."""
_VAN = 3


@cache
def car(variant: int) -> Shape:
    """A saloon, hatchback, estate or van-like car."""
    random = Random(f"car {variant}")
    shape, paint = Shape("car"), random.choice(PAINTS)
    half, length = random.uniform(0.84, 0.93), random.uniform(3.8, 4.8)
    rear, front, kind = -length / 2, length / 2, random.randrange(4)
    belt, roof = random.uniform(0.88, 1.0), random.uniform(1.42, 1.55)
    bonnet = front - random.uniform(1.0, 1.3)
    overhang, slope, screen = _REARS[kind]
    if kind == _VAN:
        roof, bonnet = random.uniform(1.75, 1.95), front - 0.75
    axles = (rear + length * 0.19, front - length * 0.19)
    _underbody(shape, half, axles, 0.31)
    shape.extrude(_cut_corners(_body(rear, front, belt, bonnet)), half, "metal", paint)
    _doors(shape, half, rear, front, paint)
    _wheels(shape, half, axles, 0.31)
    _ends(shape, half, rear, front, 0.62, paint, 0.17)
    _Cabin(half, half * 0.8, rear + overhang, slope, bonnet, screen, belt - 0.005, roof).add_to(shape, paint)
    return shape.finish()


def _body(rear: float, front: float, belt: float, bonnet: float) -> list[tuple[float, float]]:
    """A car's side profile below the windows, clockwise from the lower rear."""
    return [
        (rear, 0.22),
        (rear - 0.02, 0.6),
        (rear + 0.06, belt),
        (bonnet, belt),
        (front - 0.1, belt - 0.2),
        (front + 0.02, 0.55),
        (front, 0.22),
    ]


def _doors(shape: Shape, half: float, rear: float, front: float, paint: Colour) -> None:
    """The darker lower doors and a crease of light."""
    for side in (-1, 1):
        for z0, z1, factor in ((0.22, 0.36, 0.4), (0.7, 0.74, 1.2), (0.36, 0.52, 0.85)):
            strip = ((rear + 0.05, z0), (front - 0.05, z0), (front - 0.05, z1), (rear + 0.05, z1))
            shape.side(side * (half + 0.006), strip, "metal", scaled(paint, factor))


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
        points = [self._corner(t, h, side) for t, h in corners]  # not at one x: the sides lean inwards
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
    random, shape = Random(f"truck {variant}"), Shape("truck")
    paint, box = random.choice(PAINTS), random.choice((*PAINTS[:6], (40, 70, 130), (180, 60, 40)))
    half, length, height = 1.22, random.uniform(6.5, 9.5), random.uniform(2.9, 3.6)
    rear, front = -length / 2, length / 2
    axles = (rear + 1.3, rear + 2.4, front - 1.2)
    _underbody(shape, half * 0.92, axles, 0.48)
    shape.box((-half * 0.9, half * 0.9), (rear + 0.2, front), (0.5, 0.95), "metal", DARK)
    _wheels(shape, half * 0.92, axles, 0.48)
    _truck_cab(shape, half, front, paint)
    shape.box((-half, half), (rear, front - 2.0), (0.9, height), "metal", box, top=scaled(box, 1.1))
    _ends(shape, half * 0.95, rear + 0.15, front, 0.8, DARK, 0.16)
    for x, tone in (((-half * 0.97, -0.02), 0.9), ((0.02, half * 0.97), 0.93)):  # the doors
        shape.across(x, rear - 0.01, (1.0, height - 0.1), "metal", scaled(box, tone))
    return shape.finish()


def _truck_cab(shape: Shape, half: float, front: float, paint: Colour) -> None:
    shape.box((-half * 0.96, half * 0.96), (front - 1.9, front), (0.6, 2.7), "metal", paint)
    shape.across((half * 0.9, -half * 0.9), front + 0.01, (1.6, 2.5), "plain", GLASS)
    window = ((front - 1.4, 1.6), (front - 0.2, 1.6), (front - 0.3, 2.4), (front - 1.4, 2.4))
    for side in (-1, 1):
        shape.side(side * (half * 0.96 + 0.01), window, "plain", GLASS)


@cache
def bus(variant: int) -> Shape:
    """A city bus with a band of windows."""
    random, shape = Random(f"bus {variant}"), Shape("bus")
    paint = random.choice(((196, 40, 36), (230, 200, 60), (220, 222, 224), (50, 110, 160), (70, 130, 80)))
    half, length, height = 1.26, random.uniform(9.5, 12.0), random.uniform(2.9, 3.2)
    rear, front = -length / 2, length / 2
    axles = (rear + 2.6, front - 2.4)
    _underbody(shape, half, axles, 0.46)
    shape.box((-half, half), (rear, front), (0.32, height), "metal", paint, top=scaled(paint, 1.1))
    _wheels(shape, half, axles, 0.46)
    for side in (-1, 1):
        _bus_windows(shape, random, side * (half + 0.01), rear + 0.3, length - 0.6, (1.3, height - 0.45))
    for end, sill in ((rear - 0.01, 1.6), (front + 0.01, 1.2)):
        _end(shape, (-half * 0.92, half * 0.92), end, (sill, height - 0.5), GLASS)
        _end(shape, (-half * 0.92, half * 0.92), end, (height - 0.42, height - 0.12), (30, 26, 20))
        _end(shape, (-half * 0.5, half * 0.5), end, (height - 0.36, height - 0.2), (250, 170, 40), glow=0.8)
    _ends(shape, half * 0.96, rear, front, 0.7, paint, 0.2)
    return shape.finish()


def _bus_windows(
    shape: Shape, random: Random, x: float, start: float, length: float, z: tuple[float, float], count: int = 7
) -> None:
    for i in range(count):
        a, b = start + length * i / count + 0.05, start + length * (i + 1) / count - 0.05
        glass = random.choice((GLASS, (70, 80, 88), (40, 46, 52)))
        shape.side(x, ((a, z[0]), (b, z[0]), (b, z[1]), (a, z[1])), "plain", glass)
