"""Bags as they are written: MCAP with zstd, checksums and the definitions of all types; one file, or a bag folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcap.writer import Writer
from rosbags.typesys.store import Typestore

from unexpected_core.files import settle, written_named
from unexpected_core.log import LOGGER
from unexpected_core.media.bags.channels import Channel, Message
from unexpected_core.media.bags.folder import entries_beside
from unexpected_core.media.bags.message_types import standard_types
from unexpected_core.media.bags.metadata import about, folder_metadata, profiles
from unexpected_core.media.errors import BagError
from unexpected_core.media.kinds import is_bag_folder


class BagWriter:
    """An MCAP file being written: topics are added with their first message. types: of the messages made here."""

    def __init__(self, file: Path, types: Typestore | None = None) -> None:
        self.file, self.types = file, types or standard_types()
        self._stream = file.open("wb")
        self._writer = Writer(self._stream)
        self._writer.start(profile="ros2")
        self._numbers: dict[tuple[str, str, bytes | None], int] = {}
        self._schemas: dict[tuple[str, bytes], int] = {}
        self.channels: list[Channel] = []
        self.counts: list[int] = []
        self.start, self.end = 0, 0

    def note(self, name: str, values: dict[str, str]) -> None:
        """Add a record of metadata."""
        self._writer.add_metadata(name, values)

    def write(self, topic: str, message: Any, time: int) -> None:
        """Write a message made from `types`; time: nanoseconds."""
        kind = message.__msgtype__
        self.write_bytes(topic, kind, self.types.serialize_cdr(message, kind), time)

    def write_bytes(
        self, topic: str, kind: str, data: bytes | memoryview, time: int, offered_qos: list[dict] | None = None
    ) -> None:
        """Write a message that is CDR already. offered_qos: the publishers' QoS, as rosbag2 spells it."""
        key = (topic, kind, None)  # the definition that is known here
        if key not in self._numbers:
            self._numbers[key] = self._add(self._channel(topic, kind, offered_qos))
        self._write(self._numbers[key], data, time, time)

    def _channel(self, topic: str, kind: str, offered_qos: list[dict] | None) -> Channel:
        notes = {"offered_qos_profiles": profiles(offered_qos)}
        if kind not in self.types.fielddefs:
            LOGGER.warning("%s is written without the definition of %s, which is not known here", topic, kind)
            return Channel(topic, kind, metadata=notes)
        schema = self.types.generate_msgdef(kind, ros_version=2)[0].encode()
        return Channel(topic, kind, "cdr", "ros2msg", schema, notes | {"topic_type_hash": self.types.hash_rihs01(kind)})

    def copy(self, message: Message) -> None:
        """Write a message of another bag as it is, with its channel's definition, QoS and notes."""
        channel = message.channel
        key = (channel.topic, channel.type, channel.schema)  # recordings of two versions of a program may be joined
        if key not in self._numbers:
            qos = profiles(channel.metadata.get("offered_qos_profiles"))
            notes = {**channel.metadata, "offered_qos_profiles": qos}
            self._numbers[key] = self._add(
                Channel(channel.topic, channel.type, channel.encoding, channel.schema_encoding, channel.schema, notes)
            )
        self._write(self._numbers[key], message.data, message.time, message.published)

    def _add(self, channel: Channel) -> int:
        """Its number, from 0."""
        schema = 0
        if channel.type:
            key = (channel.type, channel.schema)
            if key not in self._schemas:
                self._schemas[key] = self._writer.register_schema(channel.type, channel.schema_encoding, channel.schema)
            schema = self._schemas[key]
        self._writer.register_channel(channel.topic, channel.encoding, schema, dict(channel.metadata))
        self.channels.append(channel)
        self.counts.append(0)
        return len(self.channels) - 1

    def _write(self, number: int, data: bytes | memoryview, time: int, published: int) -> None:
        self.start = min(self.start, time) if any(self.counts) else time
        self.end = max(self.end, time)
        self.counts[number] += 1
        self._writer.add_message(number + 1, time, bytes(data), published)

    def flush(self) -> None:
        """Write what has been gathered so far: a run that is killed loses only what comes later."""
        self._writer.flush()

    def close(self) -> None:
        """Finish the file: index, statistics, end mark; it is on the disk then."""
        self._writer.add_metadata("rosbag2", {"serialized_metadata": about(self)})
        self._writer.finish()
        self._stream.close()
        settle(self.file)

    def abandon(self) -> None:
        """Close the file without an end."""
        self._stream.close()


@contextmanager
def create_bag(path: str | Path, types: Typestore | None = None) -> Iterator[BagWriter]:
    """Write a bag: one file when path ends in .mcap, else a folder with metadata.yaml.

    It appears under its name when the block ends well, whole; an older one is then replaced. Raises BagError.
    """
    path = check_target(path)
    with written_named(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
        writer = BagWriter(Path(temporary) / f"{path.stem}.mcap", types)
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise
        writer.close()
        publish(writer, path)


def check_target(path: str | Path) -> Path:
    """The place of a bag to be written; its parent folder is made. Raises BagError where it cannot or must not be."""
    path = Path(path)
    if path.suffix in (".db3", ".bag") or (path.exists() and path.is_dir() != (path.suffix != ".mcap")):
        raise BagError(f"cannot write {path}: expected a file name ending in .mcap, or the name of a bag folder")
    if path.is_dir() and not is_bag_folder(path):
        raise BagError(f"{path} is a folder, but no rosbag2; it is not replaced")
    if path.is_dir() and (foreign := entries_beside(path)):
        raise BagError(
            f"{path} is not replaced: {', '.join(foreign[:3])} in it {'is' if len(foreign) == 1 else 'are'} not of the "
            "bag; choose another name, or move what is not of the bag"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def publish(writer: BagWriter, path: Path) -> None:
    """Move a closed file to its name: as it is, or into a bag folder with metadata.yaml."""
    if path.suffix == ".mcap":
        writer.file.replace(path)
    else:
        _publish_folder(writer, path)
    settle(path.parent)


def _publish_folder(writer: BagWriter, path: Path) -> None:
    with written_named(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
        folder = Path(temporary) / path.name
        folder.mkdir()
        (folder / "metadata.yaml").write_text(folder_metadata(writer, f"{path.name}.mcap"), encoding="utf-8")
        settle(folder / "metadata.yaml")
        writer.file.replace(folder / f"{path.name}.mcap")  # last: a full disk leaves it where it is
        settle(folder)
        if path.exists():
            shutil.move(path, Path(temporary) / "replaced")
        folder.replace(path)
