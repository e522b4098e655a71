"""One thread that always works on the newest item. Knows nothing of ROS or images."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection

LOGGER = logging.getLogger(__name__)


def too_old(age_ms: float, max_age_ms: float) -> bool:
    """Whether an item is stale; an unknown age (NaN) is not, and a limit of 0 lets everything pass."""
    return 0 < max_age_ms < age_ms


def first_of(keys: Collection[str]) -> list[str]:
    """The one that waits longest."""
    return [next(iter(keys))]


class Worker[T]:
    """Runs `work([item, ...])` in a thread of its own; an item that arrives while one of its key waits takes its place.

    choose(keys that wait) -> those to work on now, together. An item for which `is_stale(item)` holds when its turn
    comes is dropped. An exception costs the others: `on_error(item, exception)` hears of it, and the next are tried.
    """

    def __init__(
        self,
        work: Callable[[list[T]], None],
        on_error: Callable[[T, Exception], None],
        name: str,
        is_stale: Callable[[T], bool] = lambda item: False,
        choose: Callable[[Collection[str]], list[str]] = first_of,
    ) -> None:
        self._work, self._on_error, self._is_stale, self._choose = work, on_error, is_stale, choose
        self._slots: dict[str, T] = {}
        self._stopping = False
        self._begun: float | None = None  # when those in work were
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def offer(self, item: T, key: str = "") -> T | None:
        """Hand over an item without waiting; returns the older waiting item that it replaced, if any.

        After `stop` the offered item itself comes back: it will not be worked on.
        """
        with self._changed:
            if self._stopping:
                return item
            replaced = self._slots.get(key)
            self._slots[key] = item
            self._changed.notify()
            return replaced

    def at_work_s(self) -> float:
        """Seconds that those in work have taken so far, 0 when it rests."""
        begun = self._begun
        return 0.0 if begun is None else time.monotonic() - begun

    def stop(self, timeout: float | None = None, finish: bool = False) -> bool:
        """Finish what is in work, end the thread. False if it takes over `timeout` seconds.

        What waits is forgotten, or worked on, too, with `finish`, in that time.
        """
        with self._changed:
            self._stopping = True
            if not finish:
                self._slots.clear()
            self._changed.notify()
        self._thread.join(timeout)
        with self._changed:
            self._slots.clear()
        return not self._thread.is_alive()

    def _run(self) -> None:
        while items := self._take():
            self._begun = time.monotonic()
            try:
                items = [item for item in items if not self._is_stale(item)]
                if items:
                    self._work(items)
            except Exception as error:  # whatever it is, the next item must be served
                for item in items:
                    self._report(item, error)
            self._begun = None

    def _report(self, item: T, error: Exception) -> None:
        try:
            self._on_error(item, error)
        except Exception:
            LOGGER.exception("%s: could not report %r", self._thread.name, error)

    def _take(self) -> list[T]:
        with self._changed:
            self._changed.wait_for(lambda: self._slots or self._stopping)
            return [self._slots.pop(key) for key in self._choose(self._slots)] if self._slots else []
