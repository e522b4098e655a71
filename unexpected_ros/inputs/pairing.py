"""Which calibration is an image's own: each comes on a topic of its own, before the image or behind it. No ROS."""

from __future__ import annotations

import threading
import time

from unexpected_core.media.stamps import StampedCache
from unexpected_ros.scene.geometry import Camera

WAIT_S = 0.03
"""For the calibration of an image that is answered already: a period of 30 Hz. Both are published at once."""


class Calibrations:
    """What camera_info said, by stamps in nanoseconds; one thread tells, another asks."""

    def __init__(self) -> None:
        self._cache: StampedCache[Camera] = StampedCache()
        self._changed = threading.Condition()
        self._with_each = False  # whether the image asked for last had one of its own, in time for the wait
        self._asked, self._since = -1, 0.0

    def tell(self, stamp: int, camera: Camera) -> None:
        """A calibration has come."""
        with self._changed:
            self._cache.add(stamp, camera)
            self._with_each |= stamp == self._asked and time.monotonic() - self._since <= WAIT_S
            self._changed.notify_all()

    def of(self, stamp: int) -> Camera | None:
        """Of an image, see StampedCache.valid_at. Where one comes with each image, its own is waited for a moment."""
        with self._changed:
            self._asked, self._since = stamp, time.monotonic()
            if self._with_each:
                self._changed.wait_for(lambda: self._cache.has(stamp) or self._cache.has_newer(stamp), WAIT_S)
            self._with_each = self._cache.has(stamp)
            return self._cache.valid_at(stamp)
