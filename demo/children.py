"""Processes that do not outlive the demo, however it ends."""

import ctypes
import signal
from collections.abc import Iterator
from contextlib import contextmanager


def die_with_parent() -> None:
    """In a child: be told to end when the demo is killed and cannot tell it (Linux prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def leave_interrupts_to_parent() -> None:
    """In a worker: Ctrl-C reaches the whole group; the demo decides what follows."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until the block is over; processes started in it never hear of it, not even while they load."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
