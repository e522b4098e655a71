"""All that is heard of one stream, while somebody looks: its parts, put together by their stamp."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from unexpected_core.encodings import EncodingError
from unexpected_ros.live.incoming import image_to_rgb, stamp_ns
from unexpected_ros.msg import AnomalyArray, FrameStats
from unexpected_ros.view.assembly import ANCHOR, PHOTO, Assembly, Whole
from unexpected_ros.view.graph import Stream
from unexpected_ros.view.pictures import reduce

DTYPES = {"mono8": np.uint8, "rgb8": np.uint8, "32FC1": np.float32}
IMAGES = ("mask", "score", "labels", "resynthesis")


def pixels(message: Image) -> np.ndarray:
    """An image of the detector's -> array; a score in [0, 1] whatever its encoding."""
    dtype = np.dtype(DTYPES[message.encoding])
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    channels = 3 if message.encoding == "rgb8" else 1
    flat = rows.view(dtype)[:, : message.width * channels]
    return flat.reshape(message.height, message.width, 3) if channels == 3 else flat


class Listening:
    """Calls on_frame(Whole), in the executor's thread, for each processed frame of a stream, until it is closed."""

    def __init__(self, node: Node, stream: Stream, on_frame: Callable[[Whole], None]) -> None:
        self.stream = stream
        self._node, self._on_frame = node, on_frame
        self._assembly = Assembly((ANCHOR, PHOTO, "stats", *IMAGES))
        self._subscriptions: list[Any] = []
        self._add(AnomalyArray, f"{stream.prefix}/regions", partial(self._on_part, ANCHOR))
        self._add(FrameStats, f"{stream.prefix}/stats", partial(self._on_part, "stats"))
        for name in IMAGES:
            self._add(Image, f"{stream.prefix}/{name}", partial(self._on_image, name, pixels))
        if stream.photo:
            kind = CompressedImage if stream.compressed else Image
            self._add(kind, stream.photo, partial(self._on_image, PHOTO, image_to_rgb))

    def close(self) -> None:
        """End the subscriptions."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []

    def _add(self, kind: type, topic: str, callback: Callable[[Any], None]) -> None:
        offered = [p.qos_profile.reliability for p in self._node.get_publishers_info_by_topic(topic)]
        best_effort = QoSReliabilityPolicy.BEST_EFFORT in offered
        policy = QoSReliabilityPolicy.BEST_EFFORT if best_effort else QoSReliabilityPolicy.RELIABLE
        profile = QoSProfile(depth=2, reliability=policy)
        self._subscriptions.append(self._node.create_subscription(kind, topic, callback, profile))

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
