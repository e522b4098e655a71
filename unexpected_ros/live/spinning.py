"""Serving callbacks until told to end, whatever one of them raises."""

from __future__ import annotations

import time
from collections.abc import Callable

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from unexpected_ros.logs import CauseLog

PAUSE_S = 0.001
"""After a failure; one that comes at once, for ever, then leaves the processor to others."""


def keep_spinning(spin: Callable[[], object], complain: Callable[[str], object]) -> None:
    """Call spin(), which serves callbacks until it is told to end. What a callback raises costs that callback only:
    rclpy's own raise where a request is none, and the end of a spin would be the end of all the others.
    """
    told = CauseLog(complain)
    while rclpy.ok():
        if _served(spin, told):
            return


class Serving:
    """Serves a node's callbacks piece by piece, between other work; what one raises costs that callback only.

    fatal: errors that are for the caller.
    """

    def __init__(self, node: Node, fatal: tuple[type[Exception], ...] = ()) -> None:
        self._node, self._fatal, self._told = node, fatal, CauseLog(node.get_logger().error)

    def once(self, timeout_s: float) -> None:
        """Serve one callback, or none within the time. Raises ExternalShutdownException and what is fatal."""
        _served(lambda: rclpy.spin_once(self._node, timeout_sec=timeout_s), self._told, self._fatal)


def _served(spin: Callable[[], object], told: CauseLog, fatal: tuple[type[Exception], ...] = ()) -> bool:
    """Whether spin() came to its end; where it did not, the cause is told."""
    try:
        spin()
    except (ExternalShutdownException, *fatal):
        raise
    except Exception as error:
        if not rclpy.ok():  # it was at work while a signal took its publishers away
            raise
        told(type(error).__name__, f"nothing came of a request or an event: {type(error).__name__}: {error}")
        time.sleep(PAUSE_S)
        return False
    return True
