"""Every encoding with padded rows, both byte orders, and the messages that a broken camera can send."""

import struct

import numpy as np
import pytest

from unexpected_core.encodings import ENCODINGS, MAX_SIDE, EncodingError, check_size, to_rgb

HEIGHT, WIDTH = 6, 10
RED, GREEN, BLUE, GREY = (200, 30, 60), (10, 220, 40), (20, 50, 210), (90, 90, 90)


def blocks() -> np.ndarray:
    """RGB [6, 10, 3]: four areas of one colour, H != W."""
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    image[:3, :6], image[:3, 6:], image[3:, :6], image[3:, 6:] = RED, GREEN, BLUE, GREY
    return image


def encode(image: np.ndarray, encoding: str, bigendian: bool) -> np.ndarray:
    """Reference encoder, pixel by pixel from the definitions in sensor_msgs/image_encodings.hpp -> uint8 [H, bytes]."""
    order = {"rgb": "rgb", "bgr": "bgr", "rgba": "rgba", "bgra": "bgra", "8UC": "bgr", "16UC": "bgr"}.get(
        encoding.rstrip("0123456789")
    )
    order = "bgra" if encoding.endswith("C4") else None if encoding.endswith("C1") else order
    pattern = encoding[6:10] if encoding.startswith("bayer") else None
    bits = next((bits for bits in (10, 12, 14, 16) if str(bits) in encoding), 8)
    rows = []
    for y, line in enumerate(image):
        values = []
        for x, rgb in enumerate(line):
            named = dict(zip("rgba", (*rgb, 255), strict=True))
            if order:
                values += [named[c] for c in order]
            elif pattern:
                values.append(named[pattern[2 * (y % 2) + x % 2]])
            elif encoding in ("yuv422", "uyvy", "yuyv", "yuv422_yuy2"):
                luma, cb, cr = ycbcr(rgb)
                chroma = cr if x % 2 else cb
                values += [chroma, luma] if encoding in ("yuv422", "uyvy") else [luma, chroma]
            else:
                values.append(rgb[0])
        low = 77 % (1 << bits - 8)  # the less significant bits, which must not matter
        pack = (">" if bigendian else "<") + f"{len(values)}H"
        wide = struct.pack(pack, *(int(v) << bits - 8 | low for v in values))
        rows.append(wide if bits > 8 else bytes(int(v) for v in values))
    return np.array([list(row) for row in rows], np.uint8)


def ycbcr(rgb) -> tuple[int, int, int]:
    """ITU-R BT.601 studio range, as V4L2 cameras send."""
    r, g, b = (float(v) for v in rgb)
    return (
        round(16 + 0.257 * r + 0.504 * g + 0.098 * b),
        round(128 - 0.148 * r - 0.291 * g + 0.439 * b),
        round(128 + 0.439 * r - 0.368 * g - 0.071 * b),
    )


@pytest.mark.parametrize("bigendian", [False, True])
@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_gives_back_the_picture(encoding, padding, bigendian):
    image = blocks()
    rows = encode(image, encoding, bigendian)
    data = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    rgb = to_rgb(encoding, HEIGHT, WIDTH, data.shape[1], data.tobytes(), bigendian)
    assert rgb.shape == (HEIGHT, WIDTH, 3) and rgb.dtype == np.uint8 and rgb.flags.c_contiguous
    grey = encoding.startswith("mono") or encoding.endswith("UC1")
    expected = np.repeat(image[..., :1], 3, axis=2) if grey else image
    if encoding.startswith("bayer"):  # the demosaic mixes neighbours: compare inside the areas
        rgb, expected = rgb[1:2, 1:5], expected[1:2, 1:5]
    tolerance = 3 if encoding in ("yuv422", "uyvy", "yuyv", "yuv422_yuy2") else 0
    assert np.abs(rgb.astype(int) - expected).max() <= tolerance


