"""A detector over every frame of a bag, without ROS: the live node's output topics, written beside the inputs."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unexpected_core.images import ImageError
from unexpected_core.labels import colorize
from unexpected_core.log import LOGGER
from unexpected_core.media.bag import Bag
from unexpected_core.media.bag_footage import image_of
from unexpected_core.media.channels import Message
from unexpected_core.media.errors import IncompleteError
from unexpected_core.structs import Detection, Region
from unexpected_core.visualize import overlay
from unexpected_ros.bags import BagError, BagWriter, create_bag, open_bag
from unexpected_ros.live.geometry import Camera, bearing
from unexpected_ros.live.tracking import Track, Tracker

if TYPE_CHECKING:
    from unexpected_core.pipeline.detector import Detector

NODE = "/unexpected/detector"
_ENCODINGS = {("uint8", 2): "mono8", ("uint8", 3): "rgb8", ("float32", 2): "32FC1"}


class Messages:
    """Makes the node's output messages from the types of a bag, field by field as the node does from ROS' own."""

    def __init__(self, types: dict[str, Any]) -> None:
        self.types = types

    def __call__(self, name: str, **fields: Any) -> Any:
        """A message by type: messages("std_msgs/msg/Header", stamp=..., frame_id=...)."""
        return self.types[name](**fields)

    def image(self, header: Any, pixels: np.ndarray) -> Any:
        """uint8 [H, W] -> mono8, uint8 [H, W, 3] RGB -> rgb8, float32 [H, W] -> 32FC1."""
        pixels = np.ascontiguousarray(pixels)
        return self(
            "sensor_msgs/msg/Image",
            header=header,
            height=pixels.shape[0],
            width=pixels.shape[1],
            encoding=_ENCODINGS[pixels.dtype.name, pixels.ndim],
            is_bigendian=0,
            step=pixels.strides[0],
            data=pixels.reshape(-1).view(np.uint8),
        )

    def regions(
        self,
        header: Any,
        detection: Detection,
        tracks: Sequence[Track],
        threshold: float,
        model_id: str,
        camera: Camera | None,
    ) -> Any:
        """Detection -> AnomalyArray; distances are NaN, since a bag does not tell the height of its camera."""
        height, width = detection.score.shape
        return self(
            "unexpected_ros/msg/AnomalyArray",
            header=header,
            image_height=height,
            image_width=width,
            threshold=threshold,
            frame_score=float(detection.score.max()),
            coverage=float(detection.mask.mean()),
            model_id=model_id,
            mode=0,
            regions=[
                self._region(
                    region, track, camera and camera.ray(region.centroid_x, region.centroid_y, (height, width))
                )
                for region, track in zip(detection.regions, tracks, strict=True)
            ],
        )

    def _region(self, region: Region, track: Track, ray: tuple[float, float] | None) -> Any:
        box = self(
            "sensor_msgs/msg/RegionOfInterest",
            x_offset=region.x,
            y_offset=region.y,
            width=region.width,
            height=region.height,
            do_rectify=False,
        )
        return self(
            "unexpected_ros/msg/AnomalyRegion",
            id=track.id,
            roi=box,
            centroid_x=region.centroid_x,
            centroid_y=region.centroid_y,
            area=region.area,
            score=region.score,
            max_score=region.max_score,
            road_fraction=region.road_fraction,
            label=region.label,
            age=min(track.age, 65535),
            bearing=bearing(ray),
            distance=float("nan"),
        )

    def outputs(self, header: Any, image: np.ndarray, detection: Detection) -> Iterator[tuple[str, Any]]:
        """(topic below the node, message) of every picture the node publishes."""
        yield "mask", self.image(header, detection.mask.view(np.uint8) * np.uint8(255))
        yield "score", self.image(header, detection.score)
        yield "labels", self.image(header, detection.labels)
        yield "labels_color", self.image(header, colorize(detection.labels))
        if detection.resynthesis is not None:
            yield "resynthesis", self.image(header, detection.resynthesis)
        yield "overlay", self.image(header, overlay(image, detection))


class FrameByFrame:
    """State of one pass over a bag: tracks, camera and counts."""

    def __init__(self, detector: Detector, node: str, writer: BagWriter) -> None:
        self.detector, self.node, self.writer = detector, node.rstrip("/"), writer
        self.messages, self.tracker = Messages(writer.types.types), Tracker()
        self.camera: Camera | None = None
        self.received = self.processed = 0
        self.failures: Counter[str] = Counter()
        self.problems: list[str] = []

    def see_camera(self, info: Any) -> None:
        """Use a sensor_msgs/CameraInfo from the next frame on."""
        self.camera = Camera(
            info.height,
            info.width,
            np.asarray(info.k, np.float64).reshape(3, 3),
            np.asarray(info.d, np.float64),
            info.distortion_model,
        )

    def process(self, frame: Message, bag: Bag) -> None:
        """Detect and write all outputs at the frame's time; a frame that cannot be used is counted by cause."""
        from unexpected_core.pipeline.runner import DetectorError

        self.received += 1
        start = time.perf_counter()
        try:
            message = bag.read(frame.channel, frame.data)
            image = image_of(message, frame.channel.type)
        except ImageError as error:
            return self._failed(getattr(error, "cause", "damaged"), error)
        decoded = time.perf_counter()
        try:
            detection = self.detector.detect(image)
        except DetectorError as error:
            return self._failed("detector", error)
        detected = time.perf_counter()
        self._publish(message.header, frame.time, image, detection, decoded - start, detected - decoded)

    def _failed(self, cause: str, error: Exception) -> None:
        if cause not in self.failures:
            LOGGER.warning("frame %d: %s", self.received, error)
        self.failures[cause] += 1

    def _publish(
        self, header: Any, moment: int, image: np.ndarray, detection: Detection, convert: float, infer: float
    ) -> None:
        start = time.perf_counter()
        header = self.messages(
            "std_msgs/msg/Header",
            frame_id=header.frame_id,
            stamp=self.messages("builtin_interfaces/msg/Time", sec=header.stamp.sec, nanosec=header.stamp.nanosec),
        )
        tracks = self.tracker.update(header.stamp.sec * 1_000_000_000 + header.stamp.nanosec, detection.regions)
        for name, message in self.messages.outputs(header, image, detection):
            self.writer.write(f"{self.node}/{name}", message, moment)
        self.writer.write(
            f"{self.node}/regions",
            self.messages.regions(
                header, detection, tracks, self.detector.settings.detect.threshold, self.detector.model_id, self.camera
            ),
            moment,
        )
        self.processed += 1
        self.writer.write(
            f"{self.node}/stats",
            self.messages(
                "unexpected_ros/msg/FrameStats",
                header=header,
                age_ms=0.0,
                convert_ms=convert * 1e3,
                infer_ms=infer * 1e3,
                publish_ms=(time.perf_counter() - start) * 1e3,
                received=self.received,
                processed=self.processed,
                dropped_stale=0,
                dropped_busy=0,
            ),
            moment,
        )


