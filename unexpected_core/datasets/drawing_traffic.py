"""Road users of the drawn world: cars, vans, trucks, buses, people, riders, bicycles. Vehicles point forward (+y)."""

from __future__ import annotations

from functools import cache
from random import Random

from unexpected_core.datasets.drawing_shapes import DARK, GLASS, Colour, Shape, disc, rounded, scaled

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
CLOTHES: tuple[Colour, ...] = (
    (40, 44, 60),
    (30, 30, 34),
    (150, 40, 44),
    (60, 90, 140),
    (200, 196, 186),
    (110, 110, 116),
    (64, 84, 60),
    (190, 160, 110),
    (120, 70, 110),
    (220, 130, 40),
)
SKIN: tuple[Colour, ...] = ((214, 170, 146), (186, 140, 112), (120, 84, 64), (84, 58, 46))
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
    for side in (-1, 1):  # the darker lower door and a crease of light
        for z0, z1, factor in ((0.22, 0.36, 0.4), (0.7, 0.74, 1.2), (0.36, 0.52, 0.85)):
            strip = [
                (side * (half + 0.006), y, z)
                for y, z in ((rear + 0.05, z0), (front - 0.05, z0), (front - 0.05, z1), (rear + 0.05, z1))
            ]
            shape.face(strip if side > 0 else strip[::-1], "metal", scaled(paint, factor))
    _wheels(shape, half, axles, 0.31)
    _ends(shape, half, rear, front, 0.62, paint, 0.17)
    top, base, screen = half * 0.8, belt - 0.005, 0.55 if kind != 3 else 0.35
    cabin = [(tail, base), (tail + slope, roof), (bonnet - screen - 0.15, roof), (bonnet + 0.02, base)]
    shape.extrude(
        cabin,
        half * 0.97,
        "metal",
        paint,
        half_top=top,
        tints={0: GLASS, 1: scaled(paint, 1.15), 2: (66, 76, 84), 3: DARK},
    )

    def window(a: float, b: float, low: float = 0.1, high: float = 0.88) -> None:
        def corner(t: float, h: float, side: int) -> tuple[float, float, float]:
            start, end = tail + slope * h, bonnet + 0.02 - (screen + 0.17) * h
            return (
                side * (half * 0.97 + (top - half * 0.97) * h + 0.008),
                start + (end - start) * t,
                base + (roof - base) * h,
            )

        for side in (-1, 1):
            points = [corner(a, low, side), corner(b, low, side), corner(b, high, side), corner(a, high, side)]
            shape.face(points if side > 0 else points[::-1], "plain", GLASS)
            points = [corner(a, 0.5, side), corner(b, 0.7, side), corner(b, high, side), corner(a, high, side)]
            shape.face(points if side > 0 else points[::-1], "plain", (84, 96, 106))

    window(0.06, 0.44)
    window(0.49, 0.93)
    return shape.finish()


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
    shape.face(
        [
            (half * 0.9, front + 0.01, 1.6),
            (-half * 0.9, front + 0.01, 1.6),
            (-half * 0.9, front + 0.01, 2.5),
            (half * 0.9, front + 0.01, 2.5),
        ],
        "plain",
        GLASS,
    )
    for side in (-1, 1):
        points = [
            (side * (half * 0.96 + 0.01), y, z)
            for y, z in ((front - 1.4, 1.6), (front - 0.2, 1.6), (front - 0.3, 2.4), (front - 1.4, 2.4))
        ]
        shape.face(points if side > 0 else points[::-1], "plain", GLASS)
    shape.box((-half, half), (rear, front - 2.0), (0.9, height), "metal", box, top=scaled(box, 1.1))
    _ends(shape, half * 0.95, rear + 0.15, front, 0.8, DARK, 0.16)
    shape.face(
        [
            (-half * 0.97, rear - 0.01, 1.0),
            (-0.02, rear - 0.01, 1.0),
            (-0.02, rear - 0.01, height - 0.1),
            (-half * 0.97, rear - 0.01, height - 0.1),
        ],
        "metal",
        scaled(box, 0.9),
    )
    shape.face(
        [
            (0.02, rear - 0.01, 1.0),
            (half * 0.97, rear - 0.01, 1.0),
            (half * 0.97, rear - 0.01, height - 0.1),
            (0.02, rear - 0.01, height - 0.1),
        ],
        "metal",
        scaled(box, 0.93),
    )
    return shape.finish()


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


