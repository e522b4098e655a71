"""What to give up, in which order, when frames take longer than they may. Pure: no ROS, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

FULL, REDUCED, FALLBACK = 0, 1, 2
"""AnomalyArray.mode."""
COMFORT = 0.9
"""Share of the budget that the rung above is expected to need at most before it is tried again."""
LONGEST_WAIT = 16
"""A rung that could not be kept is tried again after twice as many calm frames, up to this factor."""
WITHOUT_BUDGET = 30
"""Without a budget a rung is only left for want of memory; it is tried again after this many times `frames`."""


class Rung(NamedTuple):
    """One way to work.

    scale: factor on the working size. simple: by the head without resynthesis. every: of this many frames one.
    cost: of a frame, as a share of the cost at full size. mode: as messages tell it.
    """

    name: str
    scale: float
    simple: bool
    every: int
    cost: float
    mode: int


RUNGS = (
    Rung("full size", 1.0, False, 1, 1.0, FULL),
    Rung("three quarters of the size", 0.75, False, 1, 0.56, REDUCED),
    Rung("half the size", 0.5, False, 1, 0.25, REDUCED),
    Rung("half the size, direct head", 0.5, True, 1, 0.15, FALLBACK),
    Rung("half the size, direct head, every second frame", 0.5, True, 2, 0.15, FALLBACK),
)
WITHOUT_HEAD = (*RUNGS[:3], Rung("half the size, every second frame", 0.5, False, 2, 0.25, REDUCED))
"""For methods that have no head without resynthesis."""
OF_ONE_SIZE = (RUNGS[0], Rung("every second frame", 1.0, False, 2, 1.0, REDUCED))
"""For exported files that take images of one size."""


class Ladder:
    """Stands on one of `rungs`, the first at the beginning; goes down at once, and up with patience."""

    def __init__(self, rungs: Sequence[Rung] = RUNGS) -> None:
        self._rungs, self._at = rungs, 0
        self._room = 0  # the rung that memory was found to suffice for; what is below it was given up for time
        self._over = self._calm = 0
        self._climbed = False  # whether the last step was up
        self._wait = 1  # factor on the frames that must be calm before going up

    @property
    def rung(self) -> Rung:
        """How to work on the next frame."""
        return self._rungs[self._at]

    def observe(self, took_ms: float, budget_ms: float, frames: int) -> bool:
        """One frame took so long; returns whether the rung has changed.

        Down after `frames` frames in a row over the budget (0 = none), up after `frames` in a row that would have fit
        on the rung above too. What was given up for time comes back at once where there is no budget.
        """
        if not budget_ms and self._at > self._room:
            return self._move(self._room - self._at)
        over = bool(budget_ms) and took_ms > budget_ms
        self._over = self._over + 1 if over else 0
        self._calm = self._calm + 1 if self._fits_above(took_ms, budget_ms) else 0
        if self._over >= frames:
            return self._down()
        patience = frames * self._wait * (1 if budget_ms else WITHOUT_BUDGET)
        return self._calm >= patience and self._up()

    def down(self) -> bool:
        """One rung down for want of memory; False on the last one."""
        moved = self._down()
        self._room = self._at
        return moved

    def _down(self) -> bool:
        if self._at + 1 == len(self._rungs):
            return False
        self._wait = min(2 * self._wait, LONGEST_WAIT) if self._climbed else 1
        self._climbed = False
        return self._move(1)

    def _up(self) -> bool:
        self._climbed = True
        return self._move(-1)

    def _move(self, by: int) -> bool:
        self._at += by
        self._room = min(self._room, self._at)
        self._over = self._calm = 0
        return True

    def _fits_above(self, took_ms: float, budget_ms: float) -> bool:
        if not self._at:
            return False
        if not budget_ms:
            return True
        return took_ms * self._rungs[self._at - 1].cost / self.rung.cost <= COMFORT * budget_ms
