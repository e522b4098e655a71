"""A sequence of images as a rosbag2 drive (MCAP) with camera_info. Needs no ROS."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from unexpected_core.media.bags.message_types import Typestore
from unexpected_core.media.bags.writing import create_bag
from unexpected_core.media.errors import BagError
from unexpected_core.structs import Pinhole

TOPIC = "/camera/image_raw"
INFO_TOPIC = "/camera/camera_info"
FRAME_ID = "camera_optical_frame"
START = 1_000_000_000
"""Time of the first image in seconds: fixed, so that the same images give the same stamps."""


class DriveFrame(NamedTuple):
    """One image of a drive: RGB uint8 [H, W, 3]; its intrinsics; its time in seconds, None = as the rate has it.

    taken: size (height, width) that the intrinsics hold for, where the image was resized since.
    """

    image: np.ndarray
    camera: Pinhole | None = None
    time: float | None = None
    taken: tuple[int, int] | None = None


def write_bag(path: str | Path, frames: Iterable[tuple], rate: float, compressed: bool = False) -> int:
    """Write images (fields of DriveFrame) into one .mcap file, whole or not at all; returns how many.

    rate: Hz of images without a time of their own.
    compressed: JPEG (quality 92) on /camera/image_raw/compressed in place of raw rgb8 on /camera/image_raw.
    A frame without intrinsics gets a camera_info with K = 0, which in ROS means uncalibrated.
    Raises BagError for a name that does not end in .mcap, a rate of 0 or less, or no frames.
    """
    path = Path(path)
    if path.suffix != ".mcap" or path.is_dir():
        raise BagError(f"cannot write {path}: expected a file name ending in .mcap")
    if not rate > 0:
        raise BagError(f"the rate of a bag must be over 0 Hz, found {rate:g}")
    topic = TOPIC + "/compressed" * compressed
    count = 0
    with create_bag(path) as bag:
        for image, camera, time, taken in (DriveFrame(*frame) for frame in frames):
            stamp = START * 10**9 + round(1e9 * (count / rate if time is None else time))
            header = _header(bag.types, stamp)
            bag.write(topic, _image(bag.types, header, image, compressed), stamp)
            bag.write(
                INFO_TOPIC, _info(bag.types, header, image.shape[:2], _matrix(image.shape[:2], camera, taken)), stamp
            )
            count += 1
        if not count:
            raise BagError(f"no image to write to {path}")
    return count


def _header(types: Typestore, stamp: int) -> Any:
    time = types.types["builtin_interfaces/msg/Time"](sec=stamp // 10**9, nanosec=stamp % 10**9)
    return types.types["std_msgs/msg/Header"](stamp=time, frame_id=FRAME_ID)


def _image(types: Typestore, header: Any, image: np.ndarray, compressed: bool) -> Any:
    if compressed:
        _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])
        return types.types["sensor_msgs/msg/CompressedImage"](
            header=header, format="rgb8; jpeg compressed bgr8", data=data.ravel()
        )
    height, width = image.shape[:2]
    return types.types["sensor_msgs/msg/Image"](
        header=header, height=height, width=width, encoding="rgb8", is_bigendian=0, step=width * 3, data=image.ravel()
    )


def _matrix(size: tuple[int, int], camera: Pinhole | None, taken: tuple[int, int] | None) -> np.ndarray:
    """K float64 [3, 3] of an image of this size (height, width), that was taken at another; zeros where unknown."""
    if camera is None:
        return np.zeros((3, 3))
    down, right = (now / then for now, then in zip(size, taken or size, strict=True))
    cx, cy = (at * by + (by - 1) / 2 for at, by in ((camera.cx, right), (camera.cy, down)))  # from a pixel's middle
    return np.array([(camera.focal * right, 0, cx), (0, camera.focal * down, cy), (0, 0, 1)], np.float64)


def _info(types: Typestore, header: Any, size: tuple[int, int], matrix: np.ndarray) -> Any:
    region = types.types["sensor_msgs/msg/RegionOfInterest"](
        x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
    )
    return types.types["sensor_msgs/msg/CameraInfo"](
        header=header,
        height=size[0],
        width=size[1],
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=matrix.ravel(),
        r=np.eye(3).ravel(),
        p=np.c_[matrix, np.zeros(3)].ravel(),
        binning_x=0,
        binning_y=0,
        roi=region,
    )
