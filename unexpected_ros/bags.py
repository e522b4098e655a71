"""rosbag2 files without ROS: read images, write our messages, run a detector over every frame of a bag.

python -m unexpected_ros.bags IN OUT.mcap
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.highlevel import AnyReader
from rosbags.interfaces import Connection
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from unexpected_core.compressed import decode_compressed
from unexpected_core.config import unknown_name
from unexpected_core.encodings import to_rgb

IMAGE, COMPRESSED, CAMERA_INFO = (f"sensor_msgs/msg/{name}" for name in ("Image", "CompressedImage", "CameraInfo"))
SUFFIXES = (".mcap", ".db3")


class BagError(ValueError):
    """A bag that cannot be read or written; the message says which, why, and what was expected."""


def is_bag(path: Path) -> bool:
    """Whether path looks like a rosbag2: a file .mcap or .db3, or a folder with metadata.yaml."""
    return path.suffix in SUFFIXES or (path / "metadata.yaml").is_file()


def message_types() -> Typestore:
    """All standard messages of ROS 2 and ours, read from the definitions beside this file or in the checkout."""
    here = Path(__file__).parent
    folder = here / "definitions" if (here / "definitions").is_dir() else here.parent / "msg"
    types: dict[str, Any] = {}
    for path in sorted(folder.glob("*.msg")):
        types.update(get_types_from_msg(path.read_text(encoding="utf-8"), f"unexpected_ros/msg/{path.stem}"))
    if not types:
        raise BagError(f"message definitions not found in {folder}; install the package again")
    store = get_typestore(Stores.ROS2_KILTED)
    store.register(types)
    return store


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image of a bag. time: nanoseconds at which it was recorded. message: with header, as rosbags reads it."""

    time: int
    message: Any
    compressed: bool

    def rgb(self) -> np.ndarray:
        """RGB uint8 [H, W, 3]. Raises EncodingError."""
        m = self.message
        if self.compressed:
            return decode_compressed(m.data)
        return to_rgb(m.encoding, m.height, m.width, m.step, m.data, m.is_bigendian)


class BagReader:
    """An open bag: its connections, and messages in the order of recording."""

    def __init__(self, reader: AnyReader, path: Path) -> None:
        self.reader, self.path = reader, path
        self.connections: list[Connection] = reader.connections

    def topics(self, *kinds: str) -> list[str]:
        """Names of the topics that carry one of the types, of all topics when none is given."""
        return list(dict.fromkeys(c.topic for c in self.connections if not kinds or c.msgtype in kinds))

    def image_topic(self, wanted: str | None = None) -> str:
        """The topic to read images from: the wanted one, or the only one. Raises BagError naming those there are."""
        found = self.topics(IMAGE, COMPRESSED)
        if wanted is not None:
            if wanted not in found:
                raise BagError(f"{self.path}: {unknown_name('image topic', wanted, found)}")
            return wanted
        if len(found) != 1:
            raise BagError(
                f"{self.path} has {len(found)} image topics ({', '.join(found) or 'none'}); "
                "expected one, or its name (--topic)"
            )
        return found[0]

    def camera_info_topic(self, image_topic: str) -> str | None:
        """The CameraInfo beside an image topic: '/camera/image' -> '/camera/camera_info', None where there is none."""
        base = image_topic.removesuffix("/compressed").rpartition("/")[0]
        return f"{base}/camera_info" if f"{base}/camera_info" in self.topics(CAMERA_INFO) else None

    def messages(self, *topics: str) -> Iterator[tuple[Connection, int, bytes]]:
        """(connection, nanoseconds, CDR bytes) of the named topics, of all when none is named. Raises BagError."""
        chosen = [c for c in self.connections if not topics or c.topic in topics]
        try:
            if chosen:
                yield from self.reader.messages(chosen)
        except Exception as error:  # rosbags and its storage libraries raise many kinds
            raise BagError(f"{self.path} is damaged: {error!r}") from error

    def frame(self, connection: Connection, time: int, data: bytes) -> Frame:
        """CDR bytes of an image message -> Frame."""
        return Frame(time, self.read(connection, data), connection.msgtype == COMPRESSED)

    def read(self, connection: Connection, data: bytes) -> Any:
        """CDR bytes -> message. Raises BagError."""
        try:
            return self.reader.deserialize(data, connection.msgtype)
        except Exception as error:  # as above
            raise BagError(f"{self.path}: a message of {connection.topic} is damaged: {error!r}") from error

    def count(self, topic: str) -> int:
        """Number of messages of a topic."""
        return sum(c.msgcount for c in self.connections if c.topic == topic)


@contextmanager
def open_bag(path: str | Path) -> Iterator[BagReader]:
    """Open a rosbag2 (file .mcap or .db3, or folder) for reading. Raises BagError."""
    path = Path(path)
    if not path.exists():
        raise BagError(f"{path} does not exist; expected a rosbag2: file .mcap or .db3, or folder with metadata.yaml")
    try:
        reader = AnyReader([path], default_typestore=message_types())
        reader.open()
    except Exception as error:  # rosbags lets errors of its storage libraries through as they are
        raise BagError(f"cannot read {path} as a rosbag2 (.mcap, .db3 or folder): {error}") from error
    try:
        yield BagReader(reader, path)
    finally:
        reader.close()


class BagWriter:
    """A bag being written: topics are added with their first message."""

    def __init__(self, writer: Writer, types: Typestore) -> None:
        self.writer, self.types = writer, types
        self._connections: dict[tuple[str, str], Connection] = {}

    def write(self, topic: str, message: Any, time: int) -> None:
        """Write a message made from `types`; time: nanoseconds."""
        kind = message.__msgtype__
        self.write_bytes(topic, kind, self.types.serialize_cdr(message, kind), time)

    def write_bytes(
        self, topic: str, kind: str, data: bytes | memoryview, time: int, types: Typestore | None = None
    ) -> None:
        """Write a message that is CDR already. types: where its definition is, when not among ours. Raises BagError."""
        connection = self._connections.get((topic, kind))
        if connection is None:
            types = types or self.types
            if kind not in types.fielddefs:
                raise BagError(f"{topic} carries {kind}, whose definition is not known; it cannot be recorded")
            connection = self.writer.add_connection(topic, kind, typestore=types)
            self._connections[topic, kind] = connection
        self.writer.write(connection, time, data)


@contextmanager
def create_bag(path: str | Path) -> Iterator[BagWriter]:
    """Write a bag with MCAP storage: one file when path ends in .mcap, else a folder with metadata.yaml.

    It appears under its name when the block ends well, whole; an older one is then replaced. Raises BagError.
    """
    path = Path(path)
    if path.suffix == ".db3" or (path.exists() and path.is_dir() != (path.suffix != ".mcap")):
        raise BagError(f"cannot write {path}: expected a file name ending in .mcap, or the name of a bag folder")
    if path.is_dir() and not is_bag(path):
        raise BagError(f"{path} is a folder, but no rosbag2; it is not replaced")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
        folder = Path(temporary) / path.stem
        writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
        writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        with writer:
            yield BagWriter(writer, message_types())
        if path.suffix == ".mcap":
            (folder / f"{path.stem}.mcap").replace(path)
            return
        if path.exists():
            shutil.move(path, Path(temporary) / "replaced")
        folder.replace(path)


if __name__ == "__main__":
    from unexpected_ros.tools.offline import main

    raise SystemExit(main())
