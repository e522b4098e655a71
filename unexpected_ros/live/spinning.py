"""Serving callbacks until told to end, whatever one of them raises."""

from __future__ import annotations

from collections.abc import Callable

import rclpy
from rclpy.executors import ExternalShutdownException

from unexpected_ros.live.logs import CauseLog


def keep_spinning(spin: Callable[[], object], complain: Callable[[str], object]) -> None:
    """Call spin(), which serves callbacks until it is told to end. What a callback raises costs that callback only:
    rclpy's own raise where a request is none, and the end of a spin would be the end of all the others.
    """
    told = CauseLog(complain)
    while rclpy.ok():
        try:
            spin()
            return
        except ExternalShutdownException:
            raise
        except Exception as error:
            if not rclpy.ok():  # it was at work while a signal took its publishers away
                raise
            told(type(error).__name__, f"nothing came of a request or an event: {type(error).__name__}: {error}")
