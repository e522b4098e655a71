"""What publishing costs beside the detection, at 1080p: the node in a process of its own, as it is.

    python bench/node_overhead.py [--frames 20] [--image photo.jpg] [--detector fast]

The same frames are answered with more and more listeners, in turns, so that other work on the machine falls on all
alike. Medians in milliseconds; the share is of the detection in the same frames. `processor`: of the whole node for a
frame, transport too; `period`: from frame to frame when they come faster than they can be worked on; in brackets how
much more that is than with nobody listening. Listeners sit in a third process.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import rclpy
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from rclpy.time import Time
from std_msgs.msg import Header

from unexpected_core.files import commit
from unexpected_core.images import read_image, resize_image
from unexpected_ros.domains import take_domain
from unexpected_ros.live.messages import Messages
from unexpected_ros.live.outputs import OUTPUTS
from unexpected_ros.live.ros import CLASSES, ros_message

SETS = {"nothing": (), "mask, regions": ("mask", "regions"), "everything": tuple(OUTPUTS)}
NAME = "/overhead/detector"
LISTEN = """
import sys, rclpy
from rclpy.qos import qos_profile_sensor_data
from unexpected_ros.live.outputs import OUTPUTS
from unexpected_ros.live.ros import CLASSES
rclpy.init()
node = rclpy.create_node("listener")
for name in sys.argv[1:]:
    qos = qos_profile_sensor_data if OUTPUTS[name].best_effort else 1
    node.create_subscription(CLASSES[OUTPUTS[name].type], "/overhead/detector/" + name, lambda m: None, qos, raw=True)
try:
    rclpy.spin(node)
except BaseException:  # told to end
    node.destroy_node()
    rclpy.try_shutdown()
"""


class Camera:
    """Publishes one image, and waits for the numbers of the frame."""

    def __init__(self, image):
        self.node = rclpy.create_node("camera")
        self.publisher = self.node.create_publisher(
            CLASSES["sensor_msgs/msg/Image"], "/overhead/image", QoSProfile(depth=1)
        )
        self.answers = []
        kind = CLASSES["unexpected_ros/msg/FrameStats"]
        self.node.create_subscription(kind, f"{NAME}/stats", self.answers.append, qos_profile_sensor_data)
        self.message = Messages(ros_message).image(Header(), image)

    def until(self, condition):
        """Spin until the condition holds."""
        end = time.monotonic() + 300
        while not condition():
            if time.monotonic() > end:
                raise SystemExit("the node does not answer")
            rclpy.spin_once(self.node, timeout_sec=0.05)

    def frame(self):
        """One frame; returns its FrameStats."""
        self.answers.clear()
        due = 0.0

        def answered():
            nonlocal due
            if time.monotonic() > due:  # the answer is best effort: on a busy machine one may be lost
                due = time.monotonic() + 10
                self.message.header.stamp = self.node.get_clock().now().to_msg()
                self.publisher.publish(self.message)
            return self.answers

        self.until(answered)
        return self.answers[0]

    def period(self, seconds=4.0, rate=10.0):
        """Milliseconds for a frame while frames come faster than they can be worked on."""
        self.answers.clear()
        begun, sent = time.monotonic(), 0
        while (now := time.monotonic() - begun) < seconds:
            if now * rate >= sent:
                self.message.header.stamp = self.node.get_clock().now().to_msg()
                self.publisher.publish(self.message)
                sent += 1
            rclpy.spin_once(self.node, timeout_sec=0.005)
        first, last = self.answers[0], self.answers[-1]
        return (begin_ms(last) - begin_ms(first)) / max(1, last.processed - first.processed)


def picture(path):
    """RGB [1080, 1920, 3]: the photo, or a road with boxes on it."""
    if path:
        return resize_image(read_image(path), (1080, 1920))
    image = cv2.resize(np.random.default_rng(0).integers(60, 160, (27, 48, 3), np.uint8), (1920, 1080))
    for x in range(200, 1800, 400):
        image[800:900, x : x + 120] = (230, 40, 200)
    return image


def begin_ms(stats):
    """When work on the frame of a FrameStats began."""
    return Time.from_msg(stats.header.stamp).nanoseconds / 1e6 + stats.age_ms


def end(listener):
    """Some hang in the library at their end on a busy machine."""
    listener.terminate()
    try:
        listener.wait(10)
    except subprocess.TimeoutExpired:
        listener.kill()
        listener.wait()


def processor_ms(pid):
    """Milliseconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1e3 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(camera, frames, pid):
    """{set: ([FrameStats], [processor ms of a frame], [period])}, the sets in turns."""
    found = {name: ([], [], []) for name in SETS}
    for _ in range(max(1, frames // 5)):
        for name, outputs in SETS.items():
            listener = subprocess.Popen([sys.executable, "-c", LISTEN, *outputs])
            others = [output for output in outputs if output != "stats"]
            try:
                camera.until(lambda others=others: all(camera.node.count_subscribers(f"{NAME}/{o}") for o in others))
                time.sleep(0.5)
                camera.frame()
                before = processor_ms(pid)
                found[name][0].extend(camera.frame() for _ in range(5))
                time.sleep(0.1)  # what is left to do after the answer
                found[name][1].append((processor_ms(pid) - before) / 5)
                found[name][2].append(camera.period())
            finally:
                end(listener)
            camera.until(lambda others=others: not any(camera.node.count_subscribers(f"{NAME}/{o}") for o in others))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--image")
    parser.add_argument("--detector", default="fast")
    parser.add_argument("--parameter", action="append", default=[], help="of the node, name:=value")
    options = parser.parse_args()
    print(
        f"{datetime.now():%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, "
        f"commit {commit()}, {options.detector}"
    )
    if "ROS_DOMAIN_ID" not in os.environ:
        take_domain()
    arguments = ["__ns:=/overhead"], [f"model.path:={options.detector}"], *([p] for p in options.parameter)
    given = [word for n, (value,) in enumerate(arguments) for word in ("-p" if n else "-r", value)]
    command = [sys.executable, "-m", "unexpected_ros.start", "unexpected_ros.live.process", "--ros-args", *given]
    node = subprocess.Popen([*command, "--log-level", "warn"])
    rclpy.init()
    try:
        camera = Camera(picture(options.image))
        camera.until(camera.publisher.get_subscription_count)
        camera.until(lambda: camera.node.count_publishers(f"{NAME}/stats"))
        for _ in range(3):
            camera.frame()
        found = measure(camera, options.frames, node.pid)
        alone = [statistics.median(of_all) for of_all in found["nothing"][1:]]
        for name, (stats, *others) in found.items():
            infer, publish, convert = (
                statistics.median(getattr(s, f"{stage}_ms") for s in stats) for stage in ("infer", "publish", "convert")
            )
            used, period = map(statistics.median, others)
            print(
                f"{name:14} detection {infer:6.1f}  publishing {publish:5.1f}  convert {convert:4.1f}  "
                f"= {100 * (publish + convert) / infer:4.1f} % over {len(stats)} frames, "
                f"processor {used:5.0f} ({100 * used / alone[0] - 100:+.0f} %), "
                f"period {period:5.0f} ({100 * period / alone[1] - 100:+.0f} %)"
            )
    finally:
        node.terminate()
        node.wait()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
