"""One file of a bag, opened by what it is and not by its name."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Container, Iterator
from pathlib import Path

import zstandard

from unexpected_core.media.bags.channels import Message, Storage
from unexpected_core.media.bags.mcap import McapStorage
from unexpected_core.media.bags.ros1 import Ros1Storage
from unexpected_core.media.bags.sqlite import SqliteStorage
from unexpected_core.media.errors import BagError
from unexpected_core.media.kinds import bag_storage, stem


def open_storage(path: Path) -> Storage:
    """Open an MCAP, SQLite or ROS 1 file, or one of them compressed with zstd. Raises BagError."""
    try:
        kind = bag_storage(path)
    except OSError as error:
        raise BagError(f"cannot read {path}: {error.strerror or error}") from error
    if kind is None:
        empty = not path.stat().st_size
        raise BagError(f"cannot read {path} as a rosbag2: {'it is empty' if empty else 'neither MCAP nor SQLite'}")
    return {"mcap": McapStorage, "sqlite3": SqliteStorage, "ros1": Ros1Storage, "zstd": UnfoldedStorage}[kind](path)


class UnfoldedStorage:
    """A file that rosbag2 compressed as a whole, unfolded on disk while it is open. See channels.Storage."""

    def __init__(self, path: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bag.")
        unfolded = Path(self._folder.name) / path.name.removesuffix(".zstd")
        self.losses: list[str] = []
        try:
            with path.open("rb") as packed, unfolded.open("wb") as plain:
                shutil.copyfileobj(zstandard.ZstdDecompressor().stream_reader(packed), plain)
        except zstandard.ZstdError as error:
            self.losses.append(f"{stem(path)}: its compression is damaged ({error})")
        try:
            self._storage = open_storage(unfolded)
        except BagError as error:
            self._folder.cleanup()
            raise BagError(f"cannot read {path}: what it unfolds to is no bag ({error})") from error
        self.channels, self.claimed = self._storage.channels, self._storage.claimed
        self._storage.losses[:0] = self.losses
        self.losses = self._storage.losses

    def messages(self, topics: Container[str] | None = None) -> Iterator[Message]:
        """See channels.Storage."""
        return self._storage.messages(topics)

    def close(self) -> None:
        """See channels.Storage."""
        self._storage.close()
        self._folder.cleanup()
