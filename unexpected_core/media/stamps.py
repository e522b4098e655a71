"""The newest stamped values of a topic, such as a camera's calibrations, and which of them is valid for a picture."""

from __future__ import annotations

from collections import deque

KEPT = 256
"""Values that are kept: eight seconds of a camera that sends one with each of 30 pictures a second."""
BACK_NS = 500_000_000
"""A stamp that is further back than this, from the one before, was not overtaken on its way: time has begun anew."""


class StampedCache[T]:
    """The last KEPT values that came, with their stamps in nanoseconds."""

    def __init__(self) -> None:
        self._values: deque[tuple[int, T]] = deque(maxlen=KEPT)

    def add(self, stamp: int, value: T) -> None:
        """Keep a value. Where time has begun anew, the earlier ones are dropped."""
        if self._values and stamp < self._values[-1][0] - BACK_NS:
            self._values.clear()
        self._values.append((stamp, value))

    def has(self, stamp: int) -> bool:
        """Whether a value with exactly this stamp came, as from cameras that send one with every picture."""
        return any(known == stamp for known, _ in self._values)

    def has_newer(self, stamp: int) -> bool:
        """Whether a later value came: one with this stamp, if there is any, is lost or late."""
        return any(known > stamp for known, _ in self._values)

    def valid_at(self, stamp: int) -> T | None:
        """The value of a picture's own stamp, else the newest one before it; None where none came.

        Where all are later, or the picture has no stamp (0), the clocks do not agree: then the value that came last.
        """
        if not self._values:
            return None
        newest = max((known for known, _ in self._values if known <= stamp), default=0) if stamp else 0
        return next((value for known, value in reversed(self._values) if known == newest), self._values[-1][1])
