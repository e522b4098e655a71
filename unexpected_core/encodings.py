"""The bytes of a camera message -> an RGB image. Knows sensor_msgs' encodings, but imports no ROS."""

from __future__ import annotations

from collections.abc import Buffer, Callable

import cv2
import numpy as np

from unexpected_core.depth import MAX_BITS, to_eight
from unexpected_core.images import ImageError
from unexpected_core.log import shown

MAX_SIDE = 16384
MAX_PIXELS = 50_000_000
"""Of one image, unless told otherwise; more is rather a damaged or hostile message."""


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
# OpenCV orders them (8UC3 is BGR), as cv_bridge does. Values of two bytes are scaled to 8 bits.
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
    f"bayer_{pattern.lower()}{bits}": (1 if bits == 8 else 2, 1, _demosaic(getattr(cv2, f"COLOR_Bayer{pattern}2RGB")))
    for pattern in ("RGGB", "BGGR", "GBRG", "GRBG")
    for bits in (8, 10, 12, 14, 16)
}
_ENCODINGS |= {f"mono{bits}": (2, 1, _GREY) for bits in (10, 12, 14)}
ENCODINGS = tuple(_ENCODINGS)
"""Names of the encodings that `to_rgb` reads."""


def demosaic(pixels: np.ndarray, encoding: str) -> np.ndarray:
    """uint8 [H, W] -> RGB uint8 [H, W, 3] where the encoding is a Bayer pattern, else grey. Raises EncodingError."""
    _, channels, convert = _ENCODINGS.get(encoding, (1, 1, _GREY))
    return (convert if channels == 1 else _GREY)(np.ascontiguousarray(pixels))


def stated_bits(encoding: str) -> int:
    """Bits that an encoding says its values have: 10, 12, 14; 0 where 16 may be the size of the box only."""
    return next((bits for bits in (10, 12, 14) if encoding.endswith(str(bits))), 0)


def known_encoding(name: str) -> str:
    """The name as it stands in ENCODINGS, whatever its capitals, 'RGGB16' for 'bayer_rggb16'; itself if unknown."""
    small = name.strip().lower()
    return next((known for known in (name, small, f"bayer_{small}") if known in _ENCODINGS), name)


def to_rgb(
    encoding: str,
    height: int,
    width: int,
    step: int,
    data: Buffer,
    is_bigendian: bool | int = False,
    max_pixels: int = MAX_PIXELS,
    bit_depth: int = 0,
) -> np.ndarray:
    """The fields of a sensor_msgs/Image -> RGB uint8 [height, width, 3]; rows may be padded.

    data: anything with the buffer protocol. Unpadded rgb8 comes back as a view of it, everything else as a copy.
    bit_depth: bits that are used of values of two bytes, 8..16; 0 = what the encoding says, else 16.
    Raises EncodingError; its cause is one of: encoding, empty, size, truncated.
    """
    check_size(height, width, max_pixels)
    encoding = known_encoding(encoding)
    if encoding not in _ENCODINGS:
        raise EncodingError(
            "encoding", f"image encoding '{shown(encoding)}' is not supported; publish one of: {', '.join(ENCODINGS)}"
        )
    depth, channels, convert = _ENCODINGS[encoding]
    if convert in (_UYVY, _YUYV) and width % 2:
        raise EncodingError(
            "size", f"{encoding} stores pixels in pairs and needs an even width, found {width}x{height}"
        )
    pixels = _pixels(encoding, height, width, step, np.frombuffer(data, np.uint8), depth * channels)
    if depth == 2:
        pixels = _eight_bits(pixels, is_bigendian, bit_depth or stated_bits(encoding), encoding)
    return convert(np.ascontiguousarray(pixels))


def _eight_bits(pixels: np.ndarray, is_bigendian: bool | int, bits: int, encoding: str) -> np.ndarray:
    """Bytes [H, W, 2 * channels] -> uint8 [H, W, channels]."""
    high, low = (pixels[..., 0::2], pixels[..., 1::2]) if is_bigendian else (pixels[..., 1::2], pixels[..., 0::2])
    if bits == MAX_BITS or (not bits and high.max() >> 6):  # all are used: the more significant byte is enough
        return high
    return to_eight(high.astype(np.uint16) << 8 | low, bits, f"images in {encoding}")


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


def check_size(height: int, width: int, max_pixels: int = MAX_PIXELS) -> None:
    """Raise EncodingError (empty, size) for an image that should not even be decoded."""
    if height < 1 or width < 1:
        raise EncodingError("empty", f"image has no pixels ({width}x{height}); the publisher sent an empty message")
    if max(height, width) > MAX_SIDE or height * width > max_pixels:
        raise EncodingError(
            "size",
            f"image claims {width}x{height} pixels, at most {MAX_SIDE} per side and {max_pixels} in all are accepted; "
            "its size fields may be wrong, else scale it or raise input.max_pixels",
        )
