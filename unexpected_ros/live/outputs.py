"""The output topics as one table. What nobody listens to is not even converted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from unexpected_core.labels import colorize
from unexpected_core.structs import Detection
from unexpected_core.visualize import overlay
from unexpected_ros.live.geometry import Camera
from unexpected_ros.live.messages import to_image, to_jpeg, to_png, to_regions, to_stats
from unexpected_ros.live.overrides import overrides
from unexpected_ros.live.parameters import NodeSettings
from unexpected_ros.live.tracking import Track
from unexpected_ros.msg import AnomalyArray, FrameStats


@dataclass(frozen=True)
class Result:
    """All that is known of one processed frame; header is the source image's."""

    header: Header
    image: np.ndarray
    detection: Detection
    tracks: list[Track]
    settings: NodeSettings
    model_id: str
    camera: Camera | None
    times: dict[str, float]  # milliseconds: age, convert, infer, and publish once the other outputs are out
    counts: dict[str, int]

    @cached_property
    def mask(self) -> np.ndarray:
        """uint8 [H, W], 0 or 255."""
        return self.detection.mask.view(np.uint8) * np.uint8(255)

    @cached_property
    def overlay(self) -> np.ndarray:
        """RGB uint8 [H, W, 3]."""
        return overlay(self.image, self.detection, self.settings.output.overlay_alpha)


class Output(NamedTuple):
    """Message type, how to make it of a result (None = this frame has none), QoS."""

    type: type
    make: Callable[[Result], Any]
    depth: int = 1
    best_effort: bool = False


def _score(r: Result) -> Image:
    if r.settings.output.score_encoding == "mono8":
        return to_image(r.header, (r.detection.score * 255).round().clip(0, 255).astype(np.uint8))
    return to_image(r.header, r.detection.score)


OUTPUTS = {
    "mask": Output(Image, lambda r: to_image(r.header, r.mask)),
    "score": Output(Image, _score),
    "labels": Output(Image, lambda r: to_image(r.header, r.detection.labels)),
    "labels_color": Output(Image, lambda r: to_image(r.header, colorize(r.detection.labels))),
    "resynthesis": Output(
        Image, lambda r: None if r.detection.resynthesis is None else to_image(r.header, r.detection.resynthesis)
    ),
    "overlay": Output(Image, lambda r: to_image(r.header, r.overlay)),
    "overlay/compressed": Output(
        CompressedImage, lambda r: to_jpeg(r.header, r.overlay, r.settings.output.jpeg_quality)
    ),
    "mask/compressed": Output(CompressedImage, lambda r: to_png(r.header, r.mask)),
    "regions": Output(
        AnomalyArray,
        lambda r: to_regions(
            r.header, r.detection, r.tracks, r.settings.detect.threshold, r.model_id, r.camera, r.settings.camera
        ),
        depth=5,
    ),
    "stats": Output(FrameStats, lambda r: to_stats(r.header, r.times, r.counts), depth=5, best_effort=True),
}
"""Topic below ~/ -> output. `stats` comes last: it tells how long the others took."""


class Publishers:
    """The publishers of all outputs."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._publishers = {
            name: node.create_publisher(
                output.type, f"~/{name}", _qos(output), qos_overriding_options=overrides(node, f"~/{name}")
            )
            for name, output in OUTPUTS.items()
        }

    @property
    def topics(self) -> list[str]:
        """Full names, as remapped."""
        return [publisher.topic_name for publisher in self._publishers.values()]

    def wanted(self, name: str) -> bool:
        """Whether somebody listens to ~/name."""
        return self._publishers[name].get_subscription_count() > 0

    def publish(self, name: str, result: Result) -> None:
        """Make and send one output if somebody listens."""
        if self.wanted(name) and (message := OUTPUTS[name].make(result)) is not None:
            self._publishers[name].publish(message)

    def close(self) -> None:
        """Withdraw all output topics."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)


def _qos(output: Output) -> QoSProfile:
    policy = QoSReliabilityPolicy.BEST_EFFORT if output.best_effort else QoSReliabilityPolicy.RELIABLE
    return QoSProfile(depth=output.depth, reliability=policy)
