"""What a camera sent lately, kept until it is known which of it the detector answered. No ROS."""

from __future__ import annotations

from collections import OrderedDict
from itertools import takewhile

import numpy as np

from unexpected_ros.view.pictures import from_jpeg, to_jpeg

FRESH = 32
"""Most photos kept as they are: what a detector needs that takes a second."""
MAX_BYTES = 64 << 20
"""Of the older ones together: some 500 of 960x540, which at 30 Hz is a quarter of a minute."""


class Photos:
    """Photos (RGB uint8 [H, W, 3]) by stamp, in the order they came; older ones are kept as JPEG, a tenth of the size.

    A detector answers in its camera's order: what came before a photo that was taken is asked for no more.
    """

    def __init__(self) -> None:
        self._fresh: OrderedDict[int, np.ndarray] = OrderedDict()
        self._packed: OrderedDict[int, bytes] = OrderedDict()

    def __contains__(self, stamp: int) -> bool:
        return stamp in self._fresh or stamp in self._packed

    def add(self, stamp: int, photo: np.ndarray) -> None:
        """The newest, RGB uint8 [H, W, 3]; the oldest are forgotten where there are too many."""
        self._fresh[stamp] = photo
        if len(self._fresh) > FRESH:
            oldest, photo = self._fresh.popitem(last=False)
            self._packed[oldest] = to_jpeg(photo)
        while sum(map(len, self._packed.values())) > MAX_BYTES:
            self._packed.popitem(last=False)

    def take(self, stamp: int) -> np.ndarray | None:
        """The photo of this stamp, uint8 [H, W, 3], None where there is none; it and the earlier ones are forgotten."""
        if stamp in self._fresh:
            self._packed.clear()
            return _take_through(self._fresh, stamp)
        return from_jpeg(_take_through(self._packed, stamp)) if stamp in self._packed else None


def _take_through[Kept](photos: OrderedDict[int, Kept], stamp: int) -> Kept:
    for other in takewhile(lambda other: other != stamp, list(photos)):
        if other < stamp:  # else it was overtaken on its way, or the clock was set back
            del photos[other]
    return photos.pop(stamp)
