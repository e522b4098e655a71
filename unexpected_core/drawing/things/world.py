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

_SIDES = (
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
"""What stands on the left and on the right of a road; one pair is chosen."""


def make_world(seed: str, weather: str, length: int) -> World:
    """The world of a seed: `length` metres of road, without obstacles."""
    random = Random(f"world {seed}")
    lane, right, left = random.uniform(2.9, 3.6), random.choice((1, 1, 1, 2)), random.choice((1, 1, 1, 2, 0))
    kinds = random.choice(_SIDES)
    sides = {-1: _side(random, left * lane, kinds[0]), 1: _side(random, right * lane, kinds[1])}
    world = World(seed, Road(random, length), light(weather, random), lane, (left, right), sides, _ground(random), {})
    world.ego_d = lane * (random.randrange(right) + 0.5)
    world.bonnet = random.choice((0.0, 0.0, random.uniform(0.04, 0.13)))
    world.wear = random.choice((0.2, 0.6, 1.0, 1.6))
    for sign in sides:
        world.gaps[sign] = _gaps(random, sides[sign], length)
        fill_side(world, sign, random, length)
    for add in (_traffic, add_markings, add_blemishes):
        add(world, random, length)
    return world


def _side(random: Random, width: float, kind: str) -> Side:
    """A side of a road whose lanes are width metres wide together."""
    built = kind in ("buildings", "houses", "wall")
    parking = random.choice((0.0, 2.2, 2.2) if built else (0.0, 0.0, 2.2))
    pavement = random.uniform(1.8, 4.2) if kind != "field" else random.choice((0.0, 1.6))
    return Side(width + parking + random.uniform(0.1, 0.5), parking, pavement, kind)


def _gaps(random: Random, side: Side, length: int) -> list[int]:
    """Panels without anything: side streets and crossings."""
    if side.kind == "field":
        return []
    return sorted({random.randrange(4, length // int(PANEL)) for _ in range(length // 110)})


_GRASS: tuple[tuple[Colour, Colour], ...] = (
    ((70, 80, 40), (120, 128, 66)),
    ((84, 96, 44), (132, 150, 72)),
    ((104, 98, 62), (140, 128, 84)),
    ((66, 84, 40), (96, 118, 56)),
)


def _ground(random: Random) -> dict[str, tuple[str, Colour, Colour]]:
    """Texture and tints of each kind of ground."""
    grey, warm = random.uniform(72, 132), random.uniform(-5, 7)
    road = (grey + warm, grey + warm * 0.4, grey - warm * 0.5)
    bright = random.uniform(120, 172)
    texture = random.choice(("slabs", "slabs", "cobbles", "asphalt"))
    pavement = (bright, bright * random.uniform(0.94, 0.99), bright * random.uniform(0.86, 0.97))
    if texture == "asphalt":
        pavement = (grey * 1.12, grey * 1.1, grey * 1.08)
    dark, fresh = random.choice(_GRASS)
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
            speed = 9.0 * _direction(lane) + random.uniform(-1.0, 1.0)
            if lane == own:
                if s < 40 + random.choice((14, 24, 45)):
                    continue
                speed = 8.5
            world.items.append(_road_user(random, s, (lane + 0.5) * world.lane, _direction(lane), speed))
    if random.random() < 0.25:  # somebody crosses
        walker = people.person(random.randrange(traffic.VARIANTS))
        world.items.append(Item(walker, 40 + random.uniform(12, 45), random.uniform(-3, 3) + world.ego_d))


_ROAD_USERS = (
    (0.78, traffic.car, 2.4),
    (0.86, traffic.truck, 4.5),
    (0.91, traffic.bus, 6.0),
    (0.94, people.motorcyclist, 0.3),
    (1.0, people.cyclist, 0.3),
)
"""Share of this kind and those above it, kind, metres from its middle to its near end."""


def _direction(lane: int) -> int:
    return 1 if lane >= 0 else -1


def _road_user(random: Random, s: float, middle: float, direction: int, speed: float) -> Item:
    """A vehicle or rider of a lane; cyclists keep to its outer edge, at half the speed."""
    drawn = random.random()
    kind, near = next((kind, near) for share, kind, near in _ROAD_USERS if drawn < share)
    d = middle + random.uniform(-0.3, 0.3)
    if kind is people.cyclist:
        d, speed = d + 0.9 * direction, speed * 0.5
    shape = kind(random.randrange(traffic.VARIANTS))
    return Item(shape, s, d, 0.0 if direction > 0 else 3.141592654, speed=speed, near=near)
