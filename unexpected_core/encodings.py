"""The bytes of a camera message -> an RGB image. Knows sensor_msgs' encodings, but imports no ROS."""

from __future__ import annotations

import struct
from collections.abc import Callable

import cv2
import numpy as np

from unexpected_core.images import ImageError, is_cut_jpeg

MAX_SIDE = 16384
MAX_PIXELS = 1 << 27


class EncodingError(ImageError):
    """Image bytes that cannot be used: `cause` is a short name for counting, the message says why and the cure."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def _convert(code: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda pixels: cv2.cvtColor(pixels, code)


def _demosaic(code: int) -> Callable[[np.ndarray], np.ndarray]:
    def demosaic(pixels: np.ndarray) -> np.ndarray:
        if min(pixels.shape[:2]) < 3:  # OpenCV leaves smaller mosaics unwritten
            raise EncodingError(
                "size", f"a Bayer image needs at least 3x3 pixels, found {pixels.shape[1]}x{pixels.shape[0]}"
            )
        return cv2.cvtColor(pixels, code)

    return demosaic


_GREY = _convert(cv2.COLOR_GRAY2RGB)
_RGB = np.asarray
_RGBA = _convert(cv2.COLOR_RGBA2RGB)
_BGR = _convert(cv2.COLOR_BGR2RGB)
_BGRA = _convert(cv2.COLOR_BGRA2RGB)
_UYVY = _convert(cv2.COLOR_YUV2RGB_UYVY)
_YUYV = _convert(cv2.COLOR_YUV2RGB_YUYV)

# encoding: (bytes per channel, channels, converter of uint8 pixels). Types without colour names are read as
# OpenCV orders them (8UC3 is BGR), as cv_bridge does. 16-bit values are scaled to 8 bits.
_ENCODINGS: dict[str, tuple[int, int, Callable[[np.ndarray], np.ndarray]]] = {
    "mono8": (1, 1, _GREY),
    "8UC1": (1, 1, _GREY),
    "mono16": (2, 1, _GREY),
    "16UC1": (2, 1, _GREY),
    "rgb8": (1, 3, _RGB),
    "rgb16": (2, 3, _RGB),
    "rgba8": (1, 4, _RGBA),
    "rgba16": (2, 4, _RGBA),
    "bgr8": (1, 3, _BGR),
    "bgr16": (2, 3, _BGR),
    "bgra8": (1, 4, _BGRA),
    "bgra16": (2, 4, _BGRA),
    "8UC3": (1, 3, _BGR),
    "16UC3": (2, 3, _BGR),
    "8UC4": (1, 4, _BGRA),
    "16UC4": (2, 4, _BGRA),
    "yuv422": (1, 2, _UYVY),
    "uyvy": (1, 2, _UYVY),
    "yuv422_yuy2": (1, 2, _YUYV),
    "yuyv": (1, 2, _YUYV),
} | {
    f"bayer_{pattern.lower()}{bits}": (bits // 8, 1, _demosaic(getattr(cv2, f"COLOR_Bayer{pattern}2RGB")))
    for pattern in ("RGGB", "BGGR", "GBRG", "GRBG")
    for bits in (8, 16)
}
ENCODINGS = tuple(_ENCODINGS)
"""Names of the encodings that `to_rgb` reads."""


def to_rgb(encoding: str, height: int, width: int, step: int, data, is_bigendian: bool | int = False) -> np.ndarray:
    """The fields of a sensor_msgs/Image -> RGB uint8 [height, width, 3]; rows may be padded.

    data: anything with the buffer protocol. Unpadded rgb8 comes back as a view of it, everything else as a copy.
    Raises EncodingError; its cause is one of: encoding, empty, size, truncated.
    """
    if encoding not in _ENCODINGS:
        raise EncodingError(
            "encoding", f"image encoding '{encoding}' is not supported; publish one of: {', '.join(ENCODINGS)}"
        )
    depth, channels, convert = _ENCODINGS[encoding]
    _check_size(height, width)
    if convert in (_UYVY, _YUYV) and width % 2:
        raise EncodingError(
            "size", f"{encoding} stores pixels in pairs and needs an even width, found {width}x{height}"
        )
    pixels = _pixels(encoding, height, width, step, np.frombuffer(data, np.uint8), depth * channels)
    if depth == 2:
        pixels = pixels[..., 0 if is_bigendian else 1 :: 2]  # the more significant byte of each value
    return convert(np.ascontiguousarray(pixels))


def _pixels(encoding: str, height: int, width: int, step: int, data: np.ndarray, pixel_bytes: int) -> np.ndarray:
    """View of the bytes, uint8 [height, width, pixel_bytes], padding cut off."""
    row = width * pixel_bytes
    if step < row:
        raise EncodingError(
            "truncated",
            f"{encoding} {width}x{height} needs a step of at least {row} bytes, "
            f"found {step}; the publisher must set step to the bytes per row",
        )
    needed = step * (height - 1) + row  # the last row may come without its padding
    if data.size < needed:
        raise EncodingError(
            "truncated",
            f"{encoding} {width}x{height} with step {step} needs {needed} bytes of data, "
            f"found {data.size}; the message is cut short or its size fields are wrong",
        )
    return np.lib.stride_tricks.as_strided(data, (height, width, pixel_bytes), (step, pixel_bytes, 1))


def _check_size(height: int, width: int) -> None:
    if height < 1 or width < 1:
        raise EncodingError("empty", f"image has no pixels ({width}x{height}); the publisher sent an empty message")
    if max(height, width) > MAX_SIDE or height * width > MAX_PIXELS:
        raise EncodingError(
            "size",
            f"image claims {width}x{height} pixels, at most {MAX_SIDE} per side and "
            f"{MAX_PIXELS} in all are accepted; its size fields may be wrong, else scale it",
        )


def decode_compressed(data) -> np.ndarray:
    """The bytes of a sensor_msgs/CompressedImage (JPEG, PNG, WebP, ...) -> RGB uint8 [H, W, 3].

    16-bit pictures are scaled to 8 bits, alpha is dropped.
    Raises EncodingError; its cause is one of: empty, size, truncated, format.
    """
    data = np.frombuffer(data, np.uint8)
    if not data.size:
        raise EncodingError("empty", "compressed image has no data; the publisher sent an empty message")
    head = data[:32].tobytes()
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        cut = b"IEND" not in data[-64:].tobytes()
        if len(head) >= 24:
            _check_size(*reversed(struct.unpack(">II", head[16:24])))
    elif head.startswith(b"\xff\xd8"):
        cut = is_cut_jpeg(data)
        _check_size(*_jpeg_size(data))
    else:
        cut = False
    if cut:
        raise EncodingError(
            "truncated",
            f"compressed image is cut short after {data.size} bytes; "
            "raise the sender's buffers or use input.reliability:=reliable",
        )
    return _decode(data, head)


def _decode(data: np.ndarray, head: bytes) -> np.ndarray:
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        image = None
    if image is None:
        raise EncodingError(
            "format",
            "compressed image is not a readable JPEG, PNG or WebP picture (it begins with "
            f"{head[:4].hex(' ')}); subscribe to an image_transport 'compressed' topic, "
            "not compressedDepth, theora or ffmpeg",
        )
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _jpeg_size(data: np.ndarray) -> tuple[int, int]:
    """(height, width) of the frame header: known before decoding, so that a lying file cannot take gigabytes."""
    at = 2
    while at + 9 <= data.size and data[at] == 0xFF:
        marker, length = int(data[at + 1]), int(data[at + 2]) << 8 | int(data[at + 3])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9].tobytes())
            return height, width
        at += 1 if marker == 0xFF else 2 + length
    raise EncodingError(
        "truncated",
        f"compressed image is a JPEG without a frame header ({data.size} bytes); it is cut short or damaged",
    )
