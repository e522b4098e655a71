"""Camera messages: convert, detect (those of several cameras together), recognise what was there before. No ROS."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from unexpected_core.labels import IGNORE
from unexpected_core.structs import Detection
from unexpected_ros.inputs.incoming import image_to_rgb, stamp_ns
from unexpected_ros.scene.geometry import Camera
from unexpected_ros.scene.ground import Mounting, is_placed
from unexpected_ros.scene.limits import are_set, within
from unexpected_ros.scene.tracking import Track, Tracker, persistent
from unexpected_ros.settings import GroundSettings, InputSettings, LiveDetectSettings

if TYPE_CHECKING:
    from sensor_msgs.msg import CompressedImage, Image

    from unexpected_core.pipeline.detector import Detector, Resynthesis


class Seen(NamedTuple):
    """RGB image uint8 [H, W, 3] of a message, its stamp in nanoseconds, and the milliseconds that took."""

    image: np.ndarray
    stamp: int
    convert: float


class Found(NamedTuple):
    """What was detected in an image (persistent regions only), their tracks, and milliseconds by stage.

    scale: factor on the working size that it was detected at.
    """

    detection: Detection
    tracks: list[Track]
    times: dict[str, float]
    scale: float = 1.0


def see(message: Image | CompressedImage, settings: InputSettings) -> Seen:
    """Message -> Seen. Raises EncodingError."""
    started = time.perf_counter()
    image = image_to_rgb(message, settings.max_pixels, settings.bit_depth)
    return Seen(image, stamp_ns(message.header), 1e3 * (time.perf_counter() - started))


def find(
    seen: Sequence[Seen],
    detector: Detector,
    trackers: Sequence[Tracker],
    settings: LiveDetectSettings,
    cameras: Sequence[str],
    resynthesis: Resynthesis,
) -> list[Found]:
    """Images of different cameras, each with its tracker and name -> Found, in their order.

    `infer` is the time of all of them. Raises ImageError, DetectorError; the trackers then know nothing of the images.
    """
    started = time.perf_counter()
    if len(seen) == 1:
        detections = [detector.detect(seen[0].image, resynthesis, settings.of(cameras[0]))]
    else:
        each = [settings.of(camera) for camera in cameras]
        detections = detector.detect_batch([one.image for one in seen], resynthesis, each)
    tracked = [
        persistent(detection, tracker.update(one.stamp, detection.regions), settings.min_persistence)
        for one, detection, tracker in zip(seen, detections, trackers, strict=True)
    ]
    scale = 1.0 if detector.fixed_size else settings.scale
    infer = 1e3 * (time.perf_counter() - started)
    return [
        Found(*of_one, {"convert": one.convert, "infer": infer, **_stages(of_one[0])}, scale)
        for one, of_one in zip(seen, tracked, strict=True)
    ]


def limited(
    found: Found,
    limits: GroundSettings,
    camera: Camera | None,
    mounting: Mounting | None,
    warn: Callable[[str], object],
) -> Found:
    """Without the regions beyond the limits; with all, and a warning, where it is not known where they stand.

    Without labels road_margin does not count, with a warning.
    """
    if limits.road_margin and (found.detection.labels == IGNORE).all():
        warn("ground.road_margin limits nothing: it needs labels, and this method predicts none; set it to 0")
        limits = limits.model_copy(update={"road_margin": 0.0})
    if not are_set(limits):
        return found
    if not is_placed(camera, mounting, found.detection.mask.shape):
        warn("ground.* limits nothing: it needs camera_info, and camera.height or /tf_static; all regions count")
        return found
    detection, tracks = within(found.detection, found.tracks, limits, camera, mounting)
    return found._replace(detection=detection, tracks=tracks)


def _stages(detection: Detection) -> dict[str, float]:
    return {f"infer: {stage}": milliseconds for stage, milliseconds in detection.timings.items()}
