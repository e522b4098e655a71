"""Pictures and maps on disk, and what is refused as one; sizes."""

import os
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from unexpected_core.images import (
    DEEP,
    ImageError,
    check_image,
    halve_image,
    is_cut_jpeg,
    read_image,
    read_map,
    resize_image,
    resize_map,
    trial_image,
    write_image,
)


def gradient(height=23, width=37):
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 6, y * 10, 255 - x * 3], -1).astype(np.uint8)


def test_colours_keep_their_order_on_disk(tmp_path):
    red = np.zeros((5, 7, 3), np.uint8)
    red[..., 0] = 255
    for suffix in (".png", ".bmp", ".ppm", ".tif", ".webp", ".jpg"):
        write_image(tmp_path / f"red{suffix}", red, quality=100)
        back = read_image(tmp_path / f"red{suffix}")
        assert back.shape == (5, 7, 3) and back.dtype == np.uint8
        assert back[2, 3, 0] > 240 and back[2, 3, 1:].max() < 20, suffix
    write_image(tmp_path / "g.png", gradient())
    assert np.array_equal(read_image(tmp_path / "g.png"), gradient())


def test_grey_deep_and_transparent_files_become_rgb8(tmp_path):
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((4, 6), 77, np.uint8))
    assert (read_image(tmp_path / "grey.png") == 77).all()
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((4, 6, 3), 0x8000, np.uint16))
    assert np.abs(read_image(tmp_path / "deep.png").astype(int) - 128).max() <= 1
    cv2.imwrite(str(tmp_path / "alpha.png"), np.dstack([gradient(), np.full((23, 37), 9, np.uint8)]))
    assert read_image(tmp_path / "alpha.png").shape == (23, 37, 3)


def test_maps_keep_their_values_and_names_their_letters(tmp_path):
    for values in (np.arange(256, dtype=np.uint8).reshape(8, 32), np.arange(65536, dtype=np.uint16).reshape(256, 256)):
        write_image(tmp_path / "straße_夜.png", values)
        back = read_map(tmp_path / "straße_夜.png")
        assert back.dtype == values.dtype and np.array_equal(back, values)
    write_image(tmp_path / "colour.png", gradient())
    with pytest.raises(ImageError, match=r"colour\.png: expected one channel \(ids\), found 3"):
        read_map(tmp_path / "colour.png")


def test_what_cannot_be_read_or_written_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"cannot read .*gone\.png: No such file"):
        read_image(tmp_path / "gone.png")
    with pytest.raises(ImageError, match="cannot read"):
        read_image(tmp_path)
    write_image(tmp_path / "whole.png", gradient())
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:20])
    with pytest.raises(ImageError, match=r"half\.png: not a complete image file"):
        read_image(tmp_path / "half.png")
    with pytest.raises(ImageError, match=r"cannot write .*x\.xyz: expected a name that ends in \.png, "):
        write_image(tmp_path / "x.xyz", gradient())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["half.png", "whole.png"]


@pytest.mark.parametrize("read", [read_image, read_map])
def test_what_never_ends_is_not_begun(tmp_path, read):
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", Path("/dev/zero")):
        with pytest.raises(ImageError, match=f"cannot read {path}: not a regular file"):
            read(path)


def test_a_jpeg_that_breaks_off_is_known_whatever_opencv_says():
    whole = cv2.imencode(".jpg", gradient())[1].tobytes()
    inside = whole[:2] + b"\xff\xe1" + (2 + len(whole)).to_bytes(2) + whole + whole[2:]  # a thumbnail with its own end
    for data, cut in (
        (whole, False),
        (inside, False),
        (whole + bytes(300), False),
        (whole + b"appendix" * 99, False),
        (whole[:-2], True),
        (whole[:300], True),
        (inside[:-2], True),
        (whole[:3], True),
        (b"\xff\xd8" + b"\xff" * 9, True),
        (b"\x89PNG", False),
    ):
        assert is_cut_jpeg(np.frombuffer(data, np.uint8)) == cut, (len(data), cut)


@pytest.mark.parametrize(
    "name, values, message",
    [
        ("score.png", np.full((4, 6), 0.7, np.float32), r"uint8 or uint16, found float32 \(4, 6\); scale"),
        ("ids.png", np.full((4, 6), 26001, np.int32), "found int32"),
        ("mask.png", np.ones((4, 6), bool), "found bool"),
        ("alpha.png", np.zeros((4, 6, 4), np.uint8), r"found uint8 \(4, 6, 4\)"),
        ("ids.bmp", np.full((4, 6), 26001, np.uint16), r"has 8 bits; write uint16 to \.png, \.tif"),
        ("photo.JPG", np.full((4, 6, 3), 26001, np.uint16), "has 8 bits"),
    ],
)
def test_what_a_picture_cannot_hold_is_not_written(tmp_path, name, values, message):
    with pytest.raises(ImageError, match=message):
        write_image(tmp_path / name, values)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", sorted(set(DEEP) - {".ppm"}))
