"""One file of a bag, opened by what it is and not by its name."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Container, Iterator
from pathlib import Path

import zstandard

from unexpected_core.files import written_named
from unexpected_core.media.bags.channels import Message, Storage
from unexpected_core.media.bags.mcap import McapStorage
from unexpected_core.media.bags.ros1 import Ros1Storage
from unexpected_core.media.bags.sqlite import SqliteStorage
from unexpected_core.media.errors import BagError
from unexpected_core.media.kinds import bag_storage, stem


def open_storage(path: Path, keep: bool = True) -> Storage:
    """Open an MCAP, SQLite or ROS 1 file, or one of them compressed with zstd. Raises BagError.

    keep: see UnfoldedStorage.
    """
    try:
        kind = bag_storage(path)
    except OSError as error:
        raise BagError(f"cannot read {path}: {error.strerror or error}") from error
    if kind is None:
        empty = not path.stat().st_size
        raise BagError(f"cannot read {path} as a rosbag2: {'it is empty' if empty else 'neither MCAP nor SQLite'}")
    if kind == "zstd":
        return UnfoldedStorage(path, keep)
    return {"mcap": McapStorage, "sqlite3": SqliteStorage, "ros1": Ros1Storage}[kind](path)


class UnfoldedStorage:
    """A file that rosbag2 compressed as a whole, unfolded on disk while it is read. See channels.Storage.

    keep: it stays unfolded until it is closed; else it is unfolded anew for its messages, so that of a bag of many
    files one lies on the disk at a time.
    """

    def __init__(self, path: Path, keep: bool = True) -> None:
        self.path, self._keep = path, keep
        self._storage = self._unfold()
        self.channels, self.claimed = self._storage.channels, self._storage.claimed
        if not keep:
            self.close()

    def _unfold(self) -> Storage:
        self._folder = tempfile.TemporaryDirectory(prefix="bag.")
        unfolded = Path(self._folder.name) / self.path.name.removesuffix(".zstd")
        damage = []
        try:
            with self.path.open("rb") as packed, written_named(unfolded), unfolded.open("wb") as plain:
                shutil.copyfileobj(zstandard.ZstdDecompressor().stream_reader(packed), plain)
        except OSError as error:
            self._folder.cleanup()
            if error.filename != str(unfolded):
                raise
            cause = f"cannot unfold {self.path}: {error.strerror}; set TMPDIR to a folder with more room"
            raise OSError(error.errno, cause, error.filename) from error
        except zstandard.ZstdError as error:
            damage.append(f"{stem(self.path)}: its compression is damaged ({error})")
        try:
            storage = open_storage(unfolded)
        except BagError as error:
            self._folder.cleanup()
            raise BagError(f"cannot read {self.path}: what it unfolds to is no bag ({error})") from error
        storage.losses[:0] = damage
        self.losses = storage.losses
        return storage

    def messages(self, topics: Container[str] | None = None) -> Iterator[Message]:
        """See channels.Storage."""
        self._storage = self._storage or self._unfold()
        try:
            yield from self._storage.messages(topics)
        finally:
            if not self._keep:
                self.close()

    def close(self) -> None:
        """See channels.Storage."""
        if self._storage:
            self._storage.close()
            self._folder.cleanup()
            self._storage = None
