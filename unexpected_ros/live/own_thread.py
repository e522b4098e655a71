"""Work in a thread of its own, so that a signal can end the wait for it but not the work. Knows nothing of ROS."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def in_own_thread[T](work: Callable[[], T]) -> T:
    """What work() returns or raises, done in a thread of its own.

    Python handles signals in the main thread alone: what a handler raises ends this wait, at once. Raised amid the work
    it might meet C++ that has called Python and must not throw, such as torch's: that ends the process by SIGABRT.
    """
    thread = ThreadPoolExecutor(1, "work")
    try:
        return thread.submit(work).result()
    finally:
        thread.shutdown(wait=False)
