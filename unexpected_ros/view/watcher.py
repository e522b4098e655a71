"""The ROS node of the window: listens to a detector and its camera, while somebody looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from unexpected_core.encodings import EncodingError
from unexpected_ros.live.incoming import image_to_rgb, stamp_ns
from unexpected_ros.msg import AnomalyArray, FrameStats
from unexpected_ros.view.assembly import ANCHOR, PHOTO, Assembly, Whole
from unexpected_ros.view.graph import Stream, find_streams
from unexpected_ros.view.pictures import reduce

TICK_S = 0.2
SILENT_S = 3.0
"""Seconds without a report of a node after which it is taken for dead, though the graph still lists it."""
DTYPES = {"mono8": np.uint8, "rgb8": np.uint8, "32FC1": np.float32}
IMAGES = ("mask", "score", "labels", "resynthesis")
NOBODY = "no detector found; start one: ros2 launch unexpected_ros detector.launch.py image:=TOPIC"


def pixels(message: Image) -> np.ndarray:
    """An image of the detector's -> array; a score in [0, 1] whatever its encoding."""
    dtype = np.dtype(DTYPES[message.encoding])
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    channels = 3 if message.encoding == "rgb8" else 1
    flat = rows.view(dtype)[:, : message.width * channels]
    return flat.reshape(message.height, message.width, 3) if channels == 3 else flat


class Watcher(Node):
    """Calls, in the executor's thread: on_frame(Whole) for each processed frame, on_stream(Stream or None) when
    another detector (or another process of its name) is watched, on_state(**changes) for the page's state line.
    """

    def __init__(
        self,
        name: str | None,
        watched: Callable[[], bool],
        on_frame: Callable[[Whole], None],
        on_stream: Callable[[Stream | None], None],
        on_state: Callable[..., None],
    ) -> None:
        super().__init__("view", start_parameter_services=False)
        self._name, self._watched = name, watched
        self._on_frame, self._on_stream, self._on_state = on_frame, on_stream, on_state
        self._stream: Stream | None = None
        self._listening: list[Any] = []
        self._assembly = Assembly(())
        self._heard = 0.0
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self.create_timer(TICK_S, self._tick)

    def _tick(self) -> None:
        streams = [s for s in find_streams(self) if self._name in (None, s.node, s.prefix)]
        newest = self._choose(streams)
        if newest != self._stream:
            self._silence()
            if (newest and newest.birth) != (self._stream and self._stream.birth):
                self._heard = time.monotonic()
                self._on_stream(newest)
            self._stream = newest
        if newest is None:
            self._on_state(node=False, good=False, watched=self._name or "", model="", text=NOBODY)
        elif time.monotonic() - self._heard > SILENT_S:
            self._on_state(node=True, good=False, watched=newest.prefix, text="does not answer")
        if newest and self._watched() and not self._listening:
            self._listen(newest)
        elif not self._watched():
            self._silence()

    def _choose(self, streams: list[Stream]) -> Stream | None:
        """The one watched so far while it lives; one that was killed lingers in the graph beside its successor."""
        alive = time.monotonic() - self._heard <= SILENT_S
        same = [s for s in streams if self._stream and s.birth == self._stream.birth]
        others = [s for s in streams if s not in same]
        return (same if same and (alive or not others) else others or [None])[0]

    def _listen(self, stream: Stream) -> None:
        self._assembly = Assembly((ANCHOR, PHOTO, "stats", *IMAGES))
        self._add(AnomalyArray, f"{stream.prefix}/regions", partial(self._on_part, ANCHOR))
        self._add(FrameStats, f"{stream.prefix}/stats", partial(self._on_part, "stats"))
        for name in IMAGES:
            self._add(Image, f"{stream.prefix}/{name}", partial(self._on_image, name, pixels))
        if stream.photo:
            kind = CompressedImage if stream.compressed else Image
            self._add(kind, stream.photo, partial(self._on_image, PHOTO, image_to_rgb))

    def _add(self, kind: type, topic: str, callback: Callable[[Any], None]) -> None:
        offered = [p.qos_profile.reliability for p in self.get_publishers_info_by_topic(topic)]
        best_effort = QoSReliabilityPolicy.BEST_EFFORT in offered
        policy = QoSReliabilityPolicy.BEST_EFFORT if best_effort else QoSReliabilityPolicy.RELIABLE
        self._listening.append(self.create_subscription(kind, topic, callback, QoSProfile(depth=2, reliability=policy)))

    def _silence(self) -> None:
        for subscription in self._listening:
            self.destroy_subscription(subscription)
        self._listening = []

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

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        stream = self._stream
        reports = [s for s in message.status if stream and s.name.partition(": ")[0] in (stream.node, stream.prefix)]
        if not reports:
            return
        self._heard = time.monotonic()
        worst = max(reports, key=lambda status: status.level)
        values = {pair.key: pair.value for status in reports for pair in status.values}
        good = worst.level == b"\x00"
        text = values.get("state", "") if good else worst.message
        model = ", ".join(filter(None, (values.get("model_id"), values.get("device"))))
        self._on_state(node=True, good=good and text == "active", watched=stream.prefix, text=text, model=model)
