"""Compressed pictures from messages: what is read, what is refused and why, and that no file is a bomb."""

import io
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from unexpected_core.compressed import decode_compressed, encode_jpeg, encode_mask
from unexpected_core.encodings import EncodingError


@pytest.fixture(scope="module")
def picture():
    """RGB [1200, 1600, 3], smooth."""
    return cv2.resize(np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8), (1600, 1200))


def saved(image, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, **options)
    return file.getvalue()


def with_alpha(image):
    return np.dstack([image, image[..., 0]])


FORMATS = {
    "baseline": lambda image: encode_jpeg(image, 90),
    "progressive": lambda image: saved(image, format="JPEG", progressive=True, quality=90),
    "png": lambda image: saved(image, format="PNG", compress_level=1),
    "png with alpha": lambda image: saved(with_alpha(image), format="PNG", compress_level=1),
    "png of 16 bits": lambda image: cv2.imencode(
        ".png", image[..., ::-1].astype(np.uint16) * 256 + 9, [cv2.IMWRITE_PNG_COMPRESSION, 1]
    )[1].tobytes(),
    "webp": lambda image: saved(image, format="WEBP", method=0, quality=90),
    "lossless webp with alpha": lambda image: saved(
        with_alpha(image), format="WEBP", lossless=True, method=0, quality=0
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_back_the_picture(picture, name):
    image = np.ascontiguousarray(picture[:121, :167])
    found = decode_compressed(FORMATS[name](image))
    assert found.dtype == np.uint8 and found.flags.c_contiguous and found.shape == image.shape
    lossy = name in ("baseline", "progressive", "webp")
    assert np.abs(found.astype(int) - image).mean() <= (2 if lossy else 0)


def test_grey_pictures_and_palettes(picture):
    grey = np.ascontiguousarray(picture[:30, :50, 0])
    for data in (cv2.imencode(".png", grey)[1], cv2.imencode(".png", grey.astype(np.uint16) * 256 + 9)[1]):
        assert np.array_equal(decode_compressed(data), np.repeat(grey[..., None], 3, axis=2))
    file = io.BytesIO()
    Image.fromarray(grey).convert("P").save(file, format="PNG")
    assert np.array_equal(decode_compressed(file.getvalue())[..., 0], grey)
    assert decode_compressed(saved(grey, format="JPEG")).shape == (30, 50, 3)


@pytest.mark.parametrize("width", [1, 7, 8, 9, 130])
def test_masks_come_back_as_they_were(width):
    """Read by OpenCV, as image_transport does, by Pillow, and by us."""
    mask = np.random.default_rng(width).random((33, width)) > 0.5
    data = encode_mask(mask)
    expected = np.where(mask, 255, 0).astype(np.uint8)
    assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), expected)
    with Image.open(io.BytesIO(data)) as picture:
        picture.verify()  # the check sums
    assert np.array_equal(decode_compressed(data), np.repeat(expected[..., None], 3, axis=2))


def test_what_stands_behind_a_jpeg_does_not_matter(picture):
    data = encode_jpeg(picture[:64, :64], 95)
    assert np.array_equal(decode_compressed(data + b"appendix" * 99), decode_compressed(data))


PEAK = """
import ctypes, sys, pathlib
from unexpected_core.compressed import decode_compressed, encode_jpeg
def status(key):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])
for path in map(pathlib.Path, sys.argv[1:]):
    decode_compressed((path.parent / f"small {path.name}").read_bytes())  # what is loaded at first use stays
    data = path.read_bytes()
    ctypes.CDLL(None).malloc_trim(0)
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = status("VmRSS")
    image = decode_compressed(data)
    peak, size = status("VmHWM") - before, image.nbytes
    del image
    ctypes.CDLL(None).malloc_trim(0)
    print(peak / size, (status("VmRSS") - before) / size)
"""


def test_memory_stays_below_three_pictures_and_returns(picture, tmp_path):
    """Measured by the kernel, in a process that has just begun."""
    for name, encode in FORMATS.items():
        (tmp_path / name).write_bytes(encode(picture))
        (tmp_path / f"small {name}").write_bytes(encode(np.ascontiguousarray(picture[:64, :64])))
    done = subprocess.run([sys.executable, "-c", PEAK, *FORMATS], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    measured = dict(zip(FORMATS, (tuple(map(float, line.split())) for line in done.stdout.splitlines()), strict=True))
    assert all(0.9 < peak <= 3 and left < 0.3 for peak, left in measured.values()), measured


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, *others: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + b"".join([header, *others, chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b"")])


