"""One camera of the node: what comes in, what is remembered of it, and what goes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo

from unexpected_ros.inputs.calibration import CalibrationSubscription
from unexpected_ros.inputs.connection import Complaint, explain_mismatch, explain_place
from unexpected_ros.inputs.incoming import camera_from, complain_of, stamp_ns
from unexpected_ros.inputs.pairing import Calibrations
from unexpected_ros.inputs.subscription import PATIENCE, ImageSubscription
from unexpected_ros.live.diagnostics import Health
from unexpected_ros.live.outputs import Result
from unexpected_ros.live.publishers import Publishers
from unexpected_ros.load.pace import Pace
from unexpected_ros.logs import CauseLog
from unexpected_ros.scene.geometry import Camera, is_rectified
from unexpected_ros.scene.limits import are_set
from unexpected_ros.scene.tracking import Tracker
from unexpected_ros.settings import CameraSettings, InputSettings

WELL = 60
"""Checks, one a second, without a complaint after which the last one is told again: a camera that sends less often than
frames are waited for is no news with each frame.
"""


class Feed:
    """Topics of the camera `name` lie in a folder of its name, those of an only camera ('') do not."""

    def __init__(self, node: LifecycleNode, name: str, warn: CauseLog) -> None:
        self.name, self._node, self._warn = name, node, warn
        self._place = f"{name}/" if name else ""
        self.outputs: Publishers | None = None
        self.input: ImageSubscription | None = None
        self._camera_info: CalibrationSubscription | None = None
        self._topic = ""
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all that was seen."""
        self.health, self.tracker, self.pace = Health(), Tracker(), Pace()
        self.latest: Result | None = None
        self.complaint: Complaint | None = None
        self._calibrations = Calibrations()
        self._frame_id = ""  # of the newest calibration
        self._told, self._well = "", 0  # the last cause that the log has, and checks since it was there
        self._misplaced = 0  # checks in which it was not known where things stand

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
        self.input = ImageSubscription(
            self._node,
            settings,
            lambda message: on_image(self, message),
            lambda number: self.health.count("lost", number),
            self._place,
        )
        self._camera_info = CalibrationSubscription(self._node, f"{self._place}camera_info", self._on_camera_info)
        self._topic = self.input.topic
        self._node.get_logger().info(f"listening to {self._topic}")

    def unsubscribe(self) -> None:
        """End the subscriptions."""
        for subscription in filter(None, (self.input, self._camera_info)):  # the second may have been refused
            subscription.close()
        self.input = self._camera_info = self.complaint = None
        self._told = ""

    def camera(self, settings: CameraSettings, stamp: int) -> Camera | None:
        """Of an image with a stamp [ns], by camera_info; the settings say whether it is rectified."""
        camera = self._calibrations.of(stamp)
        return camera and self._shown(camera, settings)

    def _shown(self, camera: Camera, settings: CameraSettings) -> Camera:
        return replace(camera, rectified=is_rectified(self._topic, settings.rectified))

    def check(self) -> None:
        """Once a second: whether frames come, and what else is needed; a new cause to complain goes to the log."""
        complaint = None
        if self.input:
            self._camera_info.check()
            # loss last: it comes and goes, and what is wrong with the frames that come matters more
            complaint = self.input.check() or self._check_match() or self._check_place() or self.input.loss()
        self._well = 0 if complaint else self._well + 1
        if self._well >= WELL:
            self._told = ""
        if complaint and complaint.cause != self._told:
            self._told = complaint.cause
            self._node.get_logger().warning(str(complaint))
        self.complaint = complaint

    def _check_match(self) -> Complaint | None:
        """Why the calibration is not that of the images."""
        latest = self.latest
        if not latest or not latest.camera:
            return None
        frames = self._frame_id, latest.header.frame_id
        names = self._camera_info.topic, self._camera_info.name
        return explain_mismatch(latest.camera, latest.image.shape[:2], *names, frames)

    def _check_place(self) -> Complaint | None:
        """What is missing to tell where things stand, where somebody wants to know; not while it may be on its way."""
        latest, settings = self.latest, self._node.settings
        wanted = settings.camera.height or are_set(settings.ground) or self.outputs.wanted("obstacle_points")
        if not latest or not wanted:
            return None
        frames, size = (latest.header.frame_id, settings.camera.base_frame), latest.image.shape[:2]
        names = self._camera_info.topic, self._camera_info.name
        complaint = explain_place(latest.camera, latest.mounting, size, *names, frames)
        self._misplaced = self._misplaced + 1 if complaint else 0
        return complaint if self._misplaced >= PATIENCE else None

    def statuses(self, state: str, facts: dict[str, str], doubt: str) -> list[DiagnosticStatus]:
        """What /diagnostics says of it. doubt: what is not as it should be with the work on all cameras, else ''."""
        name = "/".join(filter(None, (self._node.get_fully_qualified_name(), self.name)))
        topic = self.input.topic if self.input else ""
        return [
            self.health.input_status(f"{name}: input", topic, str(self.complaint or "")),
            self.health.detector_status(f"{name}: detector", topic, state, facts, doubt),
        ]

    def _on_camera_info(self, message: CameraInfo) -> None:
        whose = f" of {self.name}" if self.name else ""
        camera, self._frame_id = camera_from(message), message.header.frame_id
        self._calibrations.tell(stamp_ns(message.header), camera)
        complain_of(self._shown(camera, self._node.settings.camera), self._topic, self._warn, whose)
