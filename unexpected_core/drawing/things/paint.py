"""What is painted on the drawn road, and its blemishes: the hard negatives of obstacle detection, flat on the
ground."""

from __future__ import annotations

from random import Random

from unexpected_core.drawing.model.plan import PANEL, Paint, World


def _strip(s0: float, s1: float, d0: float, d1: float) -> tuple[tuple[float, float], ...]:
    steps = max(1, int((s1 - s0) / 3.0))
    along = [s0 + (s1 - s0) * i / steps for i in range(steps + 1)]
    return tuple((s, d0) for s in along) + tuple((s, d1) for s in reversed(along))


def add_markings(world: World, random: Random, length: int) -> None:
    """Lines between lanes and along edges, zebra crossings, stop lines, arrows."""
    left, right = world.lanes
    tint, alpha = (
        random.choice(((226, 226, 222), (226, 226, 222), (206, 206, 200), (214, 180, 70))),
        random.uniform(0.45, 0.95),
    )
    white = (226, 226, 222) if tint[2] > 100 else tint
    if random.random() < 0.12:
        return

    def line(d: float, dashed: bool, width: float = 0.13) -> None:
        period, on = (random.choice((6.0, 9.0, 12.0)), random.choice((3.0, 4.0))) if dashed else (6.0, 6.0)
        for i in range(int(length / period)):
            world.paints.append(
                Paint(_strip(i * period, i * period + on, d - width / 2, d + width / 2), white, alpha, True)
            )

    for lane in range(-left + 1, right):
        line(lane * world.lane, dashed=lane != 0 or random.random() < 0.6)
    for sign, lanes in ((-1, left), (1, right)):
        if random.random() < 0.5:
            line(sign * (lanes * world.lane), dashed=False, width=0.12)
    edge_left, edge_right = -world.sides[-1].edge, world.sides[1].edge
    for panel in world.gaps[1] + world.gaps[-1]:
        s = panel * PANEL - 4.5
        if random.random() < 0.5:  # a zebra crossing
            d = edge_left + 0.4
            while d < edge_right - 0.5:
                world.paints.append(Paint(_strip(s, s + 3.2, d, d + 0.5), white, alpha, True))
                d += 1.0
        if random.random() < 0.5:
            world.paints.append(Paint(_strip(s - 2.0, s - 1.6, 0.1, right * world.lane), white, alpha, True))
    if random.random() < 0.3:  # arrows
        for s in range(50, length, 45):
            for lane in range(right):
                d = (lane + 0.5) * world.lane
                world.paints.append(Paint(_strip(s, s + 3.0, d - 0.08, d + 0.08), white, alpha, True))
                world.paints.append(Paint(((s + 3.0, d - 0.35), (s + 4.4, d), (s + 3.0, d + 0.35)), white, alpha, True))


def add_blemishes(world: World, random: Random, length: int) -> None:
    """What an obstacle detector must not report: patches, cracks, seams, stains, manholes, puddles of shadow,
    leaves."""
    low, high = -world.sides[-1].edge, world.sides[1].edge
    paints = world.paints

    def count(per_100_m: float) -> range:
        return range(int(per_100_m * world.wear * length / 100 + random.random()))

    for _ in count(2.5):  # patches of newer or older asphalt, with their seams
        s, d, long, wide = (
            random.uniform(30, length),
            random.uniform(low, high - 1),
            random.choice((random.uniform(0.6, 3), random.uniform(4, 30))),
            random.uniform(0.5, 2.6),
        )
        tone = random.choice((30, 38, 44, 150))
        end = min(d + wide, high - 0.05)
        paints.insert(0, Paint(_strip(s, s + long, d, end), (tone, tone, tone), random.uniform(0.15, 0.6)))
        if random.random() < 0.5:
            paints.append(Paint(_strip(s - 0.04, s + 0.03, d, end), (26, 26, 26), 0.6))
            paints.append(Paint(_strip(s, s + long, d - 0.03, d + 0.03), (26, 26, 26), 0.5))
    for _ in count(4):  # cracks, some filled with tar
        s, d, heading = random.uniform(30, length), random.uniform(low, high), random.choice((0.1, 0.1, 1.4))
        half, there, back = random.choice((0.012, 0.02, 0.04)), [], []
        for _ in range(random.randint(4, 14)):
            there.append((s, d - half))
            back.append((s, d + half))
            s, d = (
                s + random.uniform(0.2, 0.6) * (1 if heading < 1 else 0.3),
                d + random.uniform(-0.2, 0.2) * (1 if heading < 1 else 3),
            )
        paints.append(Paint(tuple(there + back[::-1]), (22, 22, 23), random.uniform(0.5, 0.85)))
    for _ in count(2.5):  # stains and damp spots
        s, d, size = random.uniform(30, length), random.uniform(low, high), random.uniform(0.1, 0.9)
        tone, alpha = random.choice((18, 24, 30, 170)), random.uniform(0.1, 0.45)
        for grow in (1.0, 0.7):
            paints.append(
                Paint(
                    tuple(
                        (s + grow * size * random.uniform(0.6, 1.3) * x, d + grow * size * random.uniform(0.4, 0.8) * y)
                        for x, y in _CIRCLE
                    ),
                    (tone, tone, tone),
                    alpha / 2,
                )
            )
    for _ in count(1.8):  # manholes and drains
        s, d, tone = random.uniform(35, length), random.uniform(low + 0.5, high - 0.5), random.uniform(40, 76)
        if random.random() < 0.65:
            for radius, grey in ((0.36, tone * 1.5), (0.32, tone * 0.6), (0.29, tone)):
                paints.append(
                    Paint(tuple((s + radius * x, d + radius * y) for x, y in _CIRCLE), (grey, grey, grey), 0.9)
                )
        else:
            d = random.choice((low + 0.25, high - 0.25))
            paints.append(Paint(_strip(s, s + 0.5, d - 0.2, d + 0.2), (40, 40, 42), 0.9))
    for _ in count(3):  # leaves and litter, flat on the ground
        s, d = random.uniform(30, length), random.choice((random.uniform(low, high), low + 0.3, high - 0.3))
        tint = random.choice(((120, 90, 40), (150, 120, 50), (90, 80, 50)))
        for _ in range(random.randint(3, 9)):
            a, b = s + random.uniform(-1, 1), d + random.uniform(-0.3, 0.3)
            paints.append(Paint(((a, b), (a + 0.06, b + 0.03), (a + 0.02, b + 0.09)), tint, 0.8))


_CIRCLE = (
    (1.0, 0.0),
    (0.809, 0.588),
    (0.309, 0.951),
    (-0.309, 0.951),
    (-0.809, 0.588),
    (-1.0, 0.0),
    (-0.809, -0.588),
    (-0.309, -0.951),
    (0.309, -0.951),
    (0.809, -0.588),
)
