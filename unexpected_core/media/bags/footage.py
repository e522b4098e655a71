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
from unexpected_core.media.stamps import StampedCache


@dataclass(frozen=True, slots=True)
class BagFootage(Footage):
    """See Footage. topic: the images'; the CameraInfo beside it comes with them, to each that of its own stamp.

    bit_depth: see image_of.
    """

    path: Path
    topic: str
    claimed: int | None
    bit_depth: int = 0

    def shots(self) -> Iterator[Shot]:
        """See Footage."""
        with open_bag(self.path) as bag:
            start, n = None, 0
            try:
                for message, info in self._images(bag):
                    start = message.time if start is None else start
                    name = f"{n:06d}"
                    read = partial(_rgb, bag, message, name, self.bit_depth)
                    yield Shot(name, (message.time - start) / 1e9, self.path, read, info, *header_of(message.data))
                    n += 1
            except IncompleteError as error:
                raise IncompleteError(str(error), n, self.claimed) from error
        if not n:
            raise MediaError(f"{self.path} holds no image on {self.topic}")

    def _images(self, bag: Bag) -> Iterator[tuple[Message, bytes | None]]:
        """Each with its CameraInfo, which may come behind it. Raises IncompleteError behind the last one."""
        info_topic, infos = bag.camera_info_topic(self.topic), StampedCache[bytes]()
        waiting: tuple[int, Message] | None = None
        incomplete: IncompleteError | None = None
        try:
            for message in bag.messages(self.topic, *([info_topic] if info_topic else [])):
                stamp, _ = header_of(message.data)
                if message.channel.topic == info_topic:
                    infos.add(stamp, bytes(message.data))
                elif message.channel.type in IMAGES:  # a topic may have carried another type, too
                    if waiting:
                        yield waiting[1], infos.valid_at(waiting[0])
                    waiting = stamp, message
                if waiting and (info_topic is None or infos.has(waiting[0])):
                    yield waiting[1], infos.valid_at(waiting[0])
                    waiting = None
        except IncompleteError as error:
            incomplete = error
        if waiting:
            yield waiting[1], infos.valid_at(waiting[0])
        if incomplete:
            raise incomplete


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
