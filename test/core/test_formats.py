"""Picture files of every kind: turned by EXIF, with few bits, with palettes, with colours that masks must not have."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, features

from unexpected_core.datasets import DatasetError, open_dataset
from unexpected_core.formats import exif_orientation, picture_format, turn
from unexpected_core.images import ImageError, read_image, read_map, write_image

HEIGHT, WIDTH = 40, 56


def photo(height=HEIGHT, width=WIDTH):
    """Smooth, and different in every corner."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 4, y * 5, 255 - x * 2 - y], -1).clip(0, 255).astype(np.uint8)


def save(path, pixels, orientation=None, **options):
    """Write with Pillow, with an EXIF orientation when given."""
    if orientation is not None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif.tobytes()
    Image.fromarray(pixels).save(path, **options)
    return path


# viewing


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
def test_photographs_are_shown_as_exif_says(tmp_path, suffix, orientation):
    if suffix == ".avif" and not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    options = {".jpg": {"quality": 98}, ".webp": {"lossless": True}, ".avif": {"quality": 95}}.get(suffix, {})
    path = save(tmp_path / f"a{suffix}", photo(), orientation, **options)
    from PIL import ImageOps

    expected = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB")).astype(int)
    found = read_image(path)
    assert found.shape == expected.shape and found.flags.c_contiguous
    assert np.abs(found - expected).mean() < 3
    data = path.read_bytes()
    assert exif_orientation(data) == orientation
    if suffix == ".jpg":
        assert exif_orientation(data[:2] + b"\xff\xff" + data[2:]) == orientation  # filled up


@pytest.mark.parametrize("orientation", range(1, 9))
def test_eight_turns_are_eight_different_pictures(orientation):
    turns = {turn(photo(), n).tobytes() for n in range(1, 9)}
    assert len(turns) == 8
    assert turn(photo(), orientation).shape[:2] == ((WIDTH, HEIGHT) if orientation >= 5 else (HEIGHT, WIDTH))


def test_damaged_exif_turns_nothing(tmp_path):
    data = save(tmp_path / "a.jpg", photo(), 6).read_bytes()
    at = data.index(b"Exif\0\0") + 6
    for wrong in (b"XX", data[at : at + 2] + b"*\0\xff\xff\xff\x7f", b""):
        hit = data[:at] + wrong + data[at + len(wrong) :] if wrong else data[: at + 1]
        assert exif_orientation(hit) == 1


@pytest.mark.parametrize(
    "suffix", [".jpg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".ppm", ".pgm", ".jp2", ".avif", ".gif"]
)
def test_every_kind_of_picture_is_read_and_known_by_its_bytes(tmp_path, suffix):
    form = {".jpe": ".jpg", ".jfif": ".jpg"}.get(suffix, suffix)
    pixels = photo()[..., 0] if suffix == ".pgm" else photo()
    if suffix == ".gif":
        save(tmp_path / "a.gif", pixels)
    elif not cv2.haveImageWriter(f"a{form}"):
        pytest.skip(f"this OpenCV writes no {form}")
    else:
        bgr = pixels if pixels.ndim == 2 else pixels[:, :, ::-1]
        (tmp_path / f"a{suffix}").write_bytes(cv2.imencode(form, bgr)[1].tobytes())
    found = read_image(tmp_path / f"a{suffix}")
    expected = photo()[..., :1] if suffix == ".pgm" else photo()
    assert np.abs(found.astype(int) - expected).mean() < 12
    assert picture_format((tmp_path / f"a{suffix}").read_bytes()[:64])


def test_heic_is_read_where_pillow_heif_is_and_else_the_cure_is_named(tmp_path, monkeypatch):
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.fromarray(photo())).save(tmp_path / "a.heic", quality=95)
    assert np.abs(read_image(tmp_path / "a.heic").astype(int) - photo()).mean() < 12
    (tmp_path / "b.heic").write_bytes((tmp_path / "a.heic").read_bytes()[:60])
    with pytest.raises(ImageError, match=r"b\.heic: not a complete image file \(HEIC\)"):
        read_image(tmp_path / "b.heic")
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)  # as if it were not installed
    with pytest.raises(ImageError, match="HEIC needs `pip install pillow-heif`"):
        read_image(tmp_path / "a.heic")


