"""The publishers of all outputs. What nobody listens to is not even converted."""

from __future__ import annotations

import time

from rclpy.lifecycle import LifecycleNode
from rclpy.publisher import Publisher
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

from unexpected_core.labels import CITYSCAPES, IGNORE
from unexpected_ros.live.messages import Messages
from unexpected_ros.live.outputs import OUTPUTS, VISION, Output, Result, messages_of
from unexpected_ros.live.overrides import overrides
from unexpected_ros.live.ros import CLASSES, ready_to_send, ros_message

LABEL_INFO = "vision_msgs/msg/LabelInfo"


class Publishers:
    """The publishers of all outputs."""

    def __init__(self, node: LifecycleNode, place: str = "") -> None:
        """place: folder below ~/, such as 'front/'."""
        self._node = node
        self._publishers = {
            name: node.create_publisher(
                CLASSES[output.type],
                f"~/{place}{name}",
                _qos(output),
                qos_overriding_options=overrides(node, f"~/{place}{name}"),
            )
            for name, output in (VISION | OUTPUTS).items()
            if output.type in CLASSES
        }
        self._labels = self._offer_label_info(place) if LABEL_INFO in CLASSES else None

    def _offer_label_info(self, place: str) -> Publisher:
        """What the values of ~/labels mean, once and for those who come later."""
        qos = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
        publisher = self._node.create_publisher(CLASSES[LABEL_INFO], f"~/{place}label_info", qos)
        names = {label.train_id: label.name for label in CITYSCAPES if label.train_id != IGNORE}
        header = ros_message("std_msgs/msg/Header", stamp=self._node.get_clock().now().to_msg(), frame_id="")
        publisher.publish(Messages(ros_message).label_info(header, names, 0.0))
        return publisher

    @property
    def topics(self) -> list[str]:
        """Full names, as remapped."""
        return [publisher.topic_name for publisher in self._publishers.values()]

    def wanted(self, name: str) -> bool:
        """Whether somebody listens to the output."""
        publisher = self._publishers.get(name)
        return publisher is not None and publisher.get_subscription_count() > 0

    def publish(self, result: Result) -> float:
        """Make and send every output that somebody listens to; returns the milliseconds that took."""
        started = time.perf_counter()
        for name, message in messages_of(result, Messages(ready_to_send), self.wanted):
            self._publishers[name].publish(message)
        return 1e3 * (time.perf_counter() - started)

    def close(self) -> None:
        """Withdraw all output topics."""
        for publisher in filter(None, (*self._publishers.values(), self._labels)):
            self._node.destroy_publisher(publisher)


def _qos(output: Output) -> QoSProfile:
    policy = QoSReliabilityPolicy.BEST_EFFORT if output.best_effort else QoSReliabilityPolicy.RELIABLE
    return QoSProfile(depth=output.depth, reliability=policy)