@pytest.mark.parametrize("encoding", ["bayer_rggb8", "mono8", "rgb8", "uyvy"])
def test_the_smallest_images_are_read(encoding):
    height, width = {"bayer_rggb8": (3, 3), "uyvy": (1, 2)}.get(encoding, (1, 1))
    step = width * {"rgb8": 3, "uyvy": 2}.get(encoding, 1)
    assert to_rgb(encoding, height, width, step, bytes(height * step)).shape == (height, width, 3)


@pytest.mark.parametrize("bigendian", [False, True])
def test_both_bytes_count_where_few_bits_are_used(bigendian):
    """Twelve bits: 0x0ab0 of 0x0fff; sixteen: the more significant byte."""
    data = bytes([0x0A, 0xB0] if bigendian else [0xB0, 0x0A])
    assert to_rgb("mono12", 1, 1, 2, data, bigendian)[0, 0].tolist() == [0xAB] * 3
    assert to_rgb("mono16", 1, 1, 2, data, bigendian, bit_depth=16)[0, 0].tolist() == [0x0A] * 3
    assert to_rgb("mono16", 1, 1, 2, data, bigendian, bit_depth=12)[0, 0].tolist() == [0xAB] * 3


def test_unpadded_rgb8_is_a_view():
    data = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint8)
    assert np.shares_memory(to_rgb("rgb8", HEIGHT, WIDTH, WIDTH * 3, data), data)


def test_last_row_may_come_without_its_padding():
    image = blocks()
    padded = np.pad(image.reshape(HEIGHT, -1), ((0, 0), (0, 2))).tobytes()[:-2]
    assert np.array_equal(to_rgb("rgb8", HEIGHT, WIDTH, WIDTH * 3 + 2, padded), image)


@pytest.mark.parametrize(
    ("fields", "cause", "message"),
    [
        (("rgb9", 6, 10, 30, bytes(180)), "encoding", "'rgb9' is not supported; publish one of: mono8"),
        (("", 6, 10, 30, bytes(180)), "encoding", "'' is not supported"),
        (("x\n" * 100_000, 6, 10, 30, bytes(180)), "encoding", r"'(x\?){38}x\.\.\.' is not supported"),
        (("rgb8", 8000, 8000, 24000, b""), "size", "claims 8000x8000 pixels, .* 50000000 in all .* input.max_pixels"),
        (("rgb8", 0, 0, 0, b""), "empty", r"no pixels \(0x0\)"),
        (("rgb8", 6, 0, 30, bytes(180)), "empty", r"no pixels \(0x6\)"),
        (("rgb8", 0, 10, 30, bytes(180)), "empty", r"no pixels \(10x0\)"),
        (("rgb8", 6, 10, 30, bytes(179)), "truncated", "needs 180 bytes of data, found 179"),
        (("rgb8", 6, 10, 30, b""), "truncated", "needs 180 bytes of data, found 0"),
        (("rgb8", 6, 10, 29, bytes(180)), "truncated", "step of at least 30 bytes, found 29"),
        (("mono16", 6, 10, 10, bytes(180)), "truncated", "step of at least 20 bytes, found 10"),
        (
            ("rgb8", 4_000_000_000, 4_000_000_000, 4_000_000_000, bytes(180)),
            "size",
            "claims 4000000000x4000000000 pixels",
        ),
        (("uyvy", 6, 9, 18, bytes(108)), "size", "even width, found 9x6"),
        (("bayer_rggb8", 2, 10, 10, bytes(20)), "size", "at least 3x3 pixels, found 10x2"),
        (("bayer_rggb8", 10, 2, 2, bytes(20)), "size", "at least 3x3 pixels, found 2x10"),
    ],
)
def test_unusable_messages_say_why(fields, cause, message):
    with pytest.raises(EncodingError, match=message) as caught:
        to_rgb(*fields)
    assert caught.value.cause == cause


def test_the_longest_side_is_accepted_and_a_longer_one_refused():
    check_size(1, MAX_SIDE)
    check_size(MAX_SIDE, 1)
    for height, width in ((1, MAX_SIDE + 1), (MAX_SIDE + 1, 1)):
        with pytest.raises(EncodingError, match=f"at most {MAX_SIDE} per side") as found:
            check_size(height, width)
        assert found.value.cause == "size"
