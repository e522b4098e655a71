"""The subscription of camera_info: of what is published all the time, and of what was published once and kept."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo

from unexpected_ros.inputs.offers import qos_for


class CalibrationSubscription:
    """Hands every message to `callback`. Best effort, unless all publishers keep theirs for those who come later."""

    def __init__(self, node: LifecycleNode, name: str, callback: Callable[[CameraInfo], None]) -> None:
        """name: of the topic, such as front/camera_info."""
        self.name, self.topic = name, node.resolve_topic_name(name)
        self._node, self._callback = node, callback
        self._subscribe(qos_profile_sensor_data)

    def _subscribe(self, qos: QoSProfile) -> None:
        self._subscription = self._node.create_subscription(
            CameraInfo,
            self.name,
            self._callback,
            qos,
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),  # `check` mends what they report
        )

    def check(self) -> None:
        """Once a second: ask for what was kept where that is offered, and no more where it is not."""
        # by the name that rclpy remaps, as for the subscription: a rule may name what another one leads to
        offered = [info.qos_profile for info in self._node.get_publishers_info_by_topic(self.name)]
        qos = qos_for(offered)
        if qos.durability != QoSDurabilityPolicy.TRANSIENT_LOCAL:
            qos = qos_profile_sensor_data
        held = self._subscription.qos_profile
        if offered and (qos.durability, qos.reliability) != (held.durability, held.reliability):
            self.close()
            self._subscribe(qos)

    def close(self) -> None:
        """End the subscription."""
        self._node.destroy_subscription(self._subscription)
