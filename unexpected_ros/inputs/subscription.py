"""The image subscription: finds its topic, follows the reliability that publishers offer, knows why it is silent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.node import NodeNameNonExistentError
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from unexpected_ros.inputs.connection import (
    COMPRESSED,
    IMAGE,
    Complaint,
    Publisher,
    explain,
    explain_loss,
    explain_mixture,
)
from unexpected_ros.inputs.losses import LossCallbacks
from unexpected_ros.settings import InputSettings

DETECTORS_PUBLISH = "unexpected_ros/msg/AnomalyArray"
PATIENCE = 5
"""Checks, one a second, without a frame after which the cause is looked for. There are none while nobody can listen, as
when a model is loaded.
"""


class ImageSubscription:
    """Subscribes to `image` or its compressed sibling and hands every message to `callback`."""

    def __init__(
        self,
        node: LifecycleNode,
        settings: InputSettings,
        callback: Callable[[Any], None],
        lost: Callable[[int], None],
        place: str = "",
    ) -> None:
        """lost: hears how many messages were sent and did not come. place: folder of the topic, such as 'front/'."""
        self._node, self._callback, self._lost = node, callback, lost
        self._unharmed = PATIENCE  # checks since the last loss
        self._compressed = settings.transport == "compressed"
        self._reliability = settings.reliability
        self._best_effort = settings.reliability == "best_effort"
        self._silent = 0  # checks without a frame
        # image_transport's rule: the compressed topic follows the (remapped) name of the image
        self._image = f"{place}image"
        name = node.resolve_topic_name(self._image) + "/compressed" if self._compressed else self._image
        self.topic = node.resolve_topic_name(name)
        self._subscribe(name)

    def _subscribe(self, name: str) -> None:
        policy = QoSReliabilityPolicy.BEST_EFFORT if self._best_effort else QoSReliabilityPolicy.RELIABLE
        self._name = name
        self._subscription = self._node.create_subscription(
            CompressedImage if self._compressed else Image,
            name,
            self._on_message,
            QoSProfile(depth=5, reliability=policy),  # handed over at once: the worker's slot keeps frames fresh
            event_callbacks=LossCallbacks(
                message_lost=self._on_loss,
                use_default_callbacks=False,  # `explain` says the others better
            ),
        )

    def _on_message(self, message: Any) -> None:
        self._silent = 0
        self._callback(message)

    def _on_loss(self, event: Any) -> None:
        self._unharmed = 0
        self._lost(event.total_count_change)

    def close(self) -> None:
        """End the subscription."""
        self._node.destroy_subscription(self._subscription)

    def check(self) -> Complaint | None:
        """Once a second: follow the publishers' reliability; returns why none come, or why they are a mixture."""
        publishers = self._publishers()
        if (
            self._reliability == "auto"
            and publishers
            and self._best_effort != (offered := any(p.best_effort for p in publishers))
        ):
            self._node.get_logger().info(
                f"{self.topic} is published {'best effort' if offered else 'reliable'}: subscribing anew to match"
            )
            self.close()
            self._best_effort = offered
            self._subscribe(self._name)
        self._silent, self._unharmed = self._silent + 1, self._unharmed + 1
        if self._silent < PATIENCE:
            return explain_mixture(self.topic, COMPRESSED if self._compressed else IMAGE, publishers)
        topics = self._possible_inputs()
        return explain(self.topic, self._compressed, self._best_effort, publishers, topics, self._image)

    def loss(self) -> Complaint | None:
        """As of the last check: that not all come. It says nothing against those that do."""
        return explain_loss(self.topic) if self._unharmed <= PATIENCE else None

    def _possible_inputs(self) -> list[tuple[str, str]]:
        """(topic, type) of all that is published, but by detectors: this one and others."""
        published = [(name, kind) for name, kinds in self._node.get_topic_names_and_types() for kind in kinds]
        detectors = {
            (info.node_name, info.node_namespace)
            for name, kind in published
            if kind == DETECTORS_PUBLISH
            for info in self._node.get_publishers_info_by_topic(name)
            if info.node_namespace.startswith("/")  # else not known (yet): rclpy raises where it is asked about
        }
        outputs = {name for detector in detectors for name in self._outputs_of(*detector)}
        return [(name, kind) for name, kind in published if name not in outputs and self._node.count_publishers(name)]

    def _outputs_of(self, name: str, namespace: str) -> list[str]:
        try:
            return [topic for topic, _ in self._node.get_publisher_names_and_types_by_node(name, namespace)]
        except NodeNameNonExistentError:  # it left while we asked
            return []

    def _publishers(self) -> list[Publisher]:
        return [
            Publisher(
                f"{info.node_namespace.rstrip('/')}/{info.node_name}",
                info.topic_type,
                info.qos_profile.reliability == QoSReliabilityPolicy.BEST_EFFORT,
            )
            for info in self._node.get_publishers_info_by_topic(self._name)  # which remaps, as a subscription does
        ]
