"""Work that a signal leaves alone. Knows nothing of ROS or images."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future


def aside[T](work: Callable[[], T]) -> T:
    """What work() returns or raises, done in a thread of its own.

    Python handles signals in the main thread alone: what a handler raises ends this wait, at once. Raised amid the work
    it might meet C++ that has called Python and must not throw, such as torch's: that ends the process by SIGABRT.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # it is for who waits, whatever it is
            outcome.set_exception(error)

    threading.Thread(target=run, name="aside", daemon=True).start()
    return outcome.result()
