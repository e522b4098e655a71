"""Where the cameras sit: from /tf_static where that says it, else from camera.height and camera.pitch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unexpected_core.log import shown
from unexpected_ros.live.settings import CameraSettings
from unexpected_ros.scene.frames import Frames
from unexpected_ros.scene.ground import Mounting, mounted

if TYPE_CHECKING:
    from rclpy.node import Node

    from unexpected_ros.live.logs import CauseLog

STATIC, TRANSFORMS = "/tf_static", "tf2_msgs/msg/TFMessage"


class Mounts:
    """Knows what it heard of /tf_static, of ROS or of a bag; cameras that move in the car (/tf) are not followed."""

    def __init__(self, warn: CauseLog, cameras: int = 1) -> None:
        """cameras: how many there are. That several look ahead by the parameters alone is warned of, once."""
        self._frames, self._warn = Frames(), warn
        self._one_looks_ahead = cameras == 1

    def listen(self, node: Node) -> None:
        """Hear /tf_static, where tf2_msgs is installed: it is among the packages of ROS, not among the wheels."""
        from rclpy.qos import QoSDurabilityPolicy, QoSProfile

        try:
            from tf2_msgs.msg import TFMessage
        except ImportError:
            return
        qos = QoSProfile(depth=100, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
        node.create_subscription(TFMessage, STATIC, self.hear, qos)

    def hear(self, message: Any) -> None:
        """Learn the transforms of a tf2_msgs/TFMessage."""
        for stamped in message.transforms:
            move, turn = stamped.transform.translation, stamped.transform.rotation
            parent, child = stamped.header.frame_id.lstrip("/"), stamped.child_frame_id.lstrip("/")
            fault = self._frames.add(parent, child, (move.x, move.y, move.z), (turn.x, turn.y, turn.z, turn.w))
            if fault:
                self._warn("transform", f"{STATIC} from {shown(parent)} to {shown(child)} is not used: {fault}")

    def of(self, frame_id: str, settings: CameraSettings) -> Mounting | None:
        """Of the camera whose images have this frame_id; None where neither TF nor the parameters say it."""
        found = self._frames.mounting(settings.base_frame.lstrip("/"), frame_id.lstrip("/"))
        if found or not settings.height:
            return found
        if not self._one_looks_ahead:
            self._one_looks_ahead = True
            self._warn(
                "ahead",
                f"{STATIC} does not say where {shown(frame_id)} sits: by camera.height it looks ahead, as does every "
                f"camera of which that is so; publish where each sits in {settings.base_frame}",
            )
        return mounted(settings.height, settings.pitch)