def _human(shape: Shape, random: Random, label: str, base: float, lean: float, stride: float, seated: bool) -> None:
    height = random.uniform(1.6, 1.88)
    scale, skin, coat, trousers = height / 1.75, random.choice(SKIN), random.choice(CLOTHES), random.choice(CLOTHES[:6])
    hip, shoulder, head = base + 0.86 * scale, base + 1.44 * scale, base + 1.62 * scale
    if not seated:
        for side, tone in ((-1, 0.8), (1, 1.0)):
            foot = side * stride
            shape.flat_polygon(
                [
                    (side * 0.05 - 0.1, hip),
                    (side * 0.05 + 0.1, hip),
                    (foot * 0.6 + 0.07, base + 0.45),
                    (foot + 0.06, base + 0.04),
                    (foot - 0.06, base + 0.04),
                    (foot * 0.6 - 0.08, base + 0.45),
                ],
                "cloth",
                scaled(trousers, tone),
                label=label,
            )
            shape.flat_polygon(
                [(foot - 0.07, base), (foot + 0.12, base), (foot + 0.1, base + 0.08), (foot - 0.07, base + 0.08)],
                "plain",
                DARK,
                label=label,
            )
    else:
        shape.flat_polygon(
            [
                (-0.16, hip + 0.05),
                (0.12, hip),
                (0.26, hip - 0.34),
                (0.12, base + 0.16),
                (0.02, base + 0.16),
                (0.1, hip - 0.3),
            ],
            "cloth",
            trousers,
            label=label,
        )
    x = lean
    shape.flat_polygon(
        rounded(
            [
                (-0.2, hip - 0.04),
                (0.19, hip - 0.04),
                (x + 0.23, shoulder - 0.06),
                (x + 0.14, shoulder + 0.04),
                (x - 0.14, shoulder + 0.04),
                (x - 0.23, shoulder - 0.06),
            ],
            1,
        ),
        "cloth",
        coat,
        label=label,
    )
    for side in (-1, 1):
        hand = -side * stride * 0.7 + side * 0.1 if not seated else 0.45
        low = hip - 0.02 if not seated else hip + 0.18
        shape.flat_polygon(
            [
                (x + side * 0.17, shoulder),
                (x + side * 0.26, shoulder - 0.08),
                (side * 0.2 + hand * 0.6 + 0.06, low),
                (side * 0.2 + hand * 0.6 - 0.06, low),
            ],
            "cloth",
            scaled(coat, 0.8 + 0.1 * side),
            label=label,
        )
        shape.flat_polygon(disc(side * 0.2 + hand * 0.6, low - 0.04, 0.055, 7), "plain", skin, label=label)
    shape.flat_polygon(disc(x, head, 0.115, 10, 1.25), "cloth", skin, label=label)
    hair = (
        random.choice(((36, 28, 24), (80, 60, 40), (150, 130, 100), (60, 60, 64)))
        if not seated
        else random.choice(((220, 220, 220), (30, 30, 30), (170, 30, 30)))
    )
    shape.flat_polygon(
        [(px, pz) for px, pz in disc(x, head + 0.04, 0.125, 12, 1.1) if pz > head + 0.03], "cloth", hair, label=label
    )


@cache
def person(variant: int) -> Shape:
    """Somebody standing or walking; some carry a bag."""
    random = Random(f"person {variant}")
    shape = Shape("person", flat=True)
    _human(shape, random, "person", 0.0, random.uniform(-0.05, 0.05), random.choice((0.06, 0.12, 0.22, 0.3)), False)
    if random.random() < 0.3:
        side = random.choice((-0.26, 0.26))
        shape.flat_polygon(
            [(side - 0.1, 0.55), (side + 0.1, 0.55), (side + 0.09, 0.85), (side - 0.09, 0.85)],
            "cloth",
            random.choice(CLOTHES),
        )
    return shape.finish()


