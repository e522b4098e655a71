"""Single keys from the terminal, where there is one and it is ours."""

from __future__ import annotations

import os
import select
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ARROWS = {"\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left"}


@contextmanager
def keys() -> Iterator[Callable[[], str]]:
    """A function that gives the key pressed since it was last asked, '' for none; always '' without a terminal.

    Arrows are 'up', 'down', 'right', 'left'. The terminal is as it was when the block ends.
    """
    terminal = 0  # not sys.stdin, which there is none of where it was closed
    if not _is_ours(terminal):
        yield lambda: ""
        return
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    try:
        yield lambda: _pressed(terminal)
    finally:
        if _is_ours(terminal):  # else whoever has it now has set it as it needs it
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _is_ours(terminal: int) -> bool:
    """A background job must not ask it, and nobody whose session has another terminal, or none (setsid)."""
    try:
        return os.isatty(terminal) and os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False


def _pressed(terminal: int) -> str:
    if not _is_ours(terminal) or not select.select([terminal], [], [], 0)[0]:
        return ""
    text = os.read(terminal, 8).decode("utf-8", "replace")
    return ARROWS.get(text, text[:1])
