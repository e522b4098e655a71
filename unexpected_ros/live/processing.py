"""One camera message: convert, detect, recognise what was there before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from unexpected_core.structs import Detection
from unexpected_ros.live.incoming import image_to_rgb, stamp_ns
from unexpected_ros.live.settings import InputSettings, LiveDetectSettings
from unexpected_ros.live.tracking import Track, Tracker, persistent

if TYPE_CHECKING:
    from unexpected_core.pipeline.detector import Detector


class Found(NamedTuple):
    """RGB image, what was detected in it (persistent regions only), their tracks, and milliseconds by stage."""

    image: np.ndarray
    detection: Detection
    tracks: list[Track]
    times: dict[str, float]


def find(
    message: Image | CompressedImage,
    detector: Detector,
    tracker: Tracker,
    settings: LiveDetectSettings,
    reading: InputSettings,
    resynthesis: bool,
) -> Found:
    """Message -> Found. Raises EncodingError, ImageError, DetectorError."""
    started = time.perf_counter()
    image = image_to_rgb(message, reading.max_pixels, reading.bit_depth)
    converted = time.perf_counter()
    detection = detector.detect(image, resynthesis, settings.core)
    tracks = tracker.update(stamp_ns(message.header), detection.regions)
    detection, tracks = persistent(detection, tracks, settings.min_persistence)
    found = time.perf_counter()
    stages = {f"infer: {stage}": milliseconds for stage, milliseconds in detection.timings.items()}
    return Found(
        image, detection, tracks, {"convert": 1e3 * (converted - started), "infer": 1e3 * (found - converted), **stages}
    )
