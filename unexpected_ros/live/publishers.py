"""The publishers of all outputs. What nobody listens to is not even converted."""

from __future__ import annotations

import time

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, QoSReliabilityPolicy

from unexpected_ros.live.messages import Messages
from unexpected_ros.live.outputs import OUTPUTS, Output, Result, messages_of
from unexpected_ros.live.overrides import overrides
from unexpected_ros.live.ros import CLASSES, ros_message


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
            for name, output in OUTPUTS.items()
        }

    @property
    def topics(self) -> list[str]:
        """Full names, as remapped."""
        return [publisher.topic_name for publisher in self._publishers.values()]

    def wanted(self, name: str) -> bool:
        """Whether somebody listens to the output."""
        return self._publishers[name].get_subscription_count() > 0

    def publish(self, result: Result) -> float:
        """Make and send every output that somebody listens to; returns the milliseconds that took."""
        started = time.perf_counter()
        for name, message in messages_of(result, Messages(ros_message), self.wanted):
            self._publishers[name].publish(message)
        return 1e3 * (time.perf_counter() - started)

    def close(self) -> None:
        """Withdraw all output topics."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)


def _qos(output: Output) -> QoSProfile:
    policy = QoSReliabilityPolicy.BEST_EFFORT if output.best_effort else QoSReliabilityPolicy.RELIABLE
    return QoSProfile(depth=output.depth, reliability=policy)