# ids


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_are_not_stretched(tmp_path, bits):
    values = (np.indices((9, 13)).sum(0) % (1 << bits)).astype(np.uint8)
    assert cv2.imwrite(str(tmp_path / "wide.png"), values)
    (tmp_path / "a.png").write_bytes(png(values, bits))
    assert np.array_equal(read_map(tmp_path / "a.png"), values)
    assert np.array_equal(read_map(tmp_path / "wide.png"), values)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(values, bits, colour=0, extra=b""):
    """A grey (colour 0) or palette (3) PNG of 1, 2, 4 or 8 bits, by the specification."""
    rows = [
        np.packbits(((row[:, None] >> np.arange(bits)[::-1]) & 1).astype(np.uint8).ravel()).tobytes() for row in values
    ]
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, colour, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("transparent", [False, True])
def test_a_palette_gives_its_indices(tmp_path, bits, transparent):
    values = (np.indices((9, 13)).sum(0) % min(1 << bits, 20)).astype(np.uint8)
    colours = np.random.default_rng(1).integers(0, 256, (1 << bits, 3), np.uint8).tobytes()
    extra = chunk(b"PLTE", colours) + (chunk(b"tRNS", b"\0\x80") if transparent else b"")
    (tmp_path / "a.png").write_bytes(png(values, bits, 3, extra))
    assert np.array_equal(read_map(tmp_path / "a.png"), values)
    assert read_image(tmp_path / "a.png").shape == (9, 13, 3)


@pytest.mark.parametrize(
    ("suffix", "mode"), [(".bmp", "1"), (".bmp", "P"), (".gif", "P"), (".tif", "1"), (".tif", "P")]
)
def test_other_files_with_palettes_and_one_bit(tmp_path, suffix, mode):
    values = (np.indices((9, 13)).sum(0) % 2).astype(np.uint8)
    picture = Image.fromarray(values)
    if mode == "P":
        picture.putpalette([7, 8, 9, 200, 100, 50])
    else:
        picture = Image.fromarray(values.astype(bool))
    picture.save(tmp_path / f"a{suffix}")
    assert np.array_equal(read_map(tmp_path / f"a{suffix}"), values)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_stay(tmp_path, suffix):
    values = np.arange(2000, 2117, dtype=np.uint16).reshape(9, 13) * 31
    cv2.imwrite(str(tmp_path / f"a{suffix}"), values)
    assert np.array_equal(read_map(tmp_path / f"a{suffix}"), values)


def test_formats_that_change_values_are_refused_as_masks(tmp_path):
    grey = photo()[..., 0]
    save(tmp_path / "a.jpg", grey)
    save(tmp_path / "lossy.webp", photo(), quality=80)
    (tmp_path / "jpeg.png").write_bytes((tmp_path / "a.jpg").read_bytes())
    for name, kind in (("a.jpg", "JPEG"), ("jpeg.png", "JPEG"), ("lossy.webp", "lossy WebP")):
        with pytest.raises(ImageError, match=rf"{name} is a {kind} file, which changes ids .* expected PNG"):
            read_map(tmp_path / name)


# data sets


def dataset(folder, pixels, mask, orientation=None, suffix=".jpg"):
    (folder / "images").mkdir(parents=True)
    save(folder / f"images/a{suffix}", pixels, orientation)
    write_image(folder / "obstacle/a.png", mask)
    return open_dataset("obstacle_folder", folder)


