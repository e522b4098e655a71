"""JPEG, PNG and WebP bytes -> an RGB image and back, for messages. The size is known before anything is decoded."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Buffer

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from unexpected_core.depth import to_eight, warn_if_dark
from unexpected_core.encodings import MAX_PIXELS, EncodingError, check_size, demosaic, known_encoding, stated_bits
from unexpected_core.images import decode_whole_jpeg, is_cut_jpeg

MAX_SCANS = 100
"""Progressive JPEGs need about ten; each costs a pass over the whole image, however small the file."""
_ROWS = 16
PNG_MESSAGES = "16-bit PNG messages"


def decode_compressed(data: Buffer, max_pixels: int = MAX_PIXELS, form: str = "", bit_depth: int = 0) -> np.ndarray:
    """The bytes of a sensor_msgs/CompressedImage (JPEG, PNG or still WebP) -> RGB uint8 [H, W, 3].

    form: the message's format, 'ENCODING; jpeg compressed ...': pictures of one channel that were Bayer mosaics get
    their colours. bit_depth: bits used of 16, see `to_rgb`. Alpha is dropped.
    Takes at most three times the memory of what it returns, and writes nothing to stderr.
    Raises EncodingError; its cause is one of: empty, size, truncated, format.
    """
    data = memoryview(data).cast("B")
    if not data:
        raise EncodingError("empty", "compressed image has no data; the publisher sent an empty message")
    head = bytes(data[:16])
    encoding = known_encoding(form.partition(";")[0])
    if head.startswith(b"\xff\xd8"):
        return _decode_jpeg(data, max_pixels, encoding)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _decode_png(data, max_pixels, encoding, bit_depth or stated_bits(encoding))
    if head[:4] + head[8:12] == b"RIFFWEBP":
        return _decode_webp(data, max_pixels)
    raise _unreadable(data)


def encode_jpeg(image: np.ndarray, quality: int) -> bytes:
    """RGB uint8 [H, W, 3], quality 1..100 -> JPEG."""
    return simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality, "RGB", "420")


def encode_mask(mask: np.ndarray) -> bytes:
    """bool [H, W] -> PNG of one bit a pixel (black, white), at 1920x1080 in 0.5 ms: OpenCV takes 1.3 ms, Pillow 2.4 ms.

    PNG specification (W3C), sections 5.3 (chunks), 11.2.1 (IHDR), 9.2 (filter type 0 before each row).
    """
    rows = np.pad(np.packbits(mask, axis=1), ((0, 0), (1, 0)))
    header = struct.pack(">IIBBBBB", mask.shape[1], mask.shape[0], 1, 0, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows, level=1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def _decode_jpeg(data: memoryview, max_pixels: int, encoding: str) -> np.ndarray:
    if is_cut_jpeg(np.frombuffer(data, np.uint8)):
        raise _cut(data)
    if bytes(data).count(b"\xff\xda") > MAX_SCANS:
        raise EncodingError("format", f"compressed image is a JPEG of more than {MAX_SCANS} scans; send baseline JPEG")
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data, strict=False)
        check_size(height, width, max_pixels)
        if colours == "Gray" and encoding.startswith("bayer"):
            return demosaic(decode_whole_jpeg(data, "GRAY")[..., 0], encoding)
        return decode_whole_jpeg(data)
    except EncodingError:
        raise
    except (ValueError, KeyError) as error:  # KeyError: colours that it has no name for
        raise _unreadable(data, f": {error}") from error


def _decode_png(data: memoryview, max_pixels: int, encoding: str, bits: int) -> np.ndarray:
    if len(data) < 33 or b"IEND" not in bytes(data[-64:]):
        raise _cut(data)
    check_size(*reversed(struct.unpack(">II", data[16:24])), max_pixels)
    try:
        with io.BytesIO(data) as file:
            picture = Image.open(file, formats=["PNG"])  # reads up to the pixels
            check_size(picture.height, picture.width, max_pixels)  # once more: the header may come twice
            picture.load()
        if picture.mode.startswith("I") or (picture.mode == "L" and encoding.startswith("bayer")):
            return demosaic(_grey(picture, bits), encoding)
        is_deep = data[24] == 16
        if is_deep and bits:
            return _deep_rgb(data, bits)
        rgb = _rgb(picture)
        if is_deep and not rgb.any():  # the lower eight bits, which are not in it, tell whether it is too dark
            return _deep_rgb(data, bits)
        if is_deep:
            warn_if_dark(int(rgb.max()) << 8, PNG_MESSAGES)
        return rgb
    except EncodingError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(data, f": {error}") from error


def _rgb(picture: Image.Image) -> np.ndarray:
    """Some rows at a time: a whole picture would be copied three times on its way into numpy."""
    rgb = np.empty((picture.height, picture.width, 3), np.uint8)
    for top in range(0, picture.height, _ROWS):
        strip = picture.crop((0, top, picture.width, min(top + _ROWS, picture.height)))
        rgb[top : top + _ROWS] = np.asarray(strip.convert("RGB"))
    return rgb


def _deep_rgb(data: memoryview, bits: int) -> np.ndarray:
    """Colours of 16 bits of which so many are used; Pillow gives only the upper eight of all. Raises ValueError."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if bgr is None:
        raise ValueError("damaged")
    rgb = np.empty(bgr.shape, np.uint8)
    for top in range(0, len(bgr), _ROWS):
        rgb[top : top + _ROWS] = to_eight(bgr[top : top + _ROWS, :, ::-1], bits, PNG_MESSAGES)
    return rgb


def _grey(picture: Image.Image, bits: int) -> np.ndarray:
    """One channel of 8 or 16 bits -> uint8 [H, W]."""
    values = np.asarray(picture)
    return values if values.dtype == np.uint8 else to_eight(values.astype(np.uint16), bits, PNG_MESSAGES)


def _decode_webp(data: memoryview, max_pixels: int) -> np.ndarray:
    check_size(*_webp_size(data), max_pixels)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        image = None
    if image is None:
        raise _unreadable(data)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _webp_size(data: memoryview) -> tuple[int, int]:
    """(height, width) from the first chunk (RFC 9649, sections 2.5 to 2.7 and 3.4)."""
    if len(data) < 30:
        raise _cut(data)
    kind = bytes(data[12:16])
    if kind == b"VP8X":
        if data[20] & 0x02:
            raise EncodingError("format", "compressed image is an animation; publish single pictures")
        return 1 + int.from_bytes(data[27:30], "little"), 1 + int.from_bytes(data[24:27], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits >> 14 & 0x3FFF), 1 + (bits & 0x3FFF)
    return int.from_bytes(data[28:30], "little") & 0x3FFF, int.from_bytes(data[26:28], "little") & 0x3FFF


def _cut(data: memoryview) -> EncodingError:
    return EncodingError(
        "truncated",
        f"compressed image is cut short after {len(data)} bytes; "
        "raise the sender's buffers or use input.reliability:=reliable",
    )


def _unreadable(data: memoryview, why: str = "") -> EncodingError:
    return EncodingError(
        "format",
        f"compressed image is not a readable JPEG, PNG or WebP picture{why} (it begins with "
        f"{bytes(data[:4]).hex(' ')}); subscribe to an image_transport 'compressed' topic, "
        "not compressedDepth, theora or ffmpeg",
    )
