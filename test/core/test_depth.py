"""Ten, twelve or fourteen bits in sixteen, and mosaics that were compressed."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from unexpected_core import depth
from unexpected_core.compressed import decode_compressed
from unexpected_core.depth import to_eight
from unexpected_core.encodings import known_encoding, to_rgb
from unexpected_core.images import read_image

HEIGHT, WIDTH = 24, 36
PATTERNS = ("rggb", "bggr", "gbrg", "grbg")


@pytest.fixture(autouse=True)
def fresh_warnings():
    depth._warn.cache_clear()


def grey(bits=8):
    """A ramp over all values of so many bits, [H, W]."""
    ramp = np.linspace(0, (1 << bits) - 1, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    return ramp.astype(np.uint8 if bits <= 8 else np.uint16)


def photo():
    """Smooth colours, so that a mosaic gives them back: RGB uint8 [H, W, 3]."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([40 + x * 5, 200 - y * 6, 90 + x + y * 2], -1).astype(np.uint8)


def mosaic(pattern):
    """What a sensor behind such a filter sees of the photo, uint8 [H, W]."""
    seen = np.empty((HEIGHT, WIDTH), np.uint8)
    for n, colour in enumerate(pattern):
        seen[n // 2 :: 2, n % 2 :: 2] = photo()[n // 2 :: 2, n % 2 :: 2, "rgb".index(colour)]
    return seen


def test_colours_of_sixteen_bits_in_a_png_message(caplog):
    data = cv2.imencode(".png", photo()[..., ::-1].astype(np.uint16) << 4)[1]
    assert np.array_equal(decode_compressed(data, form="rgb16; png compressed", bit_depth=12), photo())
    assert not caplog.records
    assert np.array_equal(decode_compressed(data, form="rgb16; png compressed"), photo() >> 4)
    assert "16-bit PNG messages: 16-bit values of which only the lower 12 bits are used" in caplog.text


@pytest.mark.parametrize(("value", "told"), [(0, False), (200, True)])
def test_a_black_png_message_tells_nothing_of_its_bits(value, told, caplog):
    data = cv2.imencode(".png", np.full((HEIGHT, WIDTH, 3), value, np.uint16))[1]
    assert not decode_compressed(data, form="rgb16; png compressed").any()
    assert ("only the lower 8 bits are used" in caplog.text) == told


def test_the_values_of_a_png_fill_sixteen_bits_however_many_it_calls_significant(tmp_path):
    data = cv2.imencode(".png", grey(16))[1].tobytes()
    chunk = b"sBIT\x0c"
    (tmp_path / "a.png").write_bytes(
        data[:33] + struct.pack(">I", 1) + chunk + zlib.crc32(chunk).to_bytes(4) + data[33:]
    )
    assert np.abs(read_image(tmp_path / "a.png")[..., 0].astype(int) - grey(8)).max() <= 1


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_the_upper_eight_of_the_bits_that_are_used(bits):
    values = grey(max(bits, 9)).astype(np.uint16) if bits == 8 else grey(bits)
    found = to_eight(np.minimum(values, (1 << bits) - 1), bits, "x")
    assert found.dtype == np.uint8 and found.min() == 0 and found.max() == 255
    assert to_eight(np.array([60000], np.uint16), 12, "x") == 255  # brighter than said


@pytest.mark.parametrize("encoding", ["mono{}", "bayer_rggb{}", "BAYER_RGGB{}", "RGGB{}", "bayer_gbrg{}"])
@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("bigendian", [False, True])
def test_an_encoding_may_say_its_bits(encoding, bits, bigendian, caplog):
    values = grey(bits).astype(">u2" if bigendian else "<u2")
    found = to_rgb(encoding.format(bits), HEIGHT, WIDTH, 2 * WIDTH, values.tobytes(), bigendian)
    assert np.abs(found.mean(axis=2) - grey(8)).mean() <= 6
    assert not caplog.records


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_dark_pictures_are_warned_of_once_and_a_setting_mends_them(tmp_path, bits, caplog):
    data = grey(bits).tobytes()
    for _ in range(3):
        dark = to_rgb("mono16", HEIGHT, WIDTH, 2 * WIDTH, data)
    assert dark.max() == (1 << bits) - 1 >> 8
    assert len(caplog.records) == 1
    assert f"only the lower {bits} bits are used" in caplog.text and f"--bit-depth {bits}" in caplog.text
    assert f"as for data sets, multiply the values by {1 << 16 - bits}" in caplog.text
    scaled = (grey(bits).astype(int) << 16 - bits).astype(np.uint16)
    assert np.array_equal(
        to_rgb("mono16", HEIGHT, WIDTH, 2 * WIDTH, scaled.tobytes()),
        to_rgb("mono16", HEIGHT, WIDTH, 2 * WIDTH, data, bit_depth=bits),
    )
    bright = to_rgb("mono16", HEIGHT, WIDTH, 2 * WIDTH, data, bit_depth=bits)
    assert np.abs(bright[..., 0].astype(int) - grey(8)).max() <= 1
    cv2.imwrite(str(tmp_path / "a.png"), grey(bits))
    cv2.imwrite(str(tmp_path / "a.tiff"), grey(bits))
    for suffix in (".png", ".tiff"):
        assert read_image(tmp_path / f"a{suffix}").max() == (1 << bits) - 1 >> 8
        assert np.abs(read_image(tmp_path / f"a{suffix}", bits)[..., 0].astype(int) - grey(8)).max() <= 1
    png = (tmp_path / "a.png").read_bytes()
    assert (
        np.abs(
            decode_compressed(png, form="mono16; png compressed ", bit_depth=bits)[..., 0].astype(int) - grey(8)
        ).max()
        <= 1
    )
    assert len(caplog.records) == 3  # one for each kind of input


def test_sixteen_bits_that_are_used_are_not_warned_of(tmp_path, caplog):
    found = to_rgb("mono16", HEIGHT, WIDTH, 2 * WIDTH, grey(16).tobytes())
    assert np.abs(found[..., 0].astype(int) - grey(8)).max() <= 1
    assert to_rgb("mono16", 1, 1, 2, b"\0\0").max() == 0
    assert not caplog.records


def test_a_file_may_say_its_bits(tmp_path, caplog):
    pgm = b"P5 # made\n%d %d\n4095\n" % (WIDTH, HEIGHT) + grey(12).astype(">u2").tobytes()
    (tmp_path / "a.pgm").write_bytes(pgm)
    assert np.abs(read_image(tmp_path / "a.pgm")[..., 0].astype(int) - grey(8)).max() <= 1
    assert not caplog.records


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("suffix", [".jpg", ".png", "16.png"])
def test_compressed_mosaics_get_their_colours(pattern, suffix):
    pixels = mosaic(pattern)
    bits = 16 if suffix.startswith("16") else 8
    if bits == 16:
        pixels = pixels.astype(np.uint16) << 8
    data = cv2.imencode(suffix[-4:], pixels, [cv2.IMWRITE_JPEG_QUALITY, 100] if suffix == ".jpg" else [])[1]
    name = suffix[-3:].replace("jpg", "jpeg")
    for form in (
        f"bayer_{pattern}{bits}; {name} compressed ",
        f"BAYER_{pattern.upper()}{bits}; {name} compressed bgr8",
    ):
        found = decode_compressed(data, form=form)
        assert np.abs(found.astype(int) - photo())[2:-2, 2:-2].mean() < 4
    for form in (f"mono{bits}; {name} compressed ", f"{name}", ""):
        plain = decode_compressed(data, form=form)
        assert np.ptp(plain, axis=2).max() == 0  # a picture, not a mosaic


def test_a_mosaic_that_was_made_colours_before_compressing_stays(tmp_path):
    data = cv2.imencode(".png", photo()[..., ::-1])[1]
    assert np.array_equal(decode_compressed(data, form="bayer_rggb8; png compressed bgr8"), photo())


def test_names_of_encodings_in_capitals():
    assert known_encoding("MONO8") == "mono8" and known_encoding("RGGB16") == "bayer_rggb16"
    assert known_encoding("8UC3") == "8UC3" and known_encoding("h264") == "h264"


def test_a_real_compressed_mosaic(shared_data):
    from unexpected_core.media.footage import open_footage

    (image,) = [shot.read() for shot in open_footage(shared_data / "cases/c_bayer_jpg").shots()]
    assert np.ptp(image.astype(int), axis=2).mean() > 5