def _tube(
    shape: Shape, start: tuple[float, float], end: tuple[float, float], width: float, tint: Colour, label: str
) -> None:
    (x0, z0), (x1, z1) = start, end
    length = max(((x1 - x0) ** 2 + (z1 - z0) ** 2) ** 0.5, 1e-6)
    nx, nz = -(z1 - z0) / length * width / 2, (x1 - x0) / length * width / 2
    shape.flat_polygon(
        [(x0 + nx, z0 + nz), (x1 + nx, z1 + nz), (x1 - nx, z1 - nz), (x0 - nx, z0 - nz)], "plain", tint, label=label
    )


def _cycle(shape: Shape, random: Random, label: str, wide: float) -> None:
    """Two wheels and a frame, seen from the side if `wide` is 1, from behind if it is small."""
    tint = random.choice(PAINTS)
    for x in (-0.52 * wide, 0.52 * wide):
        outer, inner = disc(x, 0.34, 0.34, 16), disc(x, 0.34, 0.27, 16)
        ring = [(x + (a - x) * max(wide, 0.12), b) for a, b in outer + outer[:1] + inner[::-1][-1:] + inner[::-1]]
        shape.flat_polygon(ring, "plain", (30, 30, 32), label=label)
    joints = {
        "rear": (-0.52, 0.34),
        "pedal": (-0.05, 0.3),
        "seat": (-0.18, 0.86),
        "head": (0.36, 0.88),
        "front": (0.52, 0.34),
        "bar": (0.3, 1.02),
    }
    joints = {name: (x * wide, z) for name, (x, z) in joints.items()}
    for a, b in (
        ("rear", "pedal"),
        ("pedal", "head"),
        ("pedal", "seat"),
        ("seat", "head"),
        ("rear", "seat"),
        ("head", "front"),
        ("head", "bar"),
    ):
        _tube(shape, joints[a], joints[b], 0.055, tint, label)
    x, z = joints["seat"]
    shape.flat_polygon(
        [(x - 0.13, z + 0.08), (x + 0.13, z + 0.08), (x + 0.1, z), (x - 0.08, z)], "plain", DARK, label=label
    )


@cache
def bicycle(variant: int) -> Shape:
    """A parked bicycle."""
    random = Random(f"bicycle {variant}")
    shape = Shape("bicycle", flat=True)
    _cycle(shape, random, "bicycle", random.choice((1.0, 0.8, 0.5)))
    return shape.finish()


@cache
def cyclist(variant: int) -> Shape:
    """A rider on a bicycle, mostly from behind."""
    random = Random(f"cyclist {variant}")
    shape, wide = Shape("rider", flat=True), random.choice((0.12, 0.12, 0.25, 1.0))
    _cycle(shape, random, "bicycle", wide)
    _human(shape, random, "rider", 0.12, 0.12 * wide, 0.08, True)
    return shape.finish()


@cache
def motorcyclist(variant: int) -> Shape:
    """A rider on a motorcycle from behind."""
    random = Random(f"motorcyclist {variant}")
    shape, paint = Shape("rider", flat=True), random.choice(PAINTS)
    shape.flat_polygon(disc(0, 0.32, 0.32, 12), "plain", (26, 26, 28), label="motorcycle")
    shape.flat_polygon(
        [(-0.2, 0.3), (0.2, 0.3), (0.28, 0.7), (0.18, 0.95), (-0.18, 0.95), (-0.28, 0.7)],
        "metal",
        paint,
        label="motorcycle",
    )
    shape.flat_polygon(
        [(-0.1, 0.66), (0.1, 0.66), (0.1, 0.74), (-0.1, 0.74)], "plain", (190, 30, 30), label="motorcycle", glow=0.8
    )
    _tube(shape, (-0.42, 1.02), (0.42, 1.02), 0.06, DARK, "motorcycle")
    _human(shape, random, "rider", 0.06, 0.0, 0.06, True)
    return shape.finish()
