"""The images of one topic of a bag."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from unexpected_core.images import ImageError
from unexpected_core.media.bags.bag import IMAGES, Bag, open_bag
from unexpected_core.media.bags.channels import Message
from unexpected_core.media.errors import IncompleteError, MediaError
from unexpected_core.media.messages import image_of
from unexpected_core.media.shots import Footage, Shot


@dataclass(frozen=True, slots=True)
class BagFootage(Footage):
    """See Footage. topic: the images'; the CameraInfo beside it comes with them. bit_depth: see image_of."""

    path: Path
    topic: str
    claimed: int | None
    bit_depth: int = 0

    def shots(self) -> Iterator[Shot]:
        """See Footage."""
        with open_bag(self.path) as bag:
            info_topic = bag.camera_info_topic(self.topic)
            info, start, n = None, None, 0
            try:
                for message in bag.messages(self.topic, *([info_topic] if info_topic else [])):
                    if message.channel.topic == info_topic:
                        info = bytes(message.data)
                        continue
                    if message.channel.type not in IMAGES:
                        continue  # a topic may have carried another type, too
                    start = message.time if start is None else start
                    name = f"{n:06d}"
                    read = partial(_rgb, bag, message, name, self.bit_depth)
                    yield Shot(name, (message.time - start) / 1e9, self.path, read, info, *header_of(message.data))
                    n += 1
            except IncompleteError as error:
                raise IncompleteError(str(error), n, self.claimed) from error
        if not n:
            raise MediaError(f"{self.path} holds no image on {self.topic}")


def open_bag_footage(path: Path, topic: str | None = None, bit_depth: int = 0) -> BagFootage:
    """topic: may be left out when the bag holds one image topic. Raises BagError."""
    with open_bag(path) as bag:
        topic = bag.image_topic(topic)
        return BagFootage(path, topic, bag.count(topic), bit_depth)


def header_of(data: bytes) -> tuple[int, str]:
    """Stamp in nanoseconds and frame_id of a message in CDR that begins with a std_msgs/Header; 0 and '' of a stump."""
    try:
        seconds, nanoseconds, length = struct.unpack_from("<iII" if data[1] & 1 else ">iII", data, 4)
    except (struct.error, IndexError):
        return 0, ""
    return seconds * 10**9 + nanoseconds, bytes(data[16 : 15 + length]).decode("utf-8", "replace")


def _rgb(bag: Bag, message: Message, name: str, bit_depth: int) -> np.ndarray:
    try:
        return image_of(bag.read(message.channel, message.data), bit_depth=bit_depth)
    except ImageError as error:
        raise ImageError(f"{bag.path}, frame {name}: {error}") from error
