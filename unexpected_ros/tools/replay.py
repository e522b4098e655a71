"""A camera made of a file: publishes photographs, a video or a rosbag2 on `image` (and `camera_info`), stamped now.

ros2 run unexpected_ros replay PHOTOS_OR_VIDEO_OR_BAG --rate 5 --ros-args -r image:=/camera/image
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import rclpy
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from unexpected_core.images import ImageError
from unexpected_core.log import LOGGER
from unexpected_core.media.errors import IncompleteError
from unexpected_core.media.footage import open_footage
from unexpected_core.media.shots import Footage, Shot
from unexpected_ros.live.incoming import stamp_ns
from unexpected_ros.live.messages import Messages
from unexpected_ros.live.ros import ros_message

DEPTH = 10
MOST_NAMED = 10


class ReplayError(RuntimeError):
    """A replay that cannot begin; the message says why."""


class Replay(Node):
    """Publishes shots with the stamps of now."""

    def __init__(self, frame_id: str = "camera") -> None:
        super().__init__("replay")
        self.frame_id = frame_id
        self._images = self.create_publisher(Image, "image", QoSProfile(depth=DEPTH))
        self._infos = self.create_publisher(CameraInfo, "camera_info", QoSProfile(depth=DEPTH))

    def wait_for_subscribers(self, count: int, timeout: float) -> None:
        """Return when `count` subscribers listen to the image. Raises ReplayError after `timeout` seconds."""
        give_up = time.monotonic() + timeout
        while (found := self._images.get_subscription_count()) < count:
            if time.monotonic() > give_up:
                raise ReplayError(
                    f"{self._images.topic_name} has {found} subscribers after {timeout:g} s, expected "
                    f"{count}; start them first, on the same ROS_DOMAIN_ID, or use --wait-for {found}"
                )
            rclpy.spin_once(self, timeout_sec=0.05)

    def sleep_until(self, due: float) -> None:
        """Serve callbacks until time.monotonic() reaches due."""
        while (left := due - time.monotonic()) > 0:
            rclpy.spin_once(self, timeout_sec=left)

    def publish(self, shot: Shot) -> Header:
        """Send one shot, its calibration first; returns the header. Raises ImageError when it cannot be read."""
        image = shot.read()
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self.frame_id)
        if shot.camera_info is not None:
            info = deserialize_message(shot.camera_info, CameraInfo)
            info.header = header
            self._infos.publish(info)
        self._images.publish(Messages(ros_message).image(header, image))
        return header

    def finish(self) -> None:
        """Wait until reliable subscribers have everything."""
        self._images.wait_for_all_acked(Duration(seconds=5))


def play(replay: Replay, footage: Footage, rate: float | None, journal: Path | None) -> tuple[int, list[str]]:
    """Publish all shots, at `rate` Hz or in their own time; returns how many, and what is missing and why.

    journal: file of 'nanoseconds,name'.
    """
    sent, problems, start = 0, [], time.monotonic()
    lines = journal.open("w", encoding="utf-8") if journal else None
    try:
        for shot in footage.shots():
            replay.sleep_until(start + ((sent + len(problems)) / rate if rate else shot.time))
            try:
                header = replay.publish(shot)
            except ImageError as error:
                LOGGER.warning("left out: %s", error)
                problems.append(str(error))
                continue
            sent += 1
            if lines:
                print(f"{stamp_ns(header)},{shot.name}", file=lines, flush=True)
            total = "?" if footage.claimed is None else max(sent, footage.claimed)
            print(f"sent {sent}/{total}", end="\r" if sys.stdout.isatty() else "\n", flush=True)
    except IncompleteError as error:
        problems.append(str(error))
    finally:
        if lines:
            lines.close()
    replay.finish()
    return sent, problems


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line without its ROS arguments."""
    parser = argparse.ArgumentParser(prog="replay", description=__doc__.partition("\n")[0])
    parser.add_argument("input", help="folder of photographs, photograph, video, or rosbag2 (.mcap, .db3, folder)")
    parser.add_argument("--rate", type=float, help="Hz; without it photographs play at 10, others in their own time")
    parser.add_argument("--topic", help="image topic to play; needed for a bag with several")
    parser.add_argument("--frame-id", default="camera", help="frame_id of the headers (%(default)s)")
    parser.add_argument("--wait-for", type=int, default=0, metavar="N", help="begin when N subscribers listen")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds to wait for them (%(default)s)")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="write 'stamp in nanoseconds,name' of each frame")
    given = parser.parse_args(arguments)
    if given.rate is not None and not 0 < given.rate <= 1000:
        parser.error(f"--rate {given.rate:g}: expected Hz above 0 and at most 1000")
    return given


def main() -> int:
    """Play once. 0 also when interrupted; 1 with the cause on stderr when something is missing, or nobody listens."""
    given = parse(remove_ros_args(sys.argv)[1:])
    try:
        footage = open_footage(given.input, given.topic)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    rclpy.init()
    replay = Replay(given.frame_id)
    try:
        replay.wait_for_subscribers(given.wait_for, given.timeout)
        sent, problems = play(replay, footage, given.rate, given.journal)
        claimed = "" if footage.claimed is None else f" of {footage.claimed}"
        print(f"played {sent}{claimed} frames of {footage.path}")
        for problem in problems[:MOST_NAMED]:
            print(f"error: {problem}", file=sys.stderr)
        if problems:
            print(f"error: {len(problems)} problems in all; see above", file=sys.stderr)
            return 1
    except (ReplayError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        replay.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
