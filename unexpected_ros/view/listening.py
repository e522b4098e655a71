"""All that is heard of one stream, while somebody looks: its parts, put together by their stamp."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import numpy as np
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from unexpected_core.encodings import EncodingError
from unexpected_ros.inputs.incoming import image_to_rgb, stamp_ns
from unexpected_ros.msg import AnomalyArray, FrameStats
from unexpected_ros.view.assembly import ANCHOR, PHOTO, Assembly, Whole
from unexpected_ros.view.graph import Stream
from unexpected_ros.view.pictures import reduce

DTYPES = {"mono8": np.uint8, "rgb8": np.uint8, "32FC1": np.float32}
IMAGES = ("mask", "score", "labels", "resynthesis")


def weakest(offered: Collection[QoSReliabilityPolicy]) -> QoSReliabilityPolicy:
    """The reliability that a subscription may ask of all these publishers."""
    best_effort = QoSReliabilityPolicy.BEST_EFFORT in offered
    return QoSReliabilityPolicy.BEST_EFFORT if best_effort else QoSReliabilityPolicy.RELIABLE


def pixels(message: Image) -> np.ndarray:
    """An image of the detector's -> array; a score in [0, 1] whatever its encoding."""
    dtype = np.dtype(DTYPES[message.encoding])
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    channels = 3 if message.encoding == "rgb8" else 1
    flat = rows.view(dtype)[:, : message.width * channels]
    return flat.reshape(message.height, message.width, 3) if channels == 3 else flat


class Listening:
    """Calls on_frame(Whole), in the executor's thread, for each processed frame of a stream, until it is closed.

    value: of a parameter of the detector; photos are read by them as the detector reads them.
    """

    def __init__(
        self, node: Node, stream: Stream, on_frame: Callable[[Whole], None], value: Callable[[str], Any]
    ) -> None:
        self.stream = stream
        self._node, self._on_frame, self._value = node, on_frame, value
        self._assembly = Assembly((ANCHOR, PHOTO, "stats", *IMAGES))
        self._topics: dict[str, tuple[type, Callable[[Any], None]]] = {
            f"{stream.prefix}/regions": (AnomalyArray, partial(self._on_part, ANCHOR)),
            f"{stream.prefix}/stats": (FrameStats, partial(self._on_part, "stats")),
            **{f"{stream.prefix}/{name}": (Image, partial(self._on_image, name, pixels)) for name in IMAGES},
        }
        if stream.photo:
            kind = CompressedImage if stream.compressed else Image
            self._topics[stream.photo] = kind, partial(self._on_image, PHOTO, self._to_rgb)
        self._subscriptions: dict[str, Subscription] = {}
        self.follow()

    def follow(self) -> None:
        """To be called now and then: subscribe as publishers offer, who may come, and change, at any time."""
        for topic in self._topics:
            offered = [info.qos_profile.reliability for info in self._node.get_publishers_info_by_topic(topic)]
            held = self._subscriptions.get(topic)
            if held is None or (offered and held.qos_profile.reliability != weakest(offered)):
                self._subscribe(topic, weakest(offered))

    def _subscribe(self, topic: str, reliability: QoSReliabilityPolicy) -> None:
        kind, callback = self._topics[topic]
        if topic in self._subscriptions:
            self._node.destroy_subscription(self._subscriptions[topic])
        self._subscriptions[topic] = self._node.create_subscription(
            kind,
            topic,
            callback,
            QoSProfile(depth=2, reliability=reliability),
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),  # `follow` mends what they report
        )

    def close(self) -> None:
        """End the subscriptions."""
        for subscription in self._subscriptions.values():
            self._node.destroy_subscription(subscription)
        self._subscriptions = {}

    def _to_rgb(self, message: Image | CompressedImage) -> np.ndarray:
        return image_to_rgb(message, self._value("input.max_pixels"), self._value("input.bit_depth"))

    def _on_image(self, name: str, convert: Callable[[Any], np.ndarray], message: Any) -> None:
        try:
            picture = reduce(name, convert(message))
        except (EncodingError, KeyError, ValueError):
            return  # the detector says what is wrong with the camera's image; there is nothing to show of it
        if name == "score" and picture.dtype == np.uint8:
            picture = picture.astype(np.float32) / 255
        self._finish(name, message, picture)

    def _on_part(self, name: str, message: Any) -> None:
        self._finish(name, message, message)

    def _finish(self, name: str, message: Any, part: Any) -> None:
        for whole in self._assembly.add(name, stamp_ns(message.header), part):
            self._on_frame(whole)
