"""Messages out: every message as a table of all its fields, for the live node and for bags. Imports no ROS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from unexpected_core.compressed import encode_jpeg, encode_mask
from unexpected_core.structs import Detection, Region
from unexpected_ros.load.ladder import FULL
from unexpected_ros.scene.geometry import Camera, bearing, edges
from unexpected_ros.scene.ground import Mounting, ground_distance
from unexpected_ros.scene.tracking import Track

ENCODINGS = {("uint8", 2): "mono8", ("uint8", 3): "rgb8", ("float32", 2): "32FC1"}
UNEXPECTED = "unexpected"
"""The class of every detection in messages of vision_msgs."""


class Messages:
    """Makes messages with a constructor: ``make("std_msgs/msg/Header", stamp=..., frame_id=...)``.

    It is given every field of the message, and arrays as numpy uint8 [n]: `ros.ros_message`, or the types of a bag.
    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self.make = make

    def image(self, header: Any, pixels: np.ndarray) -> Any:
        """uint8 [H, W] -> mono8, uint8 [H, W, 3] RGB -> rgb8, float32 [H, W] -> 32FC1."""
        pixels = np.ascontiguousarray(pixels)
        return self.make(
            "sensor_msgs/msg/Image",
            header=header,
            height=pixels.shape[0],
            width=pixels.shape[1],
            encoding=ENCODINGS[pixels.dtype.name, pixels.ndim],
            is_bigendian=0,
            step=pixels.strides[0],
            data=pixels.reshape(-1).view(np.uint8),
        )

    def jpeg(self, header: Any, image: np.ndarray, quality: int) -> Any:
        """RGB uint8 [H, W, 3] -> JPEG (quality 1..100) as image_transport names it."""
        data = np.frombuffer(encode_jpeg(image, quality), np.uint8)
        return self.make(
            "sensor_msgs/msg/CompressedImage", header=header, format="rgb8; jpeg compressed bgr8", data=data
        )

    def png(self, header: Any, mask: np.ndarray) -> Any:
        """bool [H, W] -> PNG of 0 and 255 as image_transport names it."""
        data = np.frombuffer(encode_mask(mask), np.uint8)
        return self.make("sensor_msgs/msg/CompressedImage", header=header, format="mono8; png compressed ", data=data)

    def regions(
        self,
        header: Any,
        detection: Detection,
        tracks: Sequence[Track],
        threshold: float,
        model_id: str,
        camera: Camera | None,
        mounting: Mounting | None,
        mode: int = FULL,
    ) -> Any:
        """Detection and the tracks of its regions -> AnomalyArray; no region gives a message without regions."""
        height, width = detection.score.shape
        return self.make(
            "unexpected_ros/msg/AnomalyArray",
            header=header,
            image_height=height,
            image_width=width,
            threshold=threshold,
            frame_score=float(detection.score.max()),
            coverage=np.count_nonzero(detection.mask) / detection.mask.size,
            model_id=model_id,
            mode=mode,
            regions=[
                self.region(region, track, (height, width), camera, mounting)
                for region, track in zip(detection.regions, tracks, strict=True)
            ],
        )

    def region(
        self, region: Region, track: Track, size: tuple[int, int], camera: Camera | None, mounting: Mounting | None
    ) -> Any:
        """One region of an image of `size` (height, width) -> AnomalyRegion; angles and metres are NaN if unknown."""
        middle = camera and camera.ray(region.centroid_x, region.centroid_y, size)
        left, _, right, bottom = edges(region)
        foot = camera and camera.ray((left + right) / 2, bottom, size)
        box = self.make(
            "sensor_msgs/msg/RegionOfInterest",
            x_offset=region.x,
            y_offset=region.y,
            height=region.height,
            width=region.width,
            do_rectify=False,
        )
        return self.make(
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
            bearing=bearing(middle),
            distance=ground_distance(foot, mounting),
        )

    def points(self, header: Any, frame_id: str, points: np.ndarray) -> Any:
        """float32 [N, 3] in metres in `frame_id` -> PointCloud2 with the header's stamp, of no points if N = 0."""
        float32, size = 7, 4
        fields = [
            self.make("sensor_msgs/msg/PointField", name=name, offset=size * n, datatype=float32, count=1)
            for n, name in enumerate("xyz")
        ]
        data = np.ascontiguousarray(points, np.float32).reshape(-1).view(np.uint8)
        return self.make(
            "sensor_msgs/msg/PointCloud2",
            header=self.make("std_msgs/msg/Header", stamp=header.stamp, frame_id=frame_id),
            height=1,
            width=len(points),
            fields=fields,
            is_bigendian=False,
            point_step=3 * size,
            row_step=3 * size * len(points),
            data=data,
            is_dense=True,
        )

    def detections(self, header: Any, detection: Detection, tracks: Sequence[Track]) -> Any:
        """The regions as vision_msgs has boxes: one hypothesis 'unexpected' each, the track as id."""
        return self.make(
            "vision_msgs/msg/Detection2DArray",
            header=header,
            detections=[
                self._detection(header, region, track) for region, track in zip(detection.regions, tracks, strict=True)
            ],
        )

    def _detection(self, header: Any, region: Region, track: Track) -> Any:
        middle = self.make("vision_msgs/msg/Point2D", x=region.x + region.width / 2, y=region.y + region.height / 2)
        box = self.make(
            "vision_msgs/msg/BoundingBox2D",
            center=self.make("vision_msgs/msg/Pose2D", position=middle, theta=0.0),
            size_x=float(region.width),
            size_y=float(region.height),
        )
        score = self.make("vision_msgs/msg/ObjectHypothesis", class_id=UNEXPECTED, score=region.score)
        result = self.make("vision_msgs/msg/ObjectHypothesisWithPose", hypothesis=score)
        return self.make("vision_msgs/msg/Detection2D", header=header, results=[result], bbox=box, id=str(track.id))

    def label_info(self, header: Any, names: Mapping[int, str]) -> Any:
        """What the values of ~/labels mean -> vision_msgs/LabelInfo; labels have no threshold."""
        classes = [
            self.make("vision_msgs/msg/VisionClass", class_id=number, class_name=name) for number, name in names.items()
        ]
        return self.make("vision_msgs/msg/LabelInfo", header=header, class_map=classes, threshold=0.0)

    def stats(self, header: Any, times: Mapping[str, float], counts: Mapping[str, int]) -> Any:
        """Milliseconds by stage (age, convert, infer, publish; NaN = unknown) and frame counts -> FrameStats."""
        return self.make(
            "unexpected_ros/msg/FrameStats",
            header=header,
            age_ms=times["age"],
            convert_ms=times["convert"],
            infer_ms=times["infer"],
            publish_ms=times["publish"],
            received=counts["received"],
            processed=counts["processed"],
            dropped_stale=counts["stale"],
            dropped_busy=counts["busy"],
        )
