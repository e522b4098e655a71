"""The camera images of a rosbag2 (folder, .mcap or .db3), raw or compressed, as a data set. Needs no ROS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from unexpected_core.config import unknown_name
from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.played import PlayedDataset
from unexpected_core.images import ImageError

if TYPE_CHECKING:
    from rosbags.highlevel import AnyReader

RAW, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
ENCODINGS = {"rgb8": (3, None), "bgr8": (3, cv2.COLOR_BGR2RGB), "rgba8": (4, cv2.COLOR_RGBA2RGB),
             "bgra8": (4, cv2.COLOR_BGRA2RGB), "mono8": (1, cv2.COLOR_GRAY2RGB)}
"""Encoding -> channels, OpenCV conversion to RGB."""


class BagDataset(PlayedDataset):
    """All images of one topic in order of arrival; key = six-digit number."""

    def __init__(self, path: Path, topic: str, count: int) -> None:
        super().__init__(path.stem, (f"{n:06d}" for n in range(count)))
        self.path, self.topic = path, topic

    def play(self) -> Iterator[np.ndarray | ImageError]:
        """Read from the start."""
        from rosbags.highlevel import AnyReaderError

        with _reader(self.path) as reader:
            connections = [c for c in reader.connections if c.topic == self.topic]
            for connection, _, data in reader.messages(connections):
                try:
                    message = reader.deserialize(data, connection.msgtype)
                    image = decompress(message) if connection.msgtype == COMPRESSED else unpack(message)
                except ImageError as error:
                    image = error
                except AnyReaderError as error:
                    image = ImageError(f"message of {len(data)} bytes on {self.topic}: {error}")
                yield image


def unpack(message) -> np.ndarray:
    """sensor_msgs/Image -> RGB uint8 [H, W, 3], honouring the row step. Raises ImageError."""
    if message.encoding not in ENCODINGS:
        raise ImageError(unknown_name("image encoding", message.encoding, ENCODINGS))
    channels, conversion = ENCODINGS[message.encoding]
    height, width, step = message.height, message.width, message.step
    data = np.asarray(message.data, np.uint8)
    if step < width * channels or data.size < step * height or not height * width:
        raise ImageError(f"image message says {width}x{height} {message.encoding}, step {step}, "
                         f"but holds {data.size} bytes")
    image = data[:step * height].reshape(height, step)[:, :width * channels].reshape(height, width, channels)
    return np.ascontiguousarray(image) if conversion is None else cv2.cvtColor(image, conversion)


def decompress(message) -> np.ndarray:
    """sensor_msgs/CompressedImage -> RGB uint8 [H, W, 3]. Raises ImageError."""
    data = np.asarray(message.data, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise ImageError(f"compressed image message of {data.size} bytes, format '{message.format}', does not decode")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def bag(root: str | Path | None = None, topic: str | None = None) -> BagDataset:
    """Open a bag (root = its path); topic may be left out when it holds one image topic. Raises DatasetError."""
    path = Path(root or "")
    if not root or not path.exists():
        raise DatasetError(f"data set 'bag': {root or 'no file given'} does not exist; pass root=PATH of a rosbag2")
    with _reader(path) as reader:
        counts: dict[str, int] = {}
        for connection in reader.connections:
            if connection.msgtype in (RAW, COMPRESSED):
                counts[connection.topic] = counts.get(connection.topic, 0) + connection.msgcount
    if topic is None and len(counts) != 1:
        raise DatasetError(f"{path} has {len(counts)} image topics ({', '.join(counts) or 'none'}); choose with topic=")
    if topic is not None and topic not in counts:
        raise DatasetError(f"{path}: {unknown_name('image topic', topic, counts)}")
    topic = topic or next(iter(counts))
    return BagDataset(path, topic, counts[topic])


@contextmanager
def _reader(path: Path) -> Iterator[AnyReader]:
    from rosbags.highlevel import AnyReader, AnyReaderError
    from rosbags.rosbag2 import ReaderError
    from rosbags.typesys import Stores, get_typestore

    try:
        with AnyReader([path], default_typestore=get_typestore(Stores.LATEST)) as reader:
            yield reader
    except (AnyReaderError, ReaderError) as error:
        cause = str(error).splitlines()[0].rstrip(".")
        raise DatasetError(f"cannot read {path} as a rosbag2: {cause}; copy or record it again") from error
