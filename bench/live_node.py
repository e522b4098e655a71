"""The node in a process of its own, for the tools beside this file: started, fed, watched and ended."""

import os
import subprocess
import sys
import time
from pathlib import Path

import rclpy
from rclpy.qos import QoSProfile, qos_profile_sensor_data

from unexpected_ros.domains import take_domain
from unexpected_ros.live.ros import CLASSES

DEPTH = 5
"""Messages that the camera keeps for readers that missed some."""
IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"


class LiveNode:
    """`detector` below /<namespace>, with parameters such as 'model.path:=random'; its log is a file."""

    def __init__(self, namespace, log, *parameters):
        command = [sys.executable, "-m", "unexpected_ros.start", "unexpected_ros.live.process", "--ros-args"]
        given = [word for parameter in parameters for word in ("-p", parameter)]
        self.log, self.name = Path(log), f"/{namespace}/detector"
        with self.log.open("w") as file:
            self.process = subprocess.Popen(
                [*command, "-r", f"__ns:=/{namespace}", *given], stdout=file, stderr=subprocess.STDOUT
            )

    def memory(self):
        """Resident bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return 1024 * int(next(line for line in status if line.startswith("VmRSS")).split()[1])

    def threads_and_files(self):
        """(threads, open files)."""
        root = Path(f"/proc/{self.process.pid}")
        return sum(1 for _ in (root / "task").iterdir()), sum(1 for _ in (root / "fd").iterdir())

    def shared_memory(self):
        """Bytes of /dev/shm that it has in its address space."""
        maps = Path(f"/proc/{self.process.pid}/maps").read_text().splitlines()
        ranges = (line.split()[0].split("-") for line in maps if "/dev/shm/" in line)
        return sum(int(last, 16) - int(first, 16) for first, last in ranges)

    def end(self):
        """Exit code, and whether the log shows a traceback."""
        self.process.terminate()
        return self.process.wait(60), "Traceback" in self.log.read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()


class Camera:
    """Publishes messages to the node and hears what it says of each."""

    def __init__(self, node, transport="raw"):
        topic = f"{node.name.rpartition('/')[0]}/image" + ("/compressed" if transport == "compressed" else "")
        self.ros = rclpy.create_node("camera")
        self.publisher = self.ros.create_publisher(
            CLASSES[COMPRESSED if transport == "compressed" else IMAGE], topic, QoSProfile(depth=DEPTH)
        )
        self.answered, self.sent = {}, 0
        self.ros.create_subscription(
            CLASSES["unexpected_ros/msg/FrameStats"], f"{node.name}/stats", self._on_stats, qos_profile_sensor_data
        )
        self._node = node
        self.until(self.publisher.get_subscription_count, "the node to listen")

    def _on_stats(self, stats):
        self.answered[stats.header.stamp.sec, stats.header.stamp.nanosec] = time.monotonic()
        self.last = stats

    def until(self, condition, what, timeout=300.0):
        """Spin until the condition holds. Raises RuntimeError."""
        end = time.monotonic() + timeout
        while not condition():
            if self._node.process.poll() is not None:
                raise RuntimeError(f"the node has ended with {self._node.process.returncode}, see {self._node.log}")
            if time.monotonic() > end:
                raise RuntimeError(f"waited {timeout:g} s for {what}")
            rclpy.spin_once(self.ros, timeout_sec=0.01)

    def send(self, message):
        """Publish a message stamped now; returns its stamp."""
        message.header.stamp = self.ros.get_clock().now().to_msg()
        self.publisher.publish(message)
        self.sent += 1
        return message.header.stamp.sec, message.header.stamp.nanosec


def alone():
    """A ROS domain of its own where none is set, on this machine only; call it before rclpy.init."""
    if "ROS_DOMAIN_ID" not in os.environ:
        take_domain()
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
