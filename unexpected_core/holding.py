"""One process at a time in a folder that it writes to."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing keeps a second process out
    fcntl = None

NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)
"""What file systems answer that know of no locks, such as Lustre without its option: nothing keeps a second one out."""


@contextmanager
def held(folder: Path, refusal: Exception, patience: float = 0.0) -> Iterator[None]:
    """Hold a folder, which must be there, against all others that ask for it so; a killed process lets go.

    Raises `refusal` when it is still held by another after `patience` seconds.
    """
    if fcntl is None:  # nor can a folder be opened there
        yield
        return
    handle, deadline = os.open(folder, os.O_RDONLY), time.monotonic() + patience
    try:
        while not locked(handle):
            if time.monotonic() >= deadline:
                raise refusal
            time.sleep(0.2)
        yield
    finally:
        os.close(handle)


def locked(handle: int) -> bool:
    """Lock an open file or folder until it is closed; False while another has it, True where there are no locks."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    return True
