"""Making a drawn world from a seed: the road's cross-section, and what stands and moves where."""

from __future__ import annotations

from random import Random

from unexpected_core.drawing.model.light import light
from unexpected_core.drawing.model.plan import PANEL, Item, Side, World
from unexpected_core.drawing.model.road import Road
from unexpected_core.drawing.model.shapes import Colour
from unexpected_core.drawing.things import people, traffic
from unexpected_core.drawing.things.blemishes import add_blemishes
from unexpected_core.drawing.things.paint import add_markings
from unexpected_core.drawing.things.sides import fill_side


def make_world(seed: str, weather: str, length: int) -> World:
    """The world of a seed: `length` metres of road, without obstacles."""
    random = Random(f"world {seed}")
    lane, right, left = random.uniform(2.9, 3.6), random.choice((1, 1, 1, 2)), random.choice((1, 1, 1, 2, 0))
    kinds = random.choice(
        (
            ("buildings", "buildings"),
            ("buildings", "buildings"),
            ("buildings", "trees"),
            ("houses", "houses"),
            ("trees", "trees"),
            ("houses", "trees"),
            ("trees", "buildings"),
            ("field", "trees"),
            ("wall", "buildings"),
        )
    )
    sides = {}
    for sign, lanes, kind in ((-1, left, kinds[0]), (1, right, kinds[1])):
        parking = (
            random.choice((0.0, 2.2, 2.2))
            if kind in ("buildings", "houses", "wall")
            else random.choice((0.0, 0.0, 2.2))
        )
        pavement = random.uniform(1.8, 4.2) if kind != "field" else random.choice((0.0, 1.6))
        sides[sign] = Side(lanes * lane + parking + random.uniform(0.1, 0.5), parking, pavement, kind)
    world = World(seed, Road(random, length), light(weather, random), lane, (left, right), sides, _ground(random), {})
    world.ego_d = lane * (random.randrange(right) + 0.5)
    world.bonnet = random.choice((0.0, 0.0, random.uniform(0.04, 0.13)))
    world.wear = random.choice((0.2, 0.6, 1.0, 1.6))
    for sign, side in sides.items():
        world.gaps[sign] = (
            sorted({random.randrange(4, length // int(PANEL)) for _ in range(length // 110)})
            if side.kind != "field"
            else []
        )
        fill_side(world, sign, random, length)
    _traffic(world, random, length)
    add_markings(world, random, length)
    add_blemishes(world, random, length)
    return world


def _ground(random: Random) -> dict[str, tuple[str, Colour, Colour]]:
    grey, warm = random.uniform(72, 132), random.uniform(-5, 7)
    road = (grey + warm, grey + warm * 0.4, grey - warm * 0.5)
    bright = random.uniform(120, 172)
    texture = random.choice(("slabs", "slabs", "cobbles", "asphalt"))
    pavement = (bright, bright * random.uniform(0.94, 0.99), bright * random.uniform(0.86, 0.97))
    if texture == "asphalt":
        pavement = (grey * 1.12, grey * 1.1, grey * 1.08)
    dark, fresh = random.choice(
        (
            ((70, 80, 40), (120, 128, 66)),
            ((84, 96, 44), (132, 150, 72)),
            ((104, 98, 62), (140, 128, 84)),
            ((66, 84, 40), (96, 118, 56)),
        )
    )
    return {
        "road": ("asphalt", road, tuple(part * 0.86 for part in road)),
        "kerb": ("plaster", (168, 166, 160), (140, 138, 134)),
        "pavement": (texture, pavement, tuple(part * 0.85 for part in pavement)),
        "terrain": ("grass", dark, fresh),
    }


def _traffic(world: World, random: Random, length: int) -> None:
    """Vehicles and riders on the lanes; those of the own lane keep clear of the ego car."""
    left, right = world.lanes
    flow = random.uniform(0.1, 1.0)
    own = int(world.ego_d / world.lane)
    for lane in range(-left, right):
        s = random.uniform(0, 30)
        while s < length:
            s += random.uniform(14, 90) / flow**0.5
            middle = (lane + 0.5) * world.lane
            speed = (9.0 if lane >= 0 else -9.0) + random.uniform(-1.0, 1.0)
            if lane == own:
                if s < 40 + random.choice((14, 24, 45)):
                    continue
                speed = 8.5
            draw = random.random()
            kind, near = (
                (traffic.car, 2.4)
                if draw < 0.78
                else (traffic.truck, 4.5)
                if draw < 0.86
                else (traffic.bus, 6.0)
                if draw < 0.91
                else (people.motorcyclist, 0.3)
                if draw < 0.94
                else (people.cyclist, 0.3)
            )
            d = middle + random.uniform(-0.3, 0.3)
            if kind is people.cyclist:
                d, speed = d + (0.9 if lane >= 0 else -0.9), speed * 0.5
            world.items.append(
                Item(
                    kind(random.randrange(traffic.VARIANTS)),
                    s,
                    d,
                    0.0 if lane >= 0 else 3.141592654,
                    speed=speed,
                    near=near,
                )
            )
    if random.random() < 0.25:  # somebody crosses
        world.items.append(
            Item(
                people.person(random.randrange(traffic.VARIANTS)),
                40 + random.uniform(12, 45),
                random.uniform(-3, 3) + world.ego_d,
            )
        )
