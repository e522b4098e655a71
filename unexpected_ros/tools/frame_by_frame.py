"""The pass over a bag: every message copied, and for every image the outputs of a detector beside it. No ROS."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from unexpected_core.images import ImageError
from unexpected_core.log import LOGGER
from unexpected_core.media.bags.bag import IMAGES, Bag
from unexpected_core.media.bags.channels import Message
from unexpected_core.media.bags.footage import header_of
from unexpected_core.media.bags.message_types import CAMERA_INFO
from unexpected_core.media.errors import IncompleteError
from unexpected_core.media.stamps import StampedCache
from unexpected_ros.bags import BagError, BagWriter
from unexpected_ros.inputs.connection import Complaint, explain_mismatch, explain_place
from unexpected_ros.inputs.incoming import camera_from, complain_of, stamp_ns
from unexpected_ros.inputs.mounts import Mounts
from unexpected_ros.live.messages import Messages
from unexpected_ros.live.outputs import COMPRESSED, OUTPUTS, Result, messages_of
from unexpected_ros.live.processing import Found, Seen, find, limited, see
from unexpected_ros.logs import CauseLog
from unexpected_ros.scene.geometry import Camera, is_rectified
from unexpected_ros.scene.ground import Mounting
from unexpected_ros.scene.tracking import Tracker
from unexpected_ros.settings import LiveDetectSettings, NodeSettings

if TYPE_CHECKING:
    from unexpected_core.media.bags.message_types import Typestore
    from unexpected_core.pipeline.detector import Detector


def is_written(name: str) -> bool:
    """Whether an output goes into bags: what is compressed, or of other packages' types, does not."""
    return name in OUTPUTS and OUTPUTS[name].type != COMPRESSED


def maker(types: Typestore) -> Callable[..., Any]:
    """The constructor of messages from the types of a bag, for `Messages`."""
    return lambda kind, /, **fields: types.types[kind](**fields)


