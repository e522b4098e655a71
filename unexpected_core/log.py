"""Messages and progress for people. Libraries log; only the command line and scripts choose where it goes."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator

LOGGER = logging.getLogger("unexpected")


def to_terminal() -> None:
    """Send the package's log to the terminal as plain lines (for programs, not libraries)."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)


def shown(text: str, most: int = 80) -> str:
    """Foreign text (from a message, a file) as it may stand in a log line: printable, at most `most` characters.

    >>> shown("rgb8\\nERROR: all is lost")
    'rgb8?ERROR: all is lost'
    """
    cut = text if len(text) <= most else text[: most - 3] + "..."
    return "".join(c if c.isprintable() else "?" for c in cut)


def one_line(error: Exception) -> str:
    """What a library says in several lines (YAML, pydantic), in one."""
    return " ".join(str(error).split())


def first_line(error: BaseException) -> str:
    """The first line of what an exception says, or its kind where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def progress[T](items: Iterable[T], title: str, total: int | None = None) -> Iterator[T]:
    """Yield the items, showing rate and time left: a rich bar on a terminal, a plain line every 10 s elsewhere."""
    if total is None and hasattr(items, "__len__"):
        total = len(items)  # type: ignore[arg-type]
    if sys.stderr and sys.stderr.isatty():  # none where it was closed
        from rich.console import Console
        from rich.progress import track

        yield from track(items, title, total=total, console=Console(stderr=True))
        return
    start = last = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if done and now - last >= 10:
            rate = done / (now - start)
            left = f", {(total - done) / rate:.0f} s left" if total else ""
            LOGGER.info("%s: %d%s, %.3g/s%s", title, done, f"/{total}" if total else "", rate, left)
            last = now
        yield item
