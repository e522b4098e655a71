"""Where playing is: a position that runs at a speed, pauses, steps and jumps, like a tape deck. No ROS, no clock."""

from __future__ import annotations

import math

MIN_SPEED, MAX_SPEED = 0.01, 100.0


class Transport:
    """Position in seconds from the first frame. Every method is told what time it is (`now`, seconds, monotonic)."""

    def __init__(self, now: float, speed: float = 1.0, paused: bool = False) -> None:
        self._position, self._since, self._speed, self._paused = 0.0, now, speed, paused
        self._target: float | None = None
        self._steps = 0

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self._paused

    @property
    def speed(self) -> float:
        """Seconds of footage in a second."""
        return self._speed

    def position(self, now: float) -> float:
        """Where it is."""
        return self._position + (0.0 if self._paused else (now - self._since) * self._speed)

    def wait(self, time: float, now: float) -> float:
        """Seconds until the frame of `time` is due: 0 when it is, or when a step was asked for; inf while paused."""
        if self._steps:
            return 0.0
        return math.inf if self._paused else max(0.0, (time - self.position(now)) / self._speed)

    def shown(self, time: float, now: float) -> None:
        """A frame was published: a step that was asked for is done, and it stands there."""
        if self._steps:
            self._steps -= 1
            self._hold(time, now)

    def pause(self, paused: bool, now: float) -> None:
        """Stand still, or go on."""
        self._hold(self.position(now), now)
        self._paused = paused
        self._steps = 0

    def step(self, now: float) -> None:
        """Stand still, but for the next frame."""
        if not self._paused:
            self.pause(True, now)
        self._steps += 1

    def set_speed(self, speed: float, now: float) -> None:
        """From now on; kept within MIN_SPEED and MAX_SPEED."""
        self._hold(self.position(now), now)
        self._speed = min(max(speed, MIN_SPEED), MAX_SPEED)

    def seek(self, position: float, now: float) -> None:
        """Go to a position; where it stands still, the frame there is shown."""
        self._target = max(0.0, position)
        self._steps = int(self._paused)
        self._hold(self._target, now)

    def rewind(self, position: float, now: float) -> None:
        """Stand at a position without anybody having asked for it: the beginning, or the end of a loop. Where somebody
        has asked for another since `sought` was last called, that one holds.
        """
        if self._target is None:
            self._hold(position, now)

    def sought(self) -> float | None:
        """The position that was asked for since this was last called, or None."""
        target, self._target = self._target, None
        return target

    def _hold(self, position: float, now: float) -> None:
        self._position, self._since = position, now
