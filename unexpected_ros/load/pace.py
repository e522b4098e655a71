"""No more of something than so many a second, evenly. No ROS, no clock."""

from __future__ import annotations


class Pace:
    """Lets at most `rate_hz` frames a second through."""

    def __init__(self) -> None:
        self._due = 0.0

    def allows(self, now: float, rate_hz: float) -> bool:
        """Whether a frame that arrives at `now` [s] may pass; rate 0 lets all pass."""
        if not rate_hz:
            return True
        if now < self._due:
            return False
        period = 1 / rate_hz
        self._due = max(self._due + period, now + period / 2)  # a late frame does not delay those after it
        return True
