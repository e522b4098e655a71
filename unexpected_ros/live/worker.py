"""One thread that always works on the newest item. Knows nothing of ROS or images."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

LOGGER = logging.getLogger(__name__)


def too_old(age_ms: float, max_age_ms: float) -> bool:
    """Whether an item is stale; an unknown age (NaN) is not, and a limit of 0 lets everything pass."""
    return 0 < max_age_ms < age_ms


class Worker[T]:
    """Runs `work(item)` in a thread of its own; an item that arrives while one waits takes its place.

    An item for which `is_stale(item)` holds when its turn comes is dropped. An exception costs one item:
    `on_error(item, exception)` hears of it, and the next item is tried.
    """

    def __init__(
        self,
        work: Callable[[T], None],
        on_error: Callable[[T, Exception], None],
        name: str,
        is_stale: Callable[[T], bool] = lambda item: False,
    ) -> None:
        self._work, self._on_error, self._is_stale = work, on_error, is_stale
        self._slot: list[T] = []  # empty or one item
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def offer(self, item: T) -> T | None:
        """Hand over an item without waiting; returns the older waiting item that it replaced, if any.

        After `stop` the offered item itself comes back: it will not be worked on.
        """
        with self._changed:
            if self._stopping:
                return item
            replaced = self._slot.pop() if self._slot else None
            self._slot.append(item)
            self._changed.notify()
            return replaced

    def stop(self, timeout: float | None = None) -> bool:
        """Finish the item in work, forget the waiting one, end the thread. False if it takes over `timeout` seconds."""
        with self._changed:
            self._stopping = True
            self._slot.clear()
            self._changed.notify()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (item := self._take()) is not None:
            try:
                if not self._is_stale(item):
                    self._work(item)
            except Exception as error:  # whatever it is, the next item must be served
                self._report(item, error)

    def _report(self, item: T, error: Exception) -> None:
        try:
            self._on_error(item, error)
        except Exception:
            LOGGER.exception("%s: could not report %r", self._thread.name, error)

    def _take(self) -> T | None:
        with self._changed:
            self._changed.wait_for(lambda: self._slot or self._stopping)
            return None if self._stopping else self._slot.pop()
