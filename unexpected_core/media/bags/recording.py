"""A bag of live data, which cannot be recorded again: what was written is kept, even after a power cut."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from rosbags.typesys.store import Typestore

from unexpected_core.media.bags.writing import BagWriter, check_target, publish
from unexpected_core.media.errors import BagError


class Recording(BagWriter):
    """A bag whose `flush` has it written to the disk, too, in a thread of its own: what comes does not wait for that.

    flush and close raise the OSError of a disk that could not.
    """

    def __init__(self, file: Path, types: Typestore) -> None:
        super().__init__(file, types)
        self._disk = ThreadPoolExecutor(1, "disk")
        self._writing: Future[None] | None = None

    def flush(self) -> None:
        """See BagWriter. While the disk is still at what it was given before, it is given no more."""
        super().flush()
        if self._writing is None or self._writing.done():
            if self._writing:
                self._writing.result()
            self._writing = self._disk.submit(os.fdatasync, self._stream.fileno())

    def close(self) -> None:
        """See BagWriter."""
        self._disk.shutdown()
        super().close()
        if self._writing:
            self._writing.result()  # the system tells once of what the disk could not keep, and has told this thread


@contextmanager
def recorded_bag(path: str | Path, types: Typestore, overwrite: bool = False) -> Iterator[BagWriter]:
    """Write a bag (see create_bag) that appears under its name when the block ends well.

    Until then, and when the block or the disk ends it otherwise, it is the writer's `file` beside it, such as
    out.recording.mcap (what `growing_bag` finds at its own place, it replaces): closed where there is room for that,
    and kept if anything was written. What an earlier run has left there is not touched.
    overwrite: an older bag of the name is replaced, then; else it is refused before anything is recorded.
    Raises BagError, OSError.
    """
    path = check_target(path)
    if path.exists() and not overwrite:
        raise BagError(f"{path} is there already; choose another name, or --overwrite replaces it at the end")
    writer = Recording(_taken(path.with_name(f"{path.name.removesuffix('.mcap')}.recording.mcap")), types)
    try:
        yield writer
    except BaseException:
        with suppress(Exception):  # such as a full disk; what got there can be read
            writer.close()
        if not any(writer.counts):
            writer.file.unlink(missing_ok=True)
        raise
    writer.close()
    if not overwrite:
        _claim(path)
    publish(writer, path)


def _claim(path: Path) -> None:
    """Raises BagError where another has taken the name meanwhile, such as a second recording of it."""
    try:
        path.touch(exist_ok=False) if path.suffix == ".mcap" else path.mkdir()
    except FileExistsError as error:
        raise BagError(f"{path} has come to be meanwhile, and is left alone") from error


def _taken(path: Path) -> Path:
    """An empty file of ours: the path, or, where it is taken, out.recording-2.mcap, out.recording-3.mcap, ..."""
    for n in count(1):
        file = path.with_name(f"{path.stem}-{n}.mcap" if n > 1 else path.name)
        with suppress(FileExistsError):
            file.touch(exist_ok=False)  # at once: another recording of the name may begin just now
            return file