def test_one_bit_masks_judge_like_eight_bit_ones(tmp_path):
    mask = (np.indices((HEIGHT, WIDTH)).sum(0) % 7 == 0).astype(np.uint8)
    frames = dataset(tmp_path / "a", photo(), mask)
    (tmp_path / "a/obstacle/a.png").write_bytes(png(mask, 1))
    assert np.array_equal(frames[0].obstacle, mask)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_masks_judge_like_eight_bit_ones_where_their_ids_are_small(tmp_path, suffix):
    mask = (np.indices((HEIGHT, WIDTH)).sum(0) % 7 == 0).astype(np.uint16)
    frames = dataset(tmp_path, photo(), mask.astype(np.uint8))
    (tmp_path / "obstacle/a.png").unlink()
    write_image(tmp_path / f"obstacle/a{suffix}", mask)
    frames = open_dataset("obstacle_folder", tmp_path)
    assert np.array_equal(frames[0].obstacle, mask)
    write_image(tmp_path / f"obstacle/a{suffix}", mask * 24001)
    with pytest.raises(DatasetError, match="expected 8-bit ids, found uint16 up to 24001"):
        frames[0]


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_mask_of_a_turned_photograph_is_taken_only_where_it_must_fit(tmp_path, orientation):
    raw, shown = np.zeros((HEIGHT, WIDTH), np.uint8), turn(np.zeros((HEIGHT, WIDTH), np.uint8), orientation)
    message = rf"orientation {orientation}\), and whether its map .*a\.png .* turn the pixels of both"
    with pytest.raises(DatasetError, match=message):
        dataset(tmp_path / "raw", photo(), raw, orientation)[0]
    frames = dataset(tmp_path / "shown", photo(), shown, orientation)
    if orientation >= 5:
        assert frames[0].obstacle.shape == frames[0].image.shape[:2] == (WIDTH, HEIGHT)
    else:
        with pytest.raises(DatasetError, match=message):
            frames[0]
    square = photo(40, 40)
    with pytest.raises(DatasetError, match=message):
        dataset(tmp_path / "square", square, np.zeros((40, 40), np.uint8), orientation)[0]


def test_a_mask_of_another_size_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"a\.png is 55x40 but its image is 56x40"):
        dataset(tmp_path / "a", photo(), np.zeros((HEIGHT, WIDTH - 1), np.uint8))[0]


def test_turned_photographs_without_masks_are_fine(tmp_path):
    save(tmp_path / "a.jpg", photo(), 6)
    assert open_dataset("image_folder", tmp_path)[0].image.shape == (WIDTH, HEIGHT, 3)


def test_real_masks(shared_data):
    cases = shared_data / "cases"
    with pytest.raises(DatasetError, match="orientation 3"):
        open_dataset("obstacle_folder", cases / "exif180")[0]
    for name in ("mixed_1bit", "palette"):
        for sample in open_dataset("obstacle_folder", cases / name):
            assert set(np.unique(sample.obstacle)) <= {0, 1, 255} and (sample.obstacle == 1).any()


def test_bytes_of_nothing_are_no_picture():
    for data in (b"", b"P9 x", b"RIFF1234AVI ", io.BytesIO().getvalue(), b"\0\0\0\x18ftypmp42"):
        assert picture_format(data) == ""


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (b"P5 4 1 18\n" + bytes([0, 1, 17, 18]), [0, 1, 17, 18]),
        (b"P2 4 1 255\n0 1 17 18\n", [0, 1, 17, 18]),
        (b"P2\n# levels\n4 1\n18\n0 1 17 18\n", None),
        (b"P2 4 1 1\n0 1 0 1\n", None),
        (b"P1 4 1\n0 1 0 1\n", None),
        (b"P4 4 1\n" + bytes([0b01010000]), None),
    ],
)
def test_maps_that_decoders_stretch_are_refused(data, values, tmp_path):
    """A mask of 0 and 1 was read as 0 and 255: not evaluated."""
    path = tmp_path / "map.pgm"
    path.write_bytes(data)
    if values:
        assert read_map(path).tolist() == [values]
    else:
        with pytest.raises(ImageError, match=r"whose values are stretched to 0\.\.255 when it is read; expected"):
            read_map(path)


@pytest.mark.parametrize("left", [8, 16, 25, 26, 30])
def test_a_map_that_is_cut_in_its_first_bytes_is_no_map(left, tmp_path):
    write_image(tmp_path / "map.png", np.eye(5, dtype=np.uint8))
    data = (tmp_path / "map.png").read_bytes()
    (tmp_path / "map.png").write_bytes(data[:left])
    with pytest.raises(ImageError, match=r"cannot read .*map\.png"):
        read_map(tmp_path / "map.png")


@pytest.mark.parametrize(("name", "shape"), [("a.ppm", (4, 5)), ("a.pgm", (4, 5, 3))])
def test_ppm_is_for_colours_and_pgm_for_one_channel(name, shape, tmp_path):
    with pytest.raises(ImageError, match=r"\.ppm holds colours and \.pgm one channel; take the other, or \.png"):
        write_image(tmp_path / name, np.zeros(shape, np.uint8))
