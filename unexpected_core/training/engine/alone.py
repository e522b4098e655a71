"""One training at a time in a run folder, and which of its processes speaks for all of them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing keeps a second training out
    fcntl = None

from unexpected_core.training.engine.checkpoint import STOP
from unexpected_core.training.errors import TrainingError

PATIENCE = 8.0
"""Seconds to wait for a run folder that another process holds."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep a second training out of the run folder; the first process of a training speaks for the others.

    However the training ends, a file that asked it to end (STOP) does not wait for the next one.
    Raises TrainingError when another training holds it, whose stop file stays. A killed training lets go (its loader
    workers within seconds).
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not is_first_process():
        yield
        return
    with _held(folder):
        try:
            yield
        finally:
            (folder / STOP).unlink(missing_ok=True)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    handle, deadline = os.open(folder, os.O_RDONLY), time.monotonic() + PATIENCE
    try:
        while not _locked(handle):
            if time.monotonic() > deadline:
                raise TrainingError(
                    f"another process is training in {folder}: wait for it, end it, or use another --run"
                )
            time.sleep(0.2)
        yield
    finally:
        os.close(handle)


def is_first_process() -> bool:
    """Whether this process speaks for all of a training: torchrun's and Fabric's further ones have another rank."""
    return os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
