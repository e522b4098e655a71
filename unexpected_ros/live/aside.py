"""Work that a signal leaves alone. Knows nothing of ROS or images."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def aside[T](work: Callable[[], T]) -> T:
    """What work() returns or raises, done in a thread of its own.

    Python handles signals in the main thread alone: what a handler raises ends this wait, at once. Raised amid the work
    it might meet C++ that has called Python and must not throw, such as torch's: that ends the process by SIGABRT.
    """
    thread = ThreadPoolExecutor(1, "aside")
    try:
        return thread.submit(work).result()
    finally:
        thread.shutdown(wait=False)
