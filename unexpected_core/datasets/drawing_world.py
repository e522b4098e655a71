"""Making a drawn world from a seed: the road's cross-section, and what stands and moves where."""

from __future__ import annotations

from random import Random

from unexpected_core.datasets import drawing_people as people
from unexpected_core.datasets import drawing_plants as plants
from unexpected_core.datasets import drawing_street as street
from unexpected_core.datasets import drawing_traffic as traffic
from unexpected_core.datasets.drawing_light import light
from unexpected_core.datasets.drawing_paint import add_blemishes, add_markings
from unexpected_core.datasets.drawing_plan import PANEL, Item, Side, World
from unexpected_core.datasets.drawing_road import Road
from unexpected_core.datasets.drawing_shapes import Colour, Shape


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
        _line(world, sign, random, length)
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


def _line(world: World, sign: int, random: Random, length: int) -> None:
    """Fill one side of the road panel by panel."""
    side, items, gaps = world.sides[sign], world.items, set(world.gaps[sign])
    turn = 0.0 if sign > 0 else 3.141592654
    inner = side.edge + side.pavement
    styles = {name: random.randrange(24) for name in ("wall", "fence", "hedge", "lamp", "tree", "bollard")}
    barrier = random.choice(("hedge", "fence", "wall", None))
    lamps, trees, bollards = random.choice((3, 4, 5)), random.choice((2, 3, 99, 99)), random.random() < 0.12
    crowded, left_in_building, style, offset = random.uniform(0.02, 0.35), 0, 0, 0.0
    busy_parking = random.uniform(0.2, 0.95)
    panels = length // int(PANEL)
    for panel in range(panels):
        s = (panel + 0.5) * PANEL
        gap = panel in gaps

        def put(shape: Shape, s: float, d: float, **options: float) -> None:
            items.append(Item(shape, s, sign * d, **options))

        if gap:
            left_in_building = 0
        elif side.kind == "buildings":
            start = left_in_building == 0
            if start:
                left_in_building, style, offset = (
                    random.randint(2, 5),
                    random.randrange(60),
                    random.choice((0.0, 0.0, random.uniform(0, 2.5))),
                )
            left_in_building -= 1
            last = left_in_building == 0 or panel + 1 in gaps
            if last:
                left_in_building = 0
            first_bit, last_bit = (1, 2) if sign > 0 else (2, 1)
            put(
                street.facade(style, first_bit * start + last_bit * last),
                s,
                inner + offset,
                turn=turn,
                near=PANEL / 2,
                shift=64 * random.randrange(4),
            )
        elif side.kind == "houses":
            if barrier and random.random() < 0.9:
                put(
                    {"hedge": plants.hedge, "fence": street.fence, "wall": street.wall}[barrier](styles[barrier]),
                    s,
                    inner + 0.2,
                    turn=turn,
                    near=PANEL / 2,
                    shift=random.randrange(256),
                )
            if left_in_building == 0 and random.random() < 0.6:
                left_in_building, style, offset = (
                    random.randint(2, 3) + 1,
                    random.randrange(60),
                    random.uniform(4.0, 8.0),
                )
                fresh = True
            else:
                fresh = False
            if left_in_building > 1:
                last = left_in_building == 2
                first_bit, last_bit = (1, 2) if sign > 0 else (2, 1)
                put(
                    street.facade(style, first_bit * fresh + last_bit * last),
                    s,
                    inner + offset,
                    turn=turn,
                    near=PANEL / 2,
                    shift=64 * random.randrange(4),
                )
            left_in_building = max(0, left_in_building - 1)
        elif side.kind == "wall":
            put(street.wall(styles["wall"]), s, inner, turn=turn, near=PANEL / 2, shift=random.randrange(256))
        elif side.kind == "trees":
            if barrier and barrier != "wall":
                put(
                    {"hedge": plants.hedge, "fence": street.fence}[barrier](styles[barrier]),
                    s,
                    inner + 3.5,
                    turn=turn,
                    near=PANEL / 2,
                    shift=random.randrange(256),
                )
            for _ in range(random.randint(1, 3)):
                put(
                    plants.tree(random.randrange(40)),
                    s + random.uniform(-2.5, 2.5),
                    inner + random.uniform(5.5, 16.0),
                    size=random.uniform(0.9, 1.5),
                )
            if random.random() < 0.7:
                put(plants.bush(random.randrange(24)), s + random.uniform(-2.5, 2.5), inner + random.uniform(1.0, 5.0))
        elif random.random() < 0.5:
            put(plants.tree(random.randrange(40)), s, inner + random.uniform(3.0, 30.0), size=random.uniform(0.7, 1.3))
        if side.kind in ("houses", "wall") and random.random() < 0.6:
            put(
                plants.tree(random.randrange(40)),
                s + random.uniform(-2, 2),
                inner + random.uniform(1.5, 10.0),
                size=random.uniform(0.6, 1.1),
            )
        kerb = side.edge + 0.55
        if panel % lamps == 0:
            put(street.lamp(styles["lamp"]), s + 1.2, kerb, turn=turn)
        if side.pavement > 2.2 and panel % trees == 0:
            put(plants.tree(styles["tree"] + random.randrange(3)), s - 1.4, kerb + 0.5, size=random.uniform(0.55, 0.8))
        if bollards and side.pavement:
            for i in range(3):
                put(street.bollard(styles["bollard"]), s - 2 + 2 * i, kerb - 0.2)
        if random.random() < 0.12:
            put(street.sign(random.randrange(40)), s + random.uniform(-2, 2), kerb)
        if random.random() < 0.05:
            put(street.street_box(random.randrange(20)), s + random.uniform(-2, 2), max(kerb, inner - 0.6))
        if side.pavement > 1.0:
            for _ in range(sum(random.random() < crowded for _ in range(2))):
                put(
                    people.person(random.randrange(traffic.VARIANTS)),
                    s + random.uniform(-3, 3),
                    side.edge + random.uniform(0.7, side.pavement),
                    speed=random.choice((-1.2, 0.0, 1.1, 1.3)),
                )
            if random.random() < 0.05:
                put(people.bicycle(random.randrange(24)), s + random.uniform(-2, 2), inner - 0.5)
        if side.parking and not gap and random.random() < busy_parking:
            kind = traffic.car if random.random() < 0.95 else traffic.truck
            if kind is traffic.car or panel % 2 == 0:
                put(
                    kind(random.randrange(traffic.VARIANTS)),
                    s + random.uniform(-0.4, 0.4),
                    side.edge - 1.08 if kind is traffic.car else side.edge - 1.3,
                    turn=(0.0 if random.random() < 0.8 else 3.141592654) + random.uniform(-0.03, 0.03),
                    near=2.4,
                )
    for panel in gaps:  # signals or a stop sign where a street joins
        if random.random() < 0.5:
            items.append(Item(street.signal(random.randrange(3)), panel * PANEL - 1.0, sign * (side.edge + 0.5)))


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
