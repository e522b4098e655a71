"""What footage is: pictures in order, each with its time, and an honest end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PHOTO_RATE = 10.0
"""Hz at which photographs play when nobody says otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One picture of footage.

    name: '/'-separated, unique in its footage: number in a video or bag, name of a photograph in its folder.
    time: seconds since the first picture. source: the file it is of.
    read: gives RGB uint8 [H, W, 3] while this is the newest shot of its footage; raises ImageError.
    camera_info: the calibration beside it, a sensor_msgs/CameraInfo in CDR bytes, or None.
    stamp, frame_id: of a message's header; 0 nanoseconds and '' where there is none.
    """

    name: str
    time: float
    source: Path
    read: Callable[[], np.ndarray]
    camera_info: bytes | None = None
    stamp: int = 0
    frame_id: str = ""


class Footage:
    """Pictures that are played from the first on. Holds paths, not open files. Subclasses implement `shots`.

    claimed: how many pictures the file says it holds, for progress bars and for comparing; None where it does not say.
    """

    path: Path
    claimed: int | None

    @property
    def is_untimed(self) -> bool:
        """Whether all pictures are photographs, whose times say no more than their order."""
        return False

    def shots(self) -> Iterator[Shot]:
        """The pictures in order; a damaged one raises when it is read, and the next ones follow.

        Raises IncompleteError behind the last one when some are missing, MediaError when none can be had.
        """
        raise NotImplementedError

    def count(self) -> int:
        """Number of pictures: the claimed one, or else found by going through the file."""
        return sum(1 for _ in self.shots()) if self.claimed is None else self.claimed
