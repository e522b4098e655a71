"""Requests to stop, by Ctrl-C (SIGINT) or by a machine's manager (SIGTERM): work ends where it can be gone on with."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AGAIN_S = 1.0
"""A second signal before that is the first one, twice: `timeout` sends it to the process and to its group."""
STDERR, SAID = 2, b"\nwill end where it can be gone on with; the same again ends at once\n"


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Such a signal asks for an end at the next good moment, once more for one at once. Gives: has it been asked for?

    In other threads than the main one nothing is ever asked for: Python gives signals to that one alone. Signals that
    somebody's C code answers stay so.
    """
    asked: list[float] = []

    def ask(*_: object) -> None:
        if asked and time.monotonic() - asked[0] > AGAIN_S:
            raise KeyboardInterrupt
        if not asked:
            os.write(STDERR, SAID)  # not sys.stderr: the signal may have come in the middle of a write to it
        asked.append(time.monotonic())

    main = threading.current_thread() is threading.main_thread()
    heard = [number for number in SIGNALS if main and signal.getsignal(number) is not None]
    before = {number: signal.signal(number, ask) for number in heard}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def until[T](asked: Callable[[], bool], items: Iterator[T]) -> Iterator[T]:
    """Items until an end is asked for. That the signal has ended a process that makes them is then no error."""
    while not asked():
        try:
            item = next(items)
        except StopIteration:
            return
        except RuntimeError:  # of torch's loader
            if not asked():
                raise
            return
        yield item