class FrameByFrame:
    """State of one pass over a bag: tracks, camera and counts. mounts: where the bag says that cameras sit."""

    def __init__(
        self,
        detector: Detector,
        node: str,
        writer: BagWriter,
        image_topic: str,
        settings: NodeSettings | None,
        mounts: Mounts,
        warn: CauseLog,
    ) -> None:
        self.detector, self.node, self.writer, self.image_topic = detector, node.rstrip("/"), writer, image_topic
        self.make, self.tracker, self.mounts, self.warn = maker(writer.types), Tracker(), mounts, warn
        given = settings or NodeSettings()
        persistence = given.detect.min_persistence
        detect = LiveDetectSettings(**detector.settings.detect.model_dump(), min_persistence=persistence)
        self.settings = given.model_copy(update={"model": detector.settings.model, "detect": detect})
        self.rectified = is_rectified(image_topic, self.settings.camera.rectified)
        self.info_topic: str | None = None
        self.infos: list[str] = []  # all topics with calibrations
        self.calibrations: StampedCache[tuple[Camera, str]] = StampedCache()  # with the frame_id of the camera_info
        self.received = self.processed = 0
        self.failures: Counter[str] = Counter()
        self.problems: list[str] = []

    def frames(self, bag: Bag, done: int = 0) -> Iterator[Message]:
        """Copy every message behind the first `done` ones, which were copied before, and give those that are images.

        One whose calibration has not come yet is given when it has, at the latest before the next one is copied.
        """
        self.info_topic, self.infos = bag.camera_info_topic(self.image_topic), bag.topics(CAMERA_INFO)
        waiting: Message | None = None
        try:
            for number, message in enumerate(bag.messages()):
                is_image = message.channel.topic == self.image_topic and message.channel.type in IMAGES
                if waiting and is_image:
                    yield waiting
                    waiting = None
                if number >= done:
                    self.writer.copy(message)
                if message.channel.topic == self.info_topic:
                    self.see_camera(message, bag)
                elif is_image and number >= done:
                    waiting = message
                else:
                    continue
                if waiting and self.is_calibrated(waiting):
                    yield waiting
                    waiting = None
        except IncompleteError as error:
            self.problems.append(str(error))
        if waiting:
            yield waiting

    def see_camera(self, message: Message, bag: Bag) -> None:
        """Use a sensor_msgs/CameraInfo for frames from its stamp on; a damaged one costs no frame, and is told of."""
        try:
            info = bag.read(message.channel, message.data)
        except BagError as error:
            self.problems += [str(error)] if str(error) not in self.problems else []
            return
        camera = camera_from(info, self.rectified)
        self.calibrations.add(stamp_ns(info.header), (camera, info.header.frame_id))
        complain_of(camera, self.image_topic, self.warn)

    def is_calibrated(self, frame: Message) -> bool:
        """Whether nothing that comes later can tell more of the frame's camera."""
        return self.info_topic is None or self.calibrations.has(header_of(frame.data)[0])

    def _doubt(
        self, camera: Camera | None, frames: tuple[str, str], size: tuple[int, int], mounting: Mounting | None
    ) -> Complaint | None:
        """Why the calibration is not that of images of `size`, or why the ground before a camera that is placed is not
        known.

        frames: frame_id of the calibration, and of the images.
        """
        if camera is None:
            return mounting and self._no_camera()
        names, car = (self.info_topic, ""), self.settings.camera.base_frame
        mismatch = explain_mismatch(camera, size, *names, frames)
        return mismatch or (mounting and explain_place(camera, mounting, size, *names, (frames[1], car)))

    def _no_camera(self) -> Complaint:
        cause = f"where obstacles stand (obstacle_points, distance) is not known: {self.image_topic} has no calibration"
        there = ", ".join(self.infos) or "no topic of that type"
        return Complaint(cause, f"expected a sensor_msgs/CameraInfo on camera_info beside it; the bag has {there}")

    def process(self, frame: Message, bag: Bag) -> None:
        """Detect and write all outputs at the frame's time; a frame that cannot be used is counted by cause."""
        from unexpected_core.pipeline.runner import DetectorError

        self.received += 1
        try:
            message = bag.read(frame.channel, frame.data)
            seen = see(message, self.settings.input)
            found = find([seen], self.detector, [self.tracker], self.settings.detect, [""], "as painted")[0]
        except ImageError as error:
            return self._failed(getattr(error, "cause", "damaged"), error)
        except DetectorError as error:
            return self._failed("detector", error)
        self._publish(message.header, frame.time, seen, found)

    def _failed(self, cause: str, error: Exception) -> None:
        if cause not in self.failures:
            LOGGER.warning("frame %d: %s", self.received, error)
        self.failures[cause] += 1

    def _publish(self, header: Any, moment: int, seen: Seen, found: Found) -> None:
        self.processed += 1
        stamp = self.make("builtin_interfaces/msg/Time", sec=header.stamp.sec, nanosec=header.stamp.nanosec)
        header = self.make("std_msgs/msg/Header", frame_id=header.frame_id, stamp=stamp)
        mounting = self.mounts.of(header.frame_id, self.settings.camera)
        camera, info_frame = self.calibrations.valid_at(seen.stamp) or (None, "")
        if doubt := self._doubt(camera, (info_frame, header.frame_id), seen.image.shape[:2], mounting):
            self.warn("doubt" if camera else "no camera", str(doubt))
        found = limited(found, self.settings.ground, camera, mounting, partial(self.warn, "ground"))
        result = Result(
            header,
            seen.image,
            found.detection,
            found.tracks,
            self.settings,
            self.detector.model_id,
            camera,
            found.times | {"age": math.nan},  # when it was taken is not now
            {"received": self.received, "processed": self.processed, "stale": 0, "busy": 0},
            mounting=mounting,
            scale=found.scale,
        )
        for name, message in messages_of(result, Messages(self.make), is_written):
            self.writer.write(f"{self.node}/{name}", message, moment)
