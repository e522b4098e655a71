"""The node for minutes at a camera's rate: does memory, do threads, open files or shared memory grow, are frames fresh?

    python bench/soak.py [--minutes 10] [--rate 15] [--size 540 960] [--detector random]

Exit code 1 when something grows from the second quarter to the last, a frame is lost, or the end is not clean.
"""

import argparse
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rclpy
from live_node import Camera, LiveNode, alone
from std_msgs.msg import Header

from unexpected_core.files import commit
from unexpected_ros.live.messages import Messages
from unexpected_ros.live.ros import ros_message

GROWTH_BYTES = 30e6
QUIET_S = 1.0
"""Seconds without an answer after which there is none to come."""


class Sample(NamedTuple):
    """What was seen of the node at one moment."""

    seconds: float
    memory: float
    threads: int
    files: int
    shared: int
    received: int
    age_ms: float


def soak(seconds, rate, size, detector, folder, samples=40):
    """Feed the node so long; returns [Sample], frames that did not come to it, its exit code and whether the log shows
    a traceback."""
    with LiveNode("soak", Path(folder) / "soak.log", f"model.path:={detector}") as node:
        return _soak(node, seconds, rate, size, samples)


def _soak(node, seconds, rate, size, samples):
    camera = Camera(node)
    message = Messages(ros_message).image(Header(frame_id="camera"), np.full((*size, 3), 90, np.uint8))
    camera.until(lambda: camera.send(message) and camera.answered, "the first answer")
    before = _missing(camera)  # while the two got to know each other
    found, begun = [], time.monotonic()
    sent = 0
    while (now := time.monotonic() - begun) < seconds:
        camera.send(message)
        sent += 1
        while time.monotonic() - begun < sent / rate:
            rclpy.spin_once(camera.ros, timeout_sec=max(0.0, sent / rate - (time.monotonic() - begun)))
        if now >= len(found) * seconds / samples:
            last = camera.last
            seen = (node.memory(), *node.threads_and_files(), node.shared_memory())
            found.append(Sample(now, *seen, last.received, last.age_ms))
    lost = _missing(camera) - before
    code, traceback = node.end()
    camera.ros.destroy_node()
    return found, lost, code, traceback


def _missing(camera):
    """Frames that were sent and have not come, by the node's last word when it has no more to say."""
    heard, count = time.monotonic(), -1
    while time.monotonic() < heard + QUIET_S:
        rclpy.spin_once(camera.ros, timeout_sec=0.05)
        if len(camera.answered) != count:
            heard, count = time.monotonic(), len(camera.answered)
    return camera.sent - camera.last.received


def grown(samples):
    """What is more in the last quarter than in the second: names and how much."""
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    more = {
        name: statistics.median(getattr(s, name) for s in late) - statistics.median(getattr(s, name) for s in early)
        for name in ("memory", "threads", "files", "shared")
    }
    limits = {"memory": GROWTH_BYTES, "threads": 0, "files": 0, "shared": 0}
    return {name: value for name, value in more.items() if value > limits[name]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=15.0, help="Hz")
    parser.add_argument("--size", type=int, nargs=2, default=(540, 960), metavar=("ROWS", "COLUMNS"))
    parser.add_argument("--detector", default="random")
    options = parser.parse_args()
    alone()
    rclpy.init()
    try:
        samples, lost, code, traceback = soak(
            60 * options.minutes, options.rate, tuple(options.size), options.detector, tempfile.mkdtemp()
        )
    finally:
        rclpy.try_shutdown()
    first, last, more = samples[len(samples) // 4], samples[-1], grown(samples)
    print(f"{datetime.now():%Y-%m-%d}, commit {commit()}, {options.detector}")
    print(f"{options.minutes:g} min at {options.rate:g} Hz", end=", ")
    print(f"received {last.received}, lost {lost}, median age {statistics.median(s.age_ms for s in samples):.1f} ms")
    print(
        f"memory {first.memory / 1e6:.1f} -> {last.memory / 1e6:.1f} MB, threads {last.threads}, files {last.files}",
        end=", ",
    )
    print(f"shared memory {first.shared / 1e6:.1f} -> {last.shared / 1e6:.1f} MB")
    if more or lost or code or traceback:
        sys.exit(f"error: grown {more}, lost {lost}, exit code {code}, traceback {traceback}")


if __name__ == "__main__":
    main()
