"""A bag that may take several runs to write: what an interrupted one left is a whole bag, and the next one goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rosbags.typesys.store import Typestore

from unexpected_core.holding import locked
from unexpected_core.log import LOGGER
from unexpected_core.media.bags.channels import Message
from unexpected_core.media.bags.mcap import McapStorage
from unexpected_core.media.bags.writing import BagWriter, check_target, publish
from unexpected_core.media.errors import BagError

NOTE = "unexpected_ros"


class GrowingBag:
    """A bag being written, and what an earlier run with the same recipe has written of it."""

    def __init__(self, writer: BagWriter, earlier: Path | None) -> None:
        self.writer, self._earlier = writer, earlier

    def earlier(self) -> Iterator[Message]:
        """The messages of the earlier run in the order of writing, up to where it was killed or the file is damaged.

        The earlier file is deleted when this ends: the caller writes again what is to be kept.
        """
        if self._earlier is None:
            return
        storage = McapStorage(self._earlier)
        known = len(storage.losses)
        try:
            for message in storage.messages_as_written():
                if len(storage.losses) > known:  # what lay between is gone: the rest is no beginning of the bag
                    break
                yield message
        finally:
            storage.close()
        self._earlier.unlink()
        self._earlier = None


def partial_path(path: Path) -> Path:
    """Where an interrupted run leaves what it has: out.mcap -> out.partial.mcap."""
    return path.with_name(f"{path.name.removesuffix('.mcap')}.partial.mcap")


@contextmanager
def growing_bag(path: str | Path, types: Typestore, recipe: Mapping[str, str]) -> Iterator[GrowingBag]:
    """Write a bag (see create_bag) that appears under its name when the block ends well.

    Until then, and when the block is left by an exception, it is a closed bag beside it, `partial_path`, if it holds
    anything. recipe: what it is made from and how; only a partial bag of the same recipe is gone on with.
    Raises BagError, also while another run is at it.
    """
    path = check_target(path)
    partial = partial_path(path)
    aside = partial.with_name(f".{partial.name}")  # of a run that was killed while it took over an earlier one
    with _alone_at(partial):
        earlier = _usable(aside, recipe) or _usable(partial, recipe)
        if earlier == partial:
            partial.replace(aside)
        elif not earlier:
            aside.unlink(missing_ok=True)
        writer = BagWriter(partial, types)
        writer.note(NOTE, dict(recipe))
        writer.flush()
        try:
            yield GrowingBag(writer, earlier and aside)
        except BaseException:
            _leave(writer, aside)
            raise
        writer.close()
        aside.unlink(missing_ok=True)
        publish(writer, path)


@contextmanager
def _alone_at(partial: Path) -> Iterator[None]:
    """Raises BagError while another run is at the partial bag: each would take what the other writes for its own.

    The lock is that of a hidden file, which a kill leaves behind, but not locked: the bag's own changes hands.
    """
    place = partial.with_name(f".{partial.name}.lock")
    with place.open("ab") as mark:
        if not _lock(mark, place):
            raise BagError(f"{partial} is being written by another run; wait for it, end it, or choose another output")
        try:
            yield
        finally:
            place.unlink(missing_ok=True)


def _lock(mark: BinaryIO, place: Path) -> bool:
    """Lock an open file; False where another run has it, or has removed it from its place since it was opened."""
    if not locked(mark.fileno()):
        return False
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(mark.fileno()), place.stat())
    return False


def _usable(partial: Path, recipe: Mapping[str, str]) -> Path | None:
    if not partial.is_file():
        return None
    try:
        storage = McapStorage(partial)
        try:
            if storage.note(NOTE) == dict(recipe):
                return partial
        finally:
            storage.close()
        cause = "is of another command"
    except BagError:
        cause = "cannot be read"
    LOGGER.warning("%s %s and is replaced", partial, cause)
    return None


def _leave(writer: BagWriter, aside: Path) -> None:
    """Keep what an interrupted run can be continued from: its own bag, or the one that it was still taking over."""
    with suppress(Exception):  # such as a full disk; the next run reads what got there
        writer.close()
    if aside.is_file():
        aside.replace(writer.file)
    elif not any(writer.counts):
        writer.file.unlink(missing_ok=True)
