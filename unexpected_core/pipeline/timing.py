"""Where the time of a frame goes."""

from __future__ import annotations

import time
from collections.abc import Mapping


class Stopwatch:
    """Milliseconds by stage name, by the clock. before: those of earlier stages."""

    def __init__(self, before: Mapping[str, float] | None = None) -> None:
        self.timings = dict(before or {})
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End the stage that began at the last lap."""
        now = time.perf_counter()
        self.timings[stage] = (now - self._last) * 1e3
        self._last = now
