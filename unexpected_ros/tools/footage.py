"""Footage to play: the frames of a folder of photographs, a video or a rosbag2, in order. Needs no ROS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from unexpected_core.encodings import EncodingError
from unexpected_core.images import IMAGE_SUFFIXES, ImageError, read_image
from unexpected_core.log import LOGGER
from unexpected_ros.bags import is_bag, open_bag

PHOTO_RATE = 10.0
"""Hz at which photographs play when nobody says otherwise."""


class FootageError(ValueError):
    """Footage that cannot be played; the message says what was found and what was expected."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One frame. time: seconds since the first. camera_info: CDR bytes of the calibration beside it, or None."""

    name: str
    time: float
    image: np.ndarray  # RGB uint8 [H, W, 3]
    camera_info: bytes | None = None


@dataclass(frozen=True, slots=True)
class Footage:
    """What is played. count: number of frames, as far as the file tells; frames that cannot be decoded are left out."""

    path: Path
    count: int
    topic: str | None = None  # of a bag
    rate: float = 0.0  # Hz, of photographs and videos

    def shots(self) -> Iterator[Shot]:
        """The frames from the first on; one that cannot be decoded is named in the log and left out."""
        if self.topic is not None:
            return self._from_bag()
        return self._from_video() if self.rate and self.path.is_file() else self._from_photographs()

    def _from_photographs(self) -> Iterator[Shot]:
        for n, path in enumerate(photographs(self.path)):
            try:
                yield Shot(path.name, n / self.rate, read_image(path))
            except ImageError as error:
                LOGGER.warning("left out: %s", error)

    def _from_video(self) -> Iterator[Shot]:
        capture = cv2.VideoCapture(str(self.path))
        try:
            n = 0
            while (read := capture.read())[0]:
                yield Shot(f"{self.path.stem}_{n:06d}", n / self.rate, cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB))
                n += 1
        finally:
            capture.release()

    def _from_bag(self) -> Iterator[Shot]:
        with open_bag(self.path) as bag:
            info_topic = bag.camera_info_topic(self.topic)
            info, start, n = None, None, 0
            for connection, time, data in bag.messages(self.topic, *([info_topic] if info_topic else [])):
                if connection.topic == info_topic:
                    info = bytes(data)
                    continue
                start = time if start is None else start
                try:
                    yield Shot(f"{n:06d}", (time - start) / 1e9, bag.frame(connection, time, data).rgb(), info)
                except EncodingError as error:
                    LOGGER.warning("left out: frame %d of %s: %s", n, self.path, error)
                n += 1


def open_footage(path: str | Path, topic: str | None = None) -> Footage:
    """Photographs (folder or file), a video or a rosbag2. topic: of a bag with several images. Raises FootageError."""
    path = Path(path)
    if not path.exists():
        raise FootageError(f"{path} does not exist; expected a folder of photographs, a video, or a rosbag2")
    if is_bag(path):
        with open_bag(path) as bag:
            topic = bag.image_topic(topic)
            return _not_empty(Footage(path, bag.count(topic), topic))
    if path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
        return _not_empty(Footage(path, len(photographs(path)), rate=PHOTO_RATE))
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise FootageError(f"{path} is neither a folder of photographs, nor a video, nor a rosbag2 (.mcap, .db3)")
        count, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    finally:
        capture.release()
    return Footage(path, max(int(count), 0), rate=rate if rate > 0 else PHOTO_RATE)


def _not_empty(footage: Footage) -> Footage:
    if not footage.count:
        raise FootageError(
            f"{footage.path} holds no image; expected photographs ({', '.join(IMAGE_SUFFIXES)}) or image messages"
        )
    return footage


def photographs(path: Path) -> list[Path]:
    """The file itself, or the image files of a folder by name, numbers in them by value (2 before 10)."""
    if path.is_file():
        return [path]
    found = [file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file()]
    return sorted(
        found, key=lambda file: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", file.name)]
    )
