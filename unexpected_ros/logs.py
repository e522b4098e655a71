"""Log lines that stay readable: one per cause and period, and the core's own messages sent to the ROS log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rclpy.impl.rcutils_logger import RcutilsLogger

PERIOD_S = 10.0


class CauseLog:
    """Lets one message per cause through in each period; the next one says how many were held back."""

    def __init__(
        self, write: Callable[[str], object], period_s: float = PERIOD_S, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._write, self._period_s, self._now = write, period_s, now
        self._last: dict[str, float] = {}
        self._held: dict[str, int] = {}
        self._lock = threading.Lock()

    def __call__(self, cause: str, message: str) -> None:
        """Write the message unless one of the same cause was written less than a period ago."""
        with self._lock:
            now = self._now()
            if now - self._last.get(cause, -self._period_s) < self._period_s:
                self._held[cause] = self._held.get(cause, 0) + 1
                return
            self._last[cause] = now
            held = self._held.pop(cause, 0)
        self._write(message + (f" ({held} more like this since the last report)" if held else ""))


class ToRos(logging.Handler):
    """Sends Python log records to a ROS logger, which puts them on /rosout."""

    def __init__(self, logger: RcutilsLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record at its own level."""
        text = self.format(record)  # rclpy lets each line of code log at one level only
        if record.levelno >= logging.ERROR:
            self._logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(text)
        elif record.levelno >= logging.INFO:
            self._logger.info(text)
        else:
            self._logger.debug(text)


def forward_to(logger: RcutilsLogger) -> ToRos:
    """Let everything that 'unexpected' loggers say appear in the ROS log; returns what `stop_forwarding` needs."""
    handler = ToRos(logger)
    for name in ("unexpected", "unexpected_ros"):
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.INFO)
    return handler


def stop_forwarding(handler: ToRos) -> None:
    """Undo `forward_to`."""
    for name in ("unexpected", "unexpected_ros"):
        logging.getLogger(name).removeHandler(handler)
