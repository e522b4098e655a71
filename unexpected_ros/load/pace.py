"""No more of something than so many a second, evenly. No ROS, no clock."""

from __future__ import annotations


class Pace:
    """Lets at most `rate_hz` frames a second through; `passed` counts them.

    closest: of two that pass, as a share of the period. Below 1 a late frame does not delay those after it, so that a
    camera's jitter costs none; with 1 no second (no minute) ever has more.
    """

    def __init__(self, closest: float = 0.5) -> None:
        self.passed = 0
        self._closest, self._due = closest, 0.0

    def allows(self, now: float, rate_hz: float) -> bool:
        """Whether a frame that arrives at `now` [s] may pass; rate 0 lets all pass. The rate may change at any time."""
        if rate_hz and not self._is_due(now, 1 / rate_hz):
            return False
        self.passed += 1
        return True

    def _is_due(self, now: float, period: float) -> bool:
        due = min(self._due, now + period)  # noted at a lower rate, it may lie far ahead
        if now < due:
            self._due = due
            return False
        self._due = max(due + period, now + period * self._closest)
        return True