def test_sixteen_bits_are_written_where_they_fit(tmp_path, suffix):
    values = np.arange(24, dtype=np.uint16).reshape(4, 6) * 2000
    write_image(tmp_path / f"map{suffix}", values)
    assert np.array_equal(read_map(tmp_path / f"map{suffix}"), values)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    write_image(tmp_path / "a.png", gradient())
    with pytest.raises(ImageError, match=r"cannot write .*a\.png"):
        write_image(tmp_path / "a.png", np.zeros((0, 5, 3), np.uint8))
    assert np.array_equal(read_image(tmp_path / "a.png"), gradient())


@pytest.mark.parametrize("size", [(200, 300), (100, 150), (201, 301), (83, 124), (399, 401), (400, 601), (47, 71)])
def test_halving_looks_like_averaging(size):
    image = trial_image(400, 601)
    small, expected = halve_image(image, size), resize_image(image, size)
    assert small.shape == (*size, 3) and np.abs(small.astype(int) - expected).mean() < 4
    assert halve_image(image, (1, 1)).shape == (1, 1, 3)
    checks = np.indices((400, 600)).sum(0, dtype=np.uint8) % 2 * 200
    assert (halve_image(checks, (100, 150)) == 100).all()


def test_the_axis_that_shrinks_is_averaged_where_the_other_grows():
    image = np.array([[0, 8], [4, 0], [6, 2], [2, 6]], np.float32)
    assert resize_image(image, (2, 4)).tolist() == [[2, 2.5, 3.5, 4], [4, 4, 4, 4]]
    assert resize_image(image.T, (4, 2)).T.tolist() == [[2, 2.5, 3.5, 4], [4, 4, 4, 4]]


def test_resizing_averages_down_and_never_invents_ids():
    checks = (np.indices((8, 12)).sum(0) % 2 * 200).astype(np.uint8)
    assert (resize_image(checks, (4, 6)) == 100).all()
    ids = np.array([[1, 9], [5, 255]], np.uint8)
    assert np.array_equal(resize_map(ids, (4, 6)), np.kron(ids, np.ones((2, 3), np.uint8)))
    assert set(np.unique(resize_map(ids, (7, 5)))) == {1, 5, 9, 255}
    same = gradient()
    assert resize_image(same, (23, 37)) is same
    assert resize_image(same, (50, 80)).shape == (50, 80, 3)


@pytest.mark.parametrize("size", [(80, 120), (100, 150), (131, 197), (281, 421), (600, 900)])
def test_maps_lie_where_their_photographs_lie(size):
    """Centres of boxes; a map that takes the pixels under its corners lies a third of a pixel away or more."""
    random, away = np.random.default_rng(0), []
    for top, left in random.integers(20, 300, (40, 2)):
        box = np.zeros((400, 600), np.uint8)
        box[top : top + random.integers(15, 60), left : left + random.integers(15, 60)] = 1
        weights = resize_image(box * np.uint8(200), size).astype(float)
        centre = (np.indices(size) * weights).sum((1, 2)) / weights.sum()
        away.append(np.argwhere(resize_map(box, size)).mean(0) - centre)
    assert np.abs(np.mean(away, 0)).max() < 0.2


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[0]], "found list"),
        (np.zeros((2, 3, 3), np.int64), r"found int64 \(2, 3, 3\)"),
        (np.zeros((3, 4, 5), np.uint8), r"found uint8 \(3, 4, 5\)"),
        (np.zeros((4, 0, 3), np.uint8), "found size 0x4"),
    ],
)
def test_what_is_no_image_is_said_to_be(value, message):
    with pytest.raises(ImageError, match=message):
        check_image(value)


def test_a_jpeg_that_is_damaged_inside_is_refused_and_filler_at_its_end_is_not(tmp_path):
    data = cv2.imencode(".jpg", gradient(200, 300))[1].tobytes()
    (tmp_path / "hit.jpg").write_bytes(data[: len(data) // 2] + b"\xff\xd9")  # it has its end mark
    with pytest.raises(ImageError, match=r"hit\.jpg: not a complete image file \(Corrupt JPEG data: premature end"):
        read_image(tmp_path / "hit.jpg")
    for filler in (b"\0\0", b"appendix"):
        (tmp_path / "whole.jpg").write_bytes(data[:-2] + filler + data[-2:] + filler)
        assert np.array_equal(
            read_image(tmp_path / "whole.jpg"), cv2.imdecode(np.frombuffer(data, np.uint8), 1)[..., ::-1]
        )
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 4), np.uint8)
    PIL.Image.fromarray(pixels, "CMYK").save(tmp_path / "cmyk.jpg")
    assert read_image(tmp_path / "cmyk.jpg").shape == (16, 16, 3)
