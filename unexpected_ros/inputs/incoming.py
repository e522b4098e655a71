"""Messages in: to arrays, calibration to Camera, regions to Region. Of ROS or of a bag alike; imports no ROS."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from unexpected_core.encodings import MAX_PIXELS, EncodingError
from unexpected_core.log import shown
from unexpected_core.media.messages import image_of
from unexpected_core.structs import Region
from unexpected_ros.scene.geometry import MOST, Camera, SensorWindow, rotation_of

if TYPE_CHECKING:
    from sensor_msgs.msg import CameraInfo, CompressedImage, Image
    from std_msgs.msg import Header

    from unexpected_ros.logs import CauseLog
    from unexpected_ros.msg import AnomalyRegion

LONGEST = 100
"""Letters of a distortion model's name that are kept: hundreds of calibrations are, and strangers may send them."""


def stamp_ns(header: Header) -> int:
    """The header's stamp in nanoseconds; 0 where the publisher set none."""
    return header.stamp.sec * 1_000_000_000 + header.stamp.nanosec


def age_ms(header: Header, now_ns: int) -> float:
    """Milliseconds from the header's stamp to now; NaN where there is no stamp, or simulated time has not begun."""
    stamp = stamp_ns(header)
    return (now_ns - stamp) / 1e6 if stamp and now_ns else math.nan


def image_to_rgb(message: Image | CompressedImage, max_pixels: int = MAX_PIXELS, bit_depth: int = 0) -> np.ndarray:
    """Camera message -> RGB uint8 [H, W, 3], a view of the message where the encoding allows. Raises EncodingError.

    bit_depth: bits used of 16, 0 = as the encoding says.
    """
    try:
        return image_of(message, max_pixels, bit_depth)
    except EncodingError as error:
        if error.cause != "encoding":
            raise
        return _by_cv_bridge(message, error)


def _by_cv_bridge(message: Image, error: EncodingError) -> np.ndarray:
    """Rare encodings, where cv_bridge is installed (it is not among the wheels). Raises EncodingError."""
    try:
        from cv_bridge import CvBridge
    except ImportError:
        raise EncodingError("encoding", f"{error} (or install cv_bridge, which reads more)") from None
    try:
        return np.ascontiguousarray(CvBridge().imgmsg_to_cv2(message, "rgb8"))
    except Exception as refusal:  # cv_bridge raises many kinds, its own and OpenCV's
        raise EncodingError(
            "encoding", f"{error}; cv_bridge could not read it either: {shown(str(refusal))}"
        ) from refusal


def camera_from(message: CameraInfo, rectified: bool | None = False) -> Camera:
    """Calibration message -> Camera. rectified: whether the images are, None = not known; see geometry.is_rectified."""
    roi = message.roi
    return Camera(
        message.height,
        message.width,
        np.array(message.k, np.float64).reshape(3, 3),
        np.array(message.d[: MOST + 1], np.float64),
        message.distortion_model[:LONGEST],
        np.array(message.p, np.float64).reshape(3, 4),
        SensorWindow(roi.x_offset, roi.y_offset, roi.width, roi.height),
        (message.binning_x, message.binning_y),
        rectified,
        rotation_of(np.array(message.r, np.float64).reshape(3, 3)),
    )


def region_from(message: AnomalyRegion) -> Region:
    """A region as it was published, without what tracks and calibration told of it."""
    roi, m = message.roi, message
    box = roi.x_offset, roi.y_offset, roi.width, roi.height
    return Region(*box, m.centroid_x, m.centroid_y, m.area, m.score, m.max_score, m.road_fraction, m.label)


def complain_of(camera: Camera, topic: str, warn: CauseLog, whose: str = "") -> None:
    """Warn where the calibration of a topic's images cannot be used, or may not be theirs. whose: ' of NAME'."""
    if camera.flaw:
        warn(f"calibration{whose}", f"camera_info{whose} is of no use for bearing and distance: {camera.flaw}")
    elif camera.doubt:
        warn(f"rectified{whose}", f"{topic}: {camera.doubt}")
