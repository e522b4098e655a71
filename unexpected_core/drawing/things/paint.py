"""What is painted on the drawn road: lines, crossings, arrows."""

from __future__ import annotations

from random import Random

from unexpected_core.drawing.model.plan import PANEL, Paint, World


def strip(s0: float, s1: float, d0: float, d1: float) -> tuple[tuple[float, float], ...]:
    """A strip of road between two places along it and two across, in metres: points of a polygon."""
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
                Paint(strip(i * period, i * period + on, d - width / 2, d + width / 2), white, alpha, True)
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
                world.paints.append(Paint(strip(s, s + 3.2, d, d + 0.5), white, alpha, True))
                d += 1.0
        if random.random() < 0.5:
            world.paints.append(Paint(strip(s - 2.0, s - 1.6, 0.1, right * world.lane), white, alpha, True))
    if random.random() < 0.3:  # arrows
        for s in range(50, length, 45):
            for lane in range(right):
                d = (lane + 0.5) * world.lane
                world.paints.append(Paint(strip(s, s + 3.0, d - 0.08, d + 0.08), white, alpha, True))
                world.paints.append(Paint(((s + 3.0, d - 0.35), (s + 4.4, d), (s + 3.0, d + 0.35)), white, alpha, True))
