"""What is told with a stamp, such as a camera's calibration, and which of it holds for a picture."""

from __future__ import annotations

from collections import deque

KEPT = 256
"""So many are remembered: eight seconds of a camera that sends one with each of 30 pictures a second."""
BACK_NS = 500_000_000
"""What is so much older than what was told before has not been overtaken: time has begun anew."""


class Told[T]:
    """What was told last, by stamps in nanoseconds."""

    def __init__(self) -> None:
        self._told: deque[tuple[int, T]] = deque(maxlen=KEPT)

    def tell(self, stamp: int, what: T) -> None:
        """Remember it; where time has begun anew, nothing from before."""
        if self._told and stamp < self._told[-1][0] - BACK_NS:
            self._told.clear()
        self._told.append((stamp, what))

    def has(self, stamp: int) -> bool:
        """Whether something bears just this stamp, as where a camera tells it with every picture."""
        return any(told == stamp for told, _ in self._told)

    def is_past(self, stamp: int) -> bool:
        """Whether something later was told: what bears this stamp, if anything, is lost or late."""
        return any(told > stamp for told, _ in self._told)

    def holding(self, stamp: int) -> T | None:
        """That of a picture's own stamp, else the newest before it; None where nothing was told.

        Where there is none, or the picture has no stamp (0), clocks do not agree: what was told last.
        """
        if not self._told:
            return None
        newest = max((told for told, _ in self._told if told <= stamp), default=0) if stamp else 0
        return next((what for told, what in reversed(self._told) if told == newest), self._told[-1][1])
