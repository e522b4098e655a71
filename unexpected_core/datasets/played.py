"""Videos and bags as data sets: played from the start rather than opened at any place. No ROS."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from unexpected_core.datasets.base import Dataset, DatasetError
from unexpected_core.images import ImageError
from unexpected_core.media.errors import IncompleteError, MediaError
from unexpected_core.media.shots import Footage, Shot
from unexpected_core.structs import Sample


class PlayedDataset(Dataset):
    """Footage as a data set; key = number of the frame, `digits` wide, every k-th only where the footage skips some.

    Going forward plays on; going back starts again, since seeking is inexact in many formats. Threads take turns.
    """

    def __init__(self, name: str, footage: Footage, digits: int, every: int = 1) -> None:
        count = footage.count()
        check_claim(footage.path, count)
        super().__init__(name, (f"{n * every:0{digits}d}" for n in range(count)))
        self.footage = footage
        self._shots: Iterator[Shot] | None = None
        self._next = 0
        self._playing = threading.Lock()

    def load(self, index: int) -> Sample:
        """Play up to this frame. Raises ImageError for a broken frame, and where the material breaks off."""
        with self._playing:
            return self._load(index)

    def _load(self, index: int) -> Sample:
        if self._shots is None or index < self._next:
            self._shots, self._next = self.footage.shots(), 0
        try:
            for shot in self._shots:
                self._next += 1
                if self._next == index + 1:
                    return Sample(self.keys[index], shot.read())
            cause = f"'{self.name}' breaks off after {self._next} of {len(self)} frames"
        except IncompleteError as error:
            cause = str(error)
        self._shots = None
        raise ImageError(cause)

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_shots": None, "_next": 0, "_playing": None}

    def __setstate__(self, state: dict) -> None:
        self.__dict__ |= state | {"_playing": threading.Lock()}


def check_claim(path: Path, count: int) -> None:
    """Raise DatasetError where a file or folder claims more images than it has bytes: each would be given a name."""
    size = sum(file.stat().st_size for file in (path.iterdir() if path.is_dir() else [path]))
    if count > size:
        raise DatasetError(f"{path} claims {count} images in {size} bytes: it is damaged; copy or record it again")


def _found(root: str | Path | None, wrong: str) -> str:
    return f"{root} {wrong}" if root else "no file given"


def video(root: str | Path | None = None, every: int = 30) -> PlayedDataset:
    """Open a video file (root = its path), taking every k-th frame (30 as the authors). Raises DatasetError.

    key = five-digit number of the frame in the video.
    """
    from unexpected_core.media.video import open_video  # loads FFmpeg, which few data sets need

    path = Path(root or "")
    if not path.is_file():
        raise DatasetError(f"data set 'video': {_found(root, 'is not a file')}; pass root=PATH of a video")
    if every < 1:
        raise DatasetError(f"data set 'video': every = {every}, expected 1 or more")
    try:
        return PlayedDataset(path.stem, open_video(path, every), 5, every)
    except MediaError as error:
        raise DatasetError(f"data set 'video': {error}") from error


def bag(root: str | Path | None = None, topic: str | None = None) -> PlayedDataset:
    """Open a bag (root = its path); topic may be left out when it holds one image topic. Raises DatasetError.

    All images of the topic in order of recording; key = six-digit number.
    """
    from unexpected_core.media.bags.footage import open_bag_footage  # reads what few data sets need

    path = Path(root or "")
    if not root or not path.exists():
        raise DatasetError(f"data set 'bag': {_found(root, 'does not exist')}; pass root=PATH of a rosbag2")
    try:
        return PlayedDataset(path.stem, open_bag_footage(path, topic), 6)
    except MediaError as error:
        raise DatasetError(str(error)) from error
