"""The camera images of a rosbag2 (folder, .mcap or .db3), raw or compressed, as a data set. Needs no ROS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unexpected_core.compressed import decode_compressed
from unexpected_core.config import unknown_name
from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.played import PlayedDataset, check_claim
from unexpected_core.encodings import to_rgb
from unexpected_core.images import ImageError

if TYPE_CHECKING:
    from rosbags.highlevel import AnyReader

RAW, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"


class BagDataset(PlayedDataset):
    """All images of one topic in order of arrival; key = six-digit number."""

    def __init__(self, path: Path, topic: str, count: int) -> None:
        super().__init__(path.stem, (f"{n:06d}" for n in range(count)))
        self.path, self.topic = path, topic

    def play(self) -> Iterator[np.ndarray | ImageError]:
        """Read from the start."""
        with _reader(self.path) as reader:
            connections = [c for c in reader.connections if c.topic == self.topic]
            for connection, _, data in reader.messages(connections):
                try:
                    image = _image(reader.deserialize(data, connection.msgtype))
                except ImageError as error:
                    image = error
                except Exception as error:  # rosbags raises many kinds
                    image = ImageError(f"message of {len(data)} bytes on {self.topic}: {error}")
                yield image


def _image(message) -> np.ndarray:
    """sensor_msgs/Image or CompressedImage -> RGB uint8 [H, W, 3]. Raises EncodingError."""
    if message.__msgtype__ == COMPRESSED:
        return decode_compressed(message.data)
    return to_rgb(message.encoding, message.height, message.width, message.step, message.data, message.is_bigendian)


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
    if not counts:
        raise DatasetError(f"{path} holds no images; expected messages of {RAW} or {COMPRESSED}")
    if topic is None and len(counts) != 1:
        raise DatasetError(f"{path} has {len(counts)} image topics ({', '.join(counts)}); choose with topic=")
    if topic is not None and topic not in counts:
        raise DatasetError(f"{path}: {unknown_name('image topic', topic, counts)}")
    topic = topic or next(iter(counts))
    check_claim(path, counts[topic])
    return BagDataset(path, topic, counts[topic])


@contextmanager
def _reader(path: Path) -> Iterator[AnyReader]:
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import Stores, get_typestore

    try:
        with AnyReader([path], default_typestore=get_typestore(Stores.LATEST)) as reader:
            yield reader
    except Exception as error:  # rosbags lets errors of its storage libraries through as they are
        cause = (str(error) or repr(error)).splitlines()[0].rstrip(".")
        raise DatasetError(f"cannot read {path} as a rosbag2: {cause}; copy or record it again") from error
