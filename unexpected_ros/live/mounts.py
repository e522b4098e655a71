"""Where the cameras sit: from /tf_static where that says it, else from camera.height and camera.pitch."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile

from unexpected_ros.live.settings import CameraSettings
from unexpected_ros.scene.frames import Frames
from unexpected_ros.scene.ground import Mounting, mounted

try:
    from tf2_msgs.msg import TFMessage
except ImportError:  # among the packages of ROS, not among the wheels
    TFMessage = None


class Mounts:
    """Listens to /tf_static; cameras that move in the car (/tf) are not followed."""

    def __init__(self, node: Node) -> None:
        self._frames = Frames()
        if TFMessage:
            qos = QoSProfile(depth=100, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
            node.create_subscription(TFMessage, "/tf_static", self.hear, qos)

    def hear(self, message: Any) -> None:
        """Learn the transforms of a tf2_msgs/TFMessage."""
        for stamped in message.transforms:
            move, turn = stamped.transform.translation, stamped.transform.rotation
            parent, child = stamped.header.frame_id.lstrip("/"), stamped.child_frame_id.lstrip("/")
            self._frames.add(parent, child, (move.x, move.y, move.z), (turn.x, turn.y, turn.z, turn.w))

    def of(self, frame_id: str, settings: CameraSettings) -> Mounting | None:
        """Of the camera whose images have this frame_id; None where neither TF nor the parameters say it."""
        found = self._frames.mounting(settings.base_frame, frame_id.lstrip("/"))
        return found or (mounted(settings.height, settings.pitch) if settings.height else None)
