"""An open bag, whatever it is: one file or a folder of them, MCAP or SQLite, ROS 2 or ROS 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import zstandard

from unexpected_core.config import unknown_name
from unexpected_core.log import LOGGER
from unexpected_core.media.bags.channels import Channel, Message, Storage
from unexpected_core.media.bags.folder import BagFiles, bag_files_of
from unexpected_core.media.bags.message_types import CAMERA_INFO, COMPRESSED, IMAGE, store_of
from unexpected_core.media.bags.ros1_messages import to_ros2
from unexpected_core.media.bags.storage import open_storage
from unexpected_core.media.errors import BagError, IncompleteError
from unexpected_core.media.kinds import ZSTD

IMAGES = (IMAGE, COMPRESSED)
RECOVER = {
    ".mcap": "`mcap recover` or `ros2 bag reindex`",
    ".db3": "`sqlite3 FILE .recover` or `ros2 bag reindex`",
    ".bag": "`rosbag reindex`",
}
"""Suffix -> what may save more of a damaged file."""


class Bag:
    """Topics and messages of a bag. Storage is matched by topic and type, and its own counts are believed."""

    def __init__(self, path: Path, files: BagFiles, storages: list[Storage]) -> None:
        self.path, self._files, self._storages = path, files, storages
        self._converters: dict[Channel, tuple[Channel, Callable[[bytes], bytes]] | None] = {}
        found: dict[tuple[str, str], Channel] = {}
        for storage in storages:
            for channel in storage.channels:
                known = self._known(channel)
                if known:
                    found.setdefault((known[0].topic, known[0].type), known[0])
        self.channels = list(found.values())

    def _known(self, channel: Channel) -> tuple[Channel, Callable[[bytes], bytes]] | None:
        """The channel as ROS 2 has it and what converts its messages; None for one that cannot be used."""
        if channel not in self._converters:
            try:
                self._converters[channel] = to_ros2(channel) if channel.encoding == "ros1" else (channel, _unfold)
            except BagError as error:
                LOGGER.warning("%s: left out: %s", self.path, error)
                self._converters[channel] = None
        return self._converters[channel]

    def topics(self, *kinds: str) -> list[str]:
        """Names of the topics that carry one of the types, of all topics when none is given."""
        return list(dict.fromkeys(c.topic for c in self.channels if not kinds or c.type in kinds))

    def count(self, topic: str) -> int | None:
        """Number of messages of a topic by the storage's own count, else by metadata.yaml; None where neither says."""
        counts = [storage.claimed for storage in self._storages]
        if self._files.missing or None in counts:
            return self._files.counts.get(topic)
        return sum(count.get(topic, 0) for count in counts)

    def image_topic(self, wanted: str | None = None) -> str:
        """The topic to read images from: the wanted one, or the only one that has any. Raises BagError."""
        found = self.topics(*IMAGES)
        if wanted is not None:
            if wanted not in found:
                raise BagError(f"{self.path}: {unknown_name('image topic', wanted, found)}")
            return wanted
        filled = [topic for topic in found if self.count(topic) != 0]
        if len(filled) == 1:
            return filled[0]
        if len(filled) > 1:
            names = ", ".join(filled)
            raise BagError(
                f"{self.path} has {len(filled)} image topics ({names}); choose with topic=NAME (--topic NAME)"
            )
        losses = [loss for storage in self._storages for loss in storage.losses]
        cause = f"; it is damaged: {losses[0]}; {self._cure()}" if losses else ""
        without = (
            f"only {', '.join(found)} without a message" if found else f"expected messages of {IMAGE} or {COMPRESSED}"
        )
        raise BagError(f"{self.path} holds no images: {without}{cause}")

    def camera_info_topic(self, image_topic: str) -> str | None:
        """The CameraInfo beside an image topic: '/camera/image' -> '/camera/camera_info', None where there is none."""
        base = image_topic.removesuffix("/compressed").rpartition("/")[0]
        return f"{base}/camera_info" if f"{base}/camera_info" in self.topics(CAMERA_INFO) else None

    def messages(self, *topics: str) -> Iterator[Message]:
        """Messages in CDR of the named topics, of all when none is named, by time of recording.

        Raises IncompleteError behind the last one when some could not be read.
        """
        wanted = set(topics) or None
        given: dict[str, int] = {}
        for storage in self._storages:
            for message in storage.messages(wanted):
                known = self._known(message.channel)
                if known is None:
                    continue
                channel, convert = known
                try:
                    data = convert(message.data)
                except Exception as error:  # damaged bytes raise many kinds
                    storage.losses.append(f"a message of {channel.topic} is damaged ({error or repr(error)})")
                    continue
                given[channel.topic] = given.get(channel.topic, 0) + 1
                yield Message(channel, message.time, data, message.published)
        self._check(given, wanted or set(self.topics()))

    def look_ahead(self, *topics: str) -> Iterator[Message]:
        """Messages of the named topics as far as they can be read; what cannot is left to `messages` to tell."""
        noted = [list(storage.losses) for storage in self._storages]
        try:
            with suppress(IncompleteError):
                yield from self.messages(*topics)
        finally:
            for storage, losses in zip(self._storages, noted, strict=True):
                storage.losses[:] = losses

    def _check(self, given: dict[str, int], wanted: set[str]) -> None:
        """Compare what was read with what was claimed. Raises IncompleteError."""
        losses = [*self._files.missing, *(loss for storage in self._storages for loss in storage.losses)]
        claims = {topic: self.count(topic) or 0 for topic in wanted}
        losses += [f"fewer of {topic} than it counts" for topic in claims if claims[topic] > given.get(topic, 0)]
        if not losses:
            return
        read, claimed = sum(given.values()), sum(claims.values())
        much = f"{read} of {claimed} messages" if claimed >= read else f"{read} messages, of an unknown number,"
        more = f" and {len(losses) - 2} more" if len(losses) > 2 else ""
        cause = "; ".join(losses[:2]) + more
        raise IncompleteError(
            f"{self.path} is damaged: {much} could be read ({cause}); {self._cure()}", read, claimed or None
        )

    def _cure(self) -> str:
        suffixes = [suffix for suffix in RECOVER if any(suffix in file.name for file in self._files.paths)]
        return f"{RECOVER[suffixes[0] if suffixes else '.mcap']} may save more"

    def read(self, channel: Channel, data: bytes) -> Any:
        """CDR bytes -> message, with the definition that the bag has of it. Raises BagError."""
        store = store_of(channel.type, channel.schema_encoding, channel.schema.decode("utf-8", "replace"))
        try:
            return store.deserialize_cdr(data, channel.type)
        except Exception as error:  # damaged bytes raise many kinds
            raise BagError(
                f"message of {len(data)} bytes on {channel.topic} is damaged ({error or repr(error)})"
            ) from error


def _unfold(data: bytes) -> bytes:
    """rosbag2 may compress each message by itself; CDR never begins so."""
    if data[:4] != ZSTD:
        return data
    return zstandard.ZstdDecompressor().stream_reader(data).read()


@contextmanager
def open_bag(path: str | Path) -> Iterator[Bag]:
    """Open a rosbag2 (file .mcap or .db3, or folder) or a ROS 1 bag for reading. Raises BagError."""
    path = Path(path)
    if not (path.is_file() or path.is_dir()):
        wrong = "is neither a file nor a folder" if path.exists() else "does not exist"
        raise BagError(f"{path} {wrong}; expected a rosbag2: file .mcap or .db3, or folder with metadata.yaml")
    files = bag_files_of(path)
    storages: list[Storage] = []
    try:
        for file in files.paths:
            try:
                storages.append(open_storage(file, keep=len(files.paths) == 1))
            except BagError as error:
                if len(files.paths) == 1:
                    raise
                files.missing.append(str(error))
        if not storages:
            raise BagError(f"{path}: none of its files can be read ({'; '.join(files.missing)})")
        yield Bag(path, files, storages)
    finally:
        for storage in storages:
            storage.close()
