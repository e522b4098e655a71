"""Messages in and out: sensor_msgs to arrays, detections to messages. The only file that knows our messages."""

from __future__ import annotations

import math

import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header

from unexpected_core.compressed import decode_compressed, encode_jpeg, encode_png
from unexpected_core.encodings import MAX_PIXELS, EncodingError, to_rgb
from unexpected_core.log import shown
from unexpected_core.structs import Detection, Region
from unexpected_ros.live.geometry import Camera, bearing, ground_distance
from unexpected_ros.live.parameters import CameraSettings
from unexpected_ros.live.tracking import Track
from unexpected_ros.msg import AnomalyArray, AnomalyRegion, FrameStats

_IMAGE_ENCODINGS = {("uint8", 2): "mono8", ("uint8", 3): "rgb8", ("float32", 2): "32FC1"}


def stamp_ns(header: Header) -> int:
    """The header's stamp in nanoseconds; 0 where the publisher set none."""
    return header.stamp.sec * 1_000_000_000 + header.stamp.nanosec


def age_ms(header: Header, now_ns: int) -> float:
    """Milliseconds from the header's stamp to now; NaN where the publisher set none."""
    stamp = stamp_ns(header)
    return (now_ns - stamp) / 1e6 if stamp else math.nan


def image_to_rgb(message: Image | CompressedImage, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Camera message -> RGB uint8 [H, W, 3], a view of the message where the encoding allows. Raises EncodingError."""
    m = message
    if isinstance(m, CompressedImage):
        return decode_compressed(m.data, max_pixels)
    try:
        return to_rgb(m.encoding, m.height, m.width, m.step, m.data, m.is_bigendian, max_pixels)
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


def camera_from(message: CameraInfo) -> Camera:
    """Calibration message -> Camera."""
    return Camera(
        message.height,
        message.width,
        np.array(message.k, np.float64).reshape(3, 3),
        np.array(message.d, np.float64),
        message.distortion_model,
    )


def to_image(header: Header, pixels: np.ndarray) -> Image:
    """uint8 [H, W] -> mono8, uint8 [H, W, 3] RGB -> rgb8, float32 [H, W] -> 32FC1."""
    pixels = np.ascontiguousarray(pixels)
    message = Image(
        header=header,
        height=pixels.shape[0],
        width=pixels.shape[1],
        step=pixels.strides[0],
        encoding=_IMAGE_ENCODINGS[pixels.dtype.name, pixels.ndim],
    )
    message.data.frombytes(memoryview(pixels).cast("B"))  # one copy; assigning the array would go element by element
    return message


def to_jpeg(header: Header, image: np.ndarray, quality: int) -> CompressedImage:
    """RGB uint8 [H, W, 3] -> JPEG as image_transport names it."""
    return CompressedImage(header=header, format="rgb8; jpeg compressed bgr8", data=encode_jpeg(image, quality))


def to_png(header: Header, pixels: np.ndarray) -> CompressedImage:
    """uint8 [H, W] -> PNG (lossless) as image_transport names it."""
    return CompressedImage(header=header, format="mono8; png compressed ", data=encode_png(pixels))


def to_regions(
    header: Header,
    detection: Detection,
    tracks: list[Track],
    threshold: float,
    model_id: str,
    camera: Camera | None,
    mounting: CameraSettings,
) -> AnomalyArray:
    """Detection and the tracks of its regions -> one message; no region gives a message without regions."""
    height, width = detection.score.shape
    return AnomalyArray(
        header=header,
        image_height=height,
        image_width=width,
        threshold=threshold,
        model_id=model_id,
        frame_score=float(detection.score.max()),
        coverage=float(detection.mask.mean()),
        mode=AnomalyArray.FULL,
        regions=[
            _region(region, track, (height, width), camera, mounting)
            for region, track in zip(detection.regions, tracks, strict=True)
        ],
    )


def _region(
    region: Region, track: Track, size: tuple[int, int], camera: Camera | None, mounting: CameraSettings
) -> AnomalyRegion:
    middle = camera and camera.ray(region.centroid_x, region.centroid_y, size)
    foot = camera and camera.ray(region.x + region.width / 2, region.y + region.height, size)
    return AnomalyRegion(
        id=track.id,
        age=min(track.age, 65535),
        roi=RegionOfInterest(x_offset=region.x, y_offset=region.y, width=region.width, height=region.height),
        centroid_x=region.centroid_x,
        centroid_y=region.centroid_y,
        area=region.area,
        score=region.score,
        max_score=region.max_score,
        road_fraction=region.road_fraction,
        label=region.label,
        bearing=bearing(middle),
        distance=ground_distance(foot, mounting.height, mounting.pitch),
    )


def to_stats(header: Header, times: dict[str, float], counts: dict[str, int]) -> FrameStats:
    """Milliseconds by stage (age, convert, infer, publish) and frame counts -> message."""
    return FrameStats(
        header=header,
        **{f"{stage}_ms": times[stage] for stage in ("age", "convert", "infer", "publish")},
        received=counts["received"],
        processed=counts["processed"],
        dropped_stale=counts["stale"],
        dropped_busy=counts["busy"],
    )
