"""Where the cameras sit: from /tf_static where that says it, else from camera.height and camera.pitch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unexpected_core.log import shown
from unexpected_ros.scene.frames import Frames
from unexpected_ros.scene.ground import Mounting, mounted
from unexpected_ros.settings import CameraSettings

if TYPE_CHECKING:
    from rclpy.node import Node

    from unexpected_ros.logs import CauseLog

STATIC, TRANSFORMS = "/tf_static", "tf2_msgs/msg/TFMessage"


class Mounts:
    """Knows what it heard of /tf_static, of ROS or of a bag; cameras that move in the car (/tf) are not followed."""

    def __init__(self, warn: CauseLog) -> None:
        """warn: of transforms that are none, and where several cameras look ahead by the parameters alone."""
        self._frames, self._warn = Frames(), warn
        self._ahead: set[str] = set()  # cameras that look ahead by the parameters

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

    def of(self, frame_id: str, settings: CameraSettings, camera: str = "") -> Mounting | None:
        """Of a camera and the frame_id of its images; None where neither TF nor the parameters say it."""
        found = self._frames.mounting(settings.base_frame.lstrip("/"), frame_id.lstrip("/"))
        if found or not settings.height:
            self._ahead.discard(camera)
            return found
        if camera not in self._ahead:
            self._ahead.add(camera)
            self._warn_of_several(settings.base_frame)
        return mounted(settings.height, settings.pitch)

    def _warn_of_several(self, base_frame: str) -> None:
        if len(self._ahead) > 1:
            names = " and ".join(sorted(self._ahead))
            self._warn(
                "ahead",
                f"{STATIC} does not say where the cameras {names} sit: by camera.height all of them look ahead; "
                f"publish where each sits in {base_frame}",
            )
