"""What stands beside a drawn road: buildings, gardens, trees, lamps, signs, people, parked cars."""

from __future__ import annotations

from random import Random

from unexpected_core.drawing.model.plan import PANEL, Item, World
from unexpected_core.drawing.model.shapes import Shape
from unexpected_core.drawing.things import people, plants, signs, street, traffic

BARRIERS = {"hedge": plants.hedge, "fence": street.fence, "wall": street.wall}
HALF_TURN = 3.141592654


def fill_side(world: World, sign: int, random: Random, length: int) -> None:
    """Fill one side of the road (sign: -1 left, 1 right) panel by panel."""
    filler = _SideFiller(world, sign, random)
    for panel in range(length // int(PANEL)):
        filler.fill(panel)
    for panel in world.gaps[sign]:  # traffic lights where a street joins
        if random.random() < 0.5:
            light = street.signal(random.randrange(3))
            world.items.append(Item(light, panel * PANEL - 1.0, sign * (world.sides[sign].edge + 0.5)))


class _SideFiller:
    """The habits of one side, and the building that is under way from panel to panel."""

    def __init__(self, world: World, sign: int, random: Random) -> None:
        self.items, self.sign, self.random = world.items, sign, random
        self.side, self.gaps = world.sides[sign], set(world.gaps[sign])
        self.turn = 0.0 if sign > 0 else HALF_TURN
        self.inner, self.kerb = self.side.edge + self.side.pavement, self.side.edge + 0.55
        names = ("wall", "fence", "hedge", "lamp", "tree", "bollard")
        self.styles = {name: random.randrange(24) for name in names}
        self.barrier = random.choice(("hedge", "fence", "wall", None))
        self.lamps, self.trees = random.choice((3, 4, 5)), random.choice((2, 3, 99, 99))
        self.bollards, self.crowd = random.random() < 0.12, random.uniform(0.02, 0.35)
        self.parked = random.uniform(0.2, 0.95)
        self.panels_left, self.style, self.offset = 0, 0, 0.0

    def fill(self, panel: int) -> None:
        """Everything of one panel."""
        s, kind = (panel + 0.5) * PANEL, self.side.kind
        if panel in self.gaps:
            self.panels_left = 0
        elif kind == "buildings":
            self._building(panel, s)
        elif kind == "houses":
            self._house(s)
        elif kind == "wall":
            self._panel(street.wall(self.styles["wall"]), s, self.inner, self.random.randrange(256))
        elif kind == "trees":
            self._wood(s)
        elif self.random.random() < 0.5:
            self._tree(s, (3.0, 30.0), (0.7, 1.3))
        if kind in ("houses", "wall") and self.random.random() < 0.6:
            self._tree(s + self.random.uniform(-2, 2), (1.5, 10.0), (0.6, 1.1))
        self._furniture(panel, s)
        if self.side.pavement > 1.0:
            self._people(s)
        if self.side.parking and panel not in self.gaps and self.random.random() < self.parked:
            self._parked(panel, s)

    def _put(self, shape: Shape, s: float, d: float, **options: float) -> None:
        self.items.append(Item(shape, s, self.sign * d, **options))

    def _panel(self, shape: Shape, s: float, d: float, shift: int) -> None:
        self._put(shape, s, d, turn=self.turn, near=PANEL / 2, shift=shift)

    def _facade(self, s: float, first: bool, last: bool) -> None:
        near, far = (first, last) if self.sign > 0 else (last, first)
        shape = street.facade(self.style, 1 * near + 2 * far)
        self._panel(shape, s, self.inner + self.offset, 64 * self.random.randrange(4))

    def _building(self, panel: int, s: float) -> None:
        random, first = self.random, self.panels_left == 0
        if first:
            self.panels_left, self.style = random.randint(2, 5), random.randrange(60)
            self.offset = random.choice((0.0, 0.0, random.uniform(0, 2.5)))
        self.panels_left -= 1
        if panel + 1 in self.gaps:
            self.panels_left = 0
        self._facade(s, first, self.panels_left == 0)

    def _house(self, s: float) -> None:
        random = self.random
        if self.barrier and random.random() < 0.9:
            self._panel(BARRIERS[self.barrier](self.styles[self.barrier]), s, self.inner + 0.2, random.randrange(256))
        first = self.panels_left == 0 and random.random() < 0.6
        if first:  # the last of its panels is a gap to the next house
            self.panels_left, self.style = random.randint(2, 3) + 1, random.randrange(60)
            self.offset = random.uniform(4.0, 8.0)
        if self.panels_left > 1:
            self._facade(s, first, self.panels_left == 2)
        self.panels_left = max(0, self.panels_left - 1)

    def _wood(self, s: float) -> None:
        random = self.random
        if self.barrier in ("hedge", "fence"):
            self._panel(BARRIERS[self.barrier](self.styles[self.barrier]), s, self.inner + 3.5, random.randrange(256))
        for _ in range(random.randint(1, 3)):
            self._tree(s + random.uniform(-2.5, 2.5), (5.5, 16.0), (0.9, 1.5))
        if random.random() < 0.7:
            bush = plants.bush(random.randrange(24))
            self._put(bush, s + random.uniform(-2.5, 2.5), self.inner + random.uniform(1.0, 5.0))

    def _tree(self, s: float, beyond: tuple[float, float], size: tuple[float, float]) -> None:
        """A tree some metres beyond the pavement."""
        shape = plants.tree(self.random.randrange(40))
        self._put(shape, s, self.inner + self.random.uniform(*beyond), size=self.random.uniform(*size))

    def _furniture(self, panel: int, s: float) -> None:
        random = self.random
        if panel % self.lamps == 0:
            self._put(street.lamp(self.styles["lamp"]), s + 1.2, self.kerb, turn=self.turn)
        if self.side.pavement > 2.2 and panel % self.trees == 0:
            shape = plants.tree(self.styles["tree"] + random.randrange(3))
            self._put(shape, s - 1.4, self.kerb + 0.5, size=random.uniform(0.55, 0.8))
        if self.bollards and self.side.pavement:
            for i in range(3):
                self._put(street.bollard(self.styles["bollard"]), s - 2 + 2 * i, self.kerb - 0.2)
        if random.random() < 0.12:
            self._put(signs.sign(random.randrange(40)), s + random.uniform(-2, 2), self.kerb)
        if random.random() < 0.05:
            box = street.street_box(random.randrange(20))
            self._put(box, s + random.uniform(-2, 2), max(self.kerb, self.inner - 0.6))

    def _people(self, s: float) -> None:
        random = self.random
        for _ in range(sum(random.random() < self.crowd for _ in range(2))):
            shape = people.person(random.randrange(traffic.VARIANTS))
            place = s + random.uniform(-3, 3), self.side.edge + random.uniform(0.7, self.side.pavement)
            self._put(shape, *place, speed=random.choice((-1.2, 0.0, 1.1, 1.3)))
        if random.random() < 0.05:
            self._put(people.bicycle(random.randrange(24)), s + random.uniform(-2, 2), self.inner - 0.5)

    def _parked(self, panel: int, s: float) -> None:
        random = self.random
        kind, reach = (traffic.car, 1.08) if random.random() < 0.95 else (traffic.truck, 1.3)
        if kind is traffic.truck and panel % 2:
            return  # a lorry takes two panels
        shape, s = kind(random.randrange(traffic.VARIANTS)), s + random.uniform(-0.4, 0.4)
        turn = (0.0 if random.random() < 0.8 else HALF_TURN) + random.uniform(-0.03, 0.03)
        self._put(shape, s, self.side.edge - reach, turn=turn, near=2.4)