DOT = np.full((2, 2, 3), 7, np.uint8)
JPEG = encode_jpeg(DOT, 90)
FRAME = JPEG.index(b"\xff\xc0")
BIG_FRAME = JPEG[FRAME : FRAME + 5] + struct.pack(">HH", 60000, 60000) + JPEG[FRAME + 9 :]
# a restart marker has no length: who skips one as if it had reads another size than the decoder
HIDDEN = JPEG[:FRAME] + b"\xff\xd0\x00\x13" + JPEG[FRAME : FRAME + 17][:17] + BIG_FRAME
WEBP = saved(DOT, format="WEBP")
LOSSLESS = saved(DOT, format="WEBP", lossless=True)


def animation() -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (9, 7), colour) for colour in ("red", "blue")]
    frames[0].save(file, format="WEBP", save_all=True, append_images=frames[1:])
    return file.getvalue()


REFUSED = {
    "nothing": (b"", "empty", "no data"),
    "text": (b"hello", "format", "not a readable JPEG, PNG or WebP picture .it begins with 68 65 6c 6c"),
    "tiff": (saved(DOT, format="TIFF"), "format", "not a readable JPEG, PNG or WebP picture"),
    "gif": (saved(DOT, format="GIF"), "format", "not a readable"),
    "bmp": (saved(DOT, format="BMP"), "format", "not a readable"),
    "cut jpeg": (JPEG[:-80], "truncated", "cut short"),
    "head of a jpeg": (JPEG[:6], "truncated", "cut short"),
    "cut png": (png(2, 2)[:-20], "truncated", "cut short"),
    "head of a png": (png(2, 2)[:12], "truncated", "cut short"),
    "cut webp": (WEBP[:20], "truncated", "cut short"),
    "big png": (png(70000, 70000), "size", "claims 70000x70000"),
    "png that says it twice": (png(2, 2, png(8000, 8000)[8:33]), "size", "claims 8000x8000"),
    "big jpeg": (JPEG[:FRAME] + BIG_FRAME, "size", "claims 60000x60000"),
    "jpeg that hides its frame": (HIDDEN, "format", "not a readable JPEG"),
    "jpeg of many scans": (JPEG[:-2] + JPEG[JPEG.index(b"\xff\xda") : -2] * 200 + JPEG[-2:], "format", "100 scans"),
    "big webp": (WEBP[:26] + b"\xff\x3f\xff\x3f" + WEBP[30:], "size", "claims 16383x16383"),
    "big lossless webp": (LOSSLESS[:21] + b"\xff\xff\xff\x0f" + LOSSLESS[25:], "size", "claims 16384x16384"),
    "animation": (animation(), "format", "an animation; publish single pictures"),
    "png of no pixels": (png(2, 0), "empty", r"no pixels \(2x0\)"),
    "png with damaged pixels": (png(64, 64), "format", "not a readable"),
    "webp without its start code": (WEBP[:23] + bytes(3) + WEBP[26:], "format", "not a readable"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_silence_with_the_cause(name, capfd):
    """Without a line of a decoder's own on stderr: a camera that goes on like this would fill the log."""
    data, cause, message = REFUSED[name]
    with pytest.raises(EncodingError, match=message) as caught:
        decode_compressed(data)
    assert caught.value.cause == cause
    assert not any(capfd.readouterr())


def test_jpegs_damaged_inside_are_refused_and_the_decoder_keeps_quiet(picture, capfd):
    data = bytearray(encode_jpeg(picture[:100, :100], 90))
    at = data.index(b"\xff\xda") + 100
    data[at : at + 40] = bytes(range(40))
    with pytest.raises(EncodingError, match="not a readable JPEG"):
        decode_compressed(data)
    assert not any(capfd.readouterr())


def test_the_limit_is_the_callers(picture):
    data = encode_jpeg(picture[:100, :200], 90)
    assert decode_compressed(data, max_pixels=20_000).shape == (100, 200, 3)
    with pytest.raises(EncodingError, match=r"claims 200x100 pixels, .* 19999 in all .* raise input.max_pixels"):
        decode_compressed(data, max_pixels=19_999)
