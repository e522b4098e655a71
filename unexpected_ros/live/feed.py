"""One camera of the node: what comes in, what is remembered of it, and what goes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo

from unexpected_ros.live.diagnostics import Health
from unexpected_ros.live.incoming import camera_from
from unexpected_ros.live.logs import CauseLog
from unexpected_ros.live.outputs import Result
from unexpected_ros.live.publishers import Publishers
from unexpected_ros.live.settings import InputSettings
from unexpected_ros.live.subscription import ImageSubscription
from unexpected_ros.load.pace import Pace
from unexpected_ros.scene.geometry import Camera, is_rectified
from unexpected_ros.scene.tracking import Tracker


class Feed:
    """Topics of the camera `name` lie in a folder of its name, those of an only camera ('') do not."""

    def __init__(self, node: LifecycleNode, name: str, warn: CauseLog) -> None:
        self.name, self._node, self._warn = name, node, warn
        self._place = f"{name}/" if name else ""
        self.outputs: Publishers | None = None
        self.input: ImageSubscription | None = None
        self._camera_info = None
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all that was seen."""
        self.health, self.tracker, self.pace = Health(), Tracker(), Pace()
        self.camera: Camera | None = None
        self.latest: Result | None = None
        self.complaint = ""

    def offer(self) -> None:
        """Offer the outputs."""
        self.outputs = Publishers(self._node, self._place)
        self.outputs.offer()

    def withdraw(self) -> None:
        """Withdraw the outputs and forget the last result."""
        if self.outputs:
            self.outputs.close()
        self.outputs = self.latest = None

    def subscribe(self, settings: InputSettings, on_image: Callable[[Feed, Any], None]) -> None:
        """Subscribe to the camera; on_image(feed, message) hears of every message."""
        self.input = ImageSubscription(self._node, settings, lambda message: on_image(self, message), self._place)
        self._camera_info = self._node.create_subscription(
            CameraInfo, f"{self._place}camera_info", self._on_camera_info, qos_profile_sensor_data
        )
        self._node.get_logger().info(f"listening to {self.input.topic}")

    def unsubscribe(self) -> None:
        """End the subscriptions."""
        if self.input:
            self.input.close()
            self._node.destroy_subscription(self._camera_info)
            self.input = self._camera_info = None
        self.complaint = ""

    def check(self) -> None:
        """Once a second: whether frames come; a new complaint goes to the log."""
        complaint = self.input.check() if self.input else ""
        if complaint and not self.complaint:
            self._node.get_logger().warning(complaint)
        self.complaint = complaint

    def statuses(self, state: str, facts: dict[str, str], less: str) -> list[DiagnosticStatus]:
        """What /diagnostics says of it. less: how it works while it does less than it should, else ''."""
        name = "/".join(filter(None, (self._node.get_fully_qualified_name(), self.name)))
        topic = self.input.topic if self.input else ""
        return [
            self.health.input_status(f"{name}: input", topic, self.complaint),
            self.health.detector_status(f"{name}: detector", topic, state, facts, less),
        ]

    def _on_camera_info(self, message: CameraInfo) -> None:
        whose = f" of {self.name}" if self.name else ""
        self.camera = camera_from(message, is_rectified(self.input.topic, self._node.settings.camera.rectified))
        if self.camera.flaw:
            text = f"camera_info{whose} is of no use for bearing and distance: {self.camera.flaw}"
            self._warn(f"calibration{whose}", text)
        elif self.camera.doubt:
            self._warn(f"rectified{whose}", f"{self.input.topic}: {self.camera.doubt}")