def process_bag(
    source: str | Path, target: str | Path, detector: Detector, topic: str | None = None, node: str = NODE
) -> FrameByFrame:
    """Copy source to target and add the outputs for every image of a topic (None: the only one). Raises BagError.

    node: full name under which the outputs appear. target exists only when all of source was read.
    """
    before, after = Path(source).resolve(), Path(target).resolve()
    if before.is_relative_to(after) or after.is_relative_to(before):  # a folder is replaced with all that is in it
        raise BagError(f"{target} is also the input, or one lies in the other; expected another place for the output")
    with open_bag(source) as bag, create_bag(target) as writer:
        taken = [name for name in bag.topics() if name.startswith(f"{node}/")]
        if taken:
            raise BagError(f"{source} has outputs already ({', '.join(taken)}); choose another name with --node")
        image_topic = bag.image_topic(topic)
        info_topic = bag.camera_info_topic(image_topic)
        run = FrameByFrame(detector, node, writer)
        total = bag.count(image_topic)
        try:
            for message in bag.messages():
                writer.copy(message)
                if message.channel.topic == info_topic:
                    run.see_camera(bag.read(message.channel, message.data))
                elif message.channel.topic == image_topic:
                    run.process(message, bag)
                    _show(run.received, total)
        except IncompleteError as error:
            run.problems.append(str(error))
    return run


def _show(done: int, total: int | None) -> None:
    if sys.stderr.isatty():
        print(f"\rframe {done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m unexpected_ros.bags`: 0 when every frame was processed, 1 otherwise, with the cause on stderr."""
    parser = argparse.ArgumentParser(prog="python -m unexpected_ros.bags", description=__doc__)
    parser.add_argument("input", type=Path, metavar="IN", help="rosbag2: a file .mcap or .db3, or a folder")
    parser.add_argument("output", type=Path, metavar="OUT", help="file .mcap, or a bag folder")
    parser.add_argument("--topic", help="image topic to process; needed where the bag has several")
    parser.add_argument("--node", default=NODE, help="name of the node that the outputs appear under (%(default)s)")
    parser.add_argument("--model", default="fast", help="detector: name, weight file or folder (%(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (%(default)s)")
    given = parser.parse_args(arguments)

    from unexpected_core.pipeline.detector import load_detector

    try:
        detector = load_detector(given.model, given.device)
        done = process_bag(given.input, given.output, detector, given.topic, given.node)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; no output was written", file=sys.stderr)
        return 130
    print(f"{given.output}: {done.processed} of {done.received} frames processed")
    for cause, count in done.failures.items():
        print(f"error: {count} frames could not be used ({cause})", file=sys.stderr)
    for problem in done.problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if done.failures or done.problems else 0
