"""Work beside this process, in several others, which begin anew: OpenCV's threads do not survive a fork."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process

import cv2

from unexpected_core.devices import processors

PARENT_GONE = 1
"""Exit code of a process whose parent has ended."""


class ProcessesError(RuntimeError):
    """A process ended before its work did: a message for people."""


@contextmanager
def processes(workers: int | None) -> Iterator[ProcessPoolExecutor]:
    """So many processes (none = one for each core), each with one thread for OpenCV. Raises ProcessesError.

    However this process ends, they end with it.
    """
    workers = processors() if workers is None else workers
    try:
        with ProcessPoolExecutor(workers, get_context("spawn"), _begin) as pool:
            yield pool
    except BrokenProcessPool as error:
        raise ProcessesError(
            "a process that worked beside this one was ended. If memory ran out, take fewer workers; if this is a "
            "script of your own, put what it does below `if __name__ == '__main__':`, for each process reads it again"
        ) from error


def _begin() -> None:
    """What each process does first."""
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed says nothing, and its pool's queues would be waited at for ever."""
    if parent := parent_process():
        parent.join()
        os._exit(PARENT_GONE)
