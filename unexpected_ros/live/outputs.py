"""The outputs as one table, for the live node and for bags. Imports no ROS."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import cv2
import numpy as np

from unexpected_core.images import halve_image, resize_map
from unexpected_core.labels import colorize
from unexpected_core.structs import Detection
from unexpected_core.visualize import overlay
from unexpected_ros.live.messages import Messages
from unexpected_ros.load.ladder import FULL
from unexpected_ros.scene.geometry import Camera
from unexpected_ros.scene.ground import Mounting, is_placed, obstacle_points
from unexpected_ros.scene.tracking import Track
from unexpected_ros.settings import NodeSettings

IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
SMALLEST_SHOWN = 448
"""Rows and columns that pictures for people keep: as many as the networks of `fast` see of an image."""


@dataclass(frozen=True)
class Result:
    """All that is known of one processed frame, and all that its outputs are made of.

    header: the source image's. image: RGB uint8 [H, W, 3]. settings: those it was detected with. times: milliseconds
    by stage: age, convert, infer, and publish once the other outputs are out. counts: frames by what became of them.
    mode: FULL, REDUCED or FALLBACK, see `ladder`. mounting: where the camera sits in the car, None = unknown.
    scale: factor on the working size that it was detected at, less than asked for where time was short.
    """

    header: Any
    image: np.ndarray
    detection: Detection
    tracks: list[Track]
    settings: NodeSettings
    model_id: str
    camera: Camera | None
    times: Mapping[str, float]
    counts: Mapping[str, int]
    mode: int = FULL
    mounting: Mounting | None = None
    scale: float = 1.0

    @cached_property
    def mask(self) -> np.ndarray:
        """uint8 [H, W], 0 or 255."""
        return self.detection.mask.view(np.uint8) * np.uint8(255)

    @property
    def shown_size(self) -> tuple[int, int]:
        """(height, width) of the pictures for people."""
        return shown_size(self.image.shape[:2], self.settings.output.scale)

    @cached_property
    def overlay(self) -> np.ndarray:
        """RGB uint8 [h, w, 3], of shown_size."""
        small = halve_image(self.image, self.shown_size)
        return overlay(small, self.detection, self.settings.output.overlay_alpha)


def shown_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """(height, width) of pictures for people of an image of `size`. scale: 0 = halved while SMALLEST_SHOWN remains.

    >>> shown_size((1080, 1920), 0), shown_size((1080, 1920), 0.75), shown_size((720, 1280), 0)
    ((540, 960), (810, 1440), (720, 1280))
    """
    halvings = max(0, int(math.log2(min(size) / SMALLEST_SHOWN)))
    factor = scale or 0.5**halvings
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


class Output(NamedTuple):
    """Message type, how to make it of a result (None = this frame has none), QoS."""

    type: str
    make: Callable[[Messages, Result], Any]
    depth: int = 1
    best_effort: bool = False


def _score(m: Messages, r: Result) -> Any:
    if r.settings.output.score_encoding == "mono8":
        return m.image(r.header, cv2.convertScaleAbs(r.detection.score, alpha=255))
    return m.image(r.header, r.detection.score)


def _resynthesis(m: Messages, r: Result) -> Any:
    painted = r.detection.resynthesis
    return None if painted is None else m.image(r.header, halve_image(painted, r.shown_size))


def _labels_color(m: Messages, r: Result) -> Any:
    return m.image(r.header, colorize(resize_map(r.detection.labels, r.shown_size)))


def _regions(m: Messages, r: Result) -> Any:
    threshold = r.settings.detect.threshold
    return m.regions(r.header, r.detection, r.tracks, threshold, r.model_id, r.camera, r.mounting, r.mode)


def _obstacle_points(m: Messages, r: Result) -> Any:
    if not is_placed(r.camera, r.mounting, r.image.shape[:2]):
        return None  # where they stand is not known: no points are not the same as no obstacle
    points = obstacle_points(r.detection.mask, r.camera, r.mounting)
    return m.points(r.header, r.settings.camera.base_frame, points)


STATS = "stats"
FIRST = ("regions", "detections", "obstacle_points", "mask", "mask/compressed")
"""What programs wait for."""
VISION = {
    "detections": Output("vision_msgs/msg/Detection2DArray", lambda m, r: m.detections(r.header, r.detection, r.tracks))
}
"""Topic below ~/ -> output of another package's types, for nodes that have it."""
OUTPUTS = {
    "regions": Output("unexpected_ros/msg/AnomalyArray", _regions, depth=5),
    "obstacle_points": Output("sensor_msgs/msg/PointCloud2", _obstacle_points),
    "mask": Output(IMAGE, lambda m, r: m.image(r.header, r.mask)),
    "mask/compressed": Output(COMPRESSED, lambda m, r: m.png(r.header, r.detection.mask)),
    "score": Output(IMAGE, _score),
    "labels": Output(IMAGE, lambda m, r: m.image(r.header, r.detection.labels)),
    "labels_color": Output(IMAGE, _labels_color),
    "resynthesis": Output(IMAGE, _resynthesis),
    "overlay": Output(IMAGE, lambda m, r: m.image(r.header, r.overlay)),
    "overlay/compressed": Output(COMPRESSED, lambda m, r: m.jpeg(r.header, r.overlay, r.settings.output.jpeg_quality)),
    STATS: Output(
        "unexpected_ros/msg/FrameStats", lambda m, r: m.stats(r.header, r.times, r.counts), depth=5, best_effort=True
    ),
}
"""Topic below ~/ -> output, those in FIRST first. `stats` comes last: it tells how long the others took."""


def messages_of(
    result: Result, messages: Messages, wanted: Callable[[str], bool], started: float | None = None
) -> Iterator[tuple[str, Any]]:
    """(name, message) of every wanted output that the frame has, each made only when it is asked for.

    started: of time.perf_counter, when the first output of the frame was begun with; None = now.
    """
    started = time.perf_counter() if started is None else started
    for name, output in (VISION | OUTPUTS).items():
        if not wanted(name):
            continue
        if name == STATS:
            result = replace(result, times={**result.times, "publish": 1e3 * (time.perf_counter() - started)})
        if (message := output.make(messages, result)) is not None:
            yield name, message
