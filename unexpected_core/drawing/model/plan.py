"""The plan of one drawn world, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from unexpected_core.drawing.model.light import Light
from unexpected_core.drawing.model.road import Road
from unexpected_core.drawing.model.shapes import Colour, Shape
from unexpected_core.labels import TRAIN_ID

PANEL = 6.0
"""Length along the road of one panel of a facade, wall, fence or hedge, metres."""
SEAM = PANEL / 2 + 0.12
"""How far a panel reaches from its middle: a little into the next one, so that no gap shows."""


class Item(NamedTuple):
    """A shape in the world. s, d: its place; turn: radians to the left of the road's direction; speed: m/s along s."""

    shape: Shape
    s: float
    d: float
    turn: float = 0.0
    size: float = 1.0
    speed: float = 0.0
    obstacle: bool = False
    shift: int = 0
    near: float = 0.0
    """Metres by which its nearest end lies before s."""


class Paint(NamedTuple):
    """A polygon on the ground in (s, d). alpha: how much of the tint covers the ground; worn: rubbed off in patches."""

    points: tuple[tuple[float, float], ...]
    tint: Colour
    alpha: float
    worn: bool = False


class Side(NamedTuple):
    """One side of the road, outwards from the kerb at `edge` (metres from the centre line)."""

    edge: float
    parking: float
    pavement: float
    kind: str


@dataclass(eq=False)
class World:
    """Everything about a world that does not change with time."""

    seed: str
    road: Road
    light: Light
    lane: float
    lanes: tuple[int, int]
    sides: dict[int, Side]
    ground: dict[str, tuple[str, Colour, Colour]]
    gaps: dict[int, list[int]]
    items: list[Item] = field(default_factory=list)
    paints: list[Paint] = field(default_factory=list)
    ego_d: float = 0.0
    bonnet: float = 0.0
    wear: float = 0.5
    """How worn the road is, 0..1.6: tracks of wheels, patches, cracks, stains."""


def is_road_user(shape: Shape) -> bool:
    """Whether a shape counts as a Cityscapes instance (person, rider, vehicle)."""
    return TRAIN_ID["person"] <= shape.label <= TRAIN_ID["bicycle"]
