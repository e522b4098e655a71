"""The process `detector`: starts the node, and ends so that nothing of it is left in the graph or in shared memory."""

from __future__ import annotations

import argparse
import gc
import signal
import sys

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.logging import LoggingSeverity, set_logger_level
from rclpy.utilities import remove_ros_args

from unexpected_core.config import SettingsError
from unexpected_core.memory import keep_freed
from unexpected_ros.fastdds import make_room_for_images
from unexpected_ros.live.node import DetectorNode
from unexpected_ros.live.publishers import OfferError
from unexpected_ros.live.spinning import keep_spinning
from unexpected_ros.start import SIGNALS, plain

USAGE = "detector --ros-args -p PARAMETER:=VALUE -r TOPIC:=TOPIC --params-file FILE"


class StartError(RuntimeError):
    """A node that cannot begin; the message says why in one line."""


def main(args: list[str] | None = None) -> int:
    """Run the node until it is interrupted; 0 is a clean end, 1 a start that failed, with one line that says why."""
    make_room_for_images()
    keep_freed()
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler)  # rclpy's handler calls it: ends even a load at once
    code, made = 0, []
    try:
        code = _serve(args, made)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except (StartError, SettingsError, OfferError) as error:
        print(f"detector: {error}", file=sys.stderr)
        code = 1
    except Exception:
        if rclpy.ok():
            raise
        # else a callback was at work while the signal took its publishers away
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # it is ending; impatience must not make it end untidily
        _leave(made)
    return code


def _serve(args: list[str] | None, made: list[DetectorNode]) -> int:
    """Begin and work until told to end; the node is put into `made`. Returns 1 when it does not begin."""
    _init(args)
    made.append(_made())
    node = made[0]
    if node.settings.autostart and not node.start():
        return 1 if rclpy.ok() else 0
    keep_spinning(lambda: rclpy.spin(node), lambda text: node.get_logger().error(text))
    return 0


def _made() -> DetectorNode:
    """The node. Raises StartError, SettingsError, OfferError."""
    try:
        return DetectorNode()
    except ValueError as error:
        if "PARAMETER_NOT_SET" not in str(error):
            raise
        cure = "leave it out (cameras: '' is one camera)"
        raise StartError(f"cannot begin: a parameter is an empty list, which ROS cannot hold; {cure}") from error


def _init(args: list[str] | None) -> None:
    """Read the arguments, which are all of ROS. Raises StartError."""
    set_logger_level("rcl", LoggingSeverity.FATAL)  # it would say the same before us, and without the cause
    try:
        rclpy.init(args=args)
    except Exception as error:  # rclpy has a kind for each argument that it cannot read
        raise StartError(f"cannot begin: {plain(str(error))}") from error
    set_logger_level("rcl", LoggingSeverity.UNSET)
    parser = argparse.ArgumentParser(prog="detector", usage=USAGE, description="The detector node; see docs/ros.md.")
    if others := parser.parse_known_args(remove_ros_args(args)[1:])[1]:
        raise StartError(f"cannot begin: '{' '.join(others)}' is not behind --ros-args; expected {USAGE}")


def _leave(made: list[DetectorNode]) -> None:
    """Out of the graph, and out of shared memory."""
    for node in made:
        node.destroy_node()
    if not made:
        gc.collect()  # one that was interrupted, or refused its parameters, half made
    rclpy.try_shutdown()
