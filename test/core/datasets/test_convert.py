"""Converting data sets to small copies."""

import errno
import json
import os
import shutil

import numpy as np
import pytest

from unexpected_core.datasets import convert as convert_module
from unexpected_core.datasets import open_dataset
from unexpected_core.datasets.convert import ConversionError, convert
from unexpected_core.images import read_image, read_map, write_image

SIZE = (16, 32)
CALIBRATION = '{"intrinsic": {"fy": 2000, "v0": 500}, "extrinsic": {"pitch": 0.04, "z": 1.2}}'


@pytest.fixture
def cityscapes(tmp_path):
    root = tmp_path / "big"
    rng = np.random.default_rng(0)
    for split, count in (("train", 3), ("val", 2)):
        for i in range(count):
            stem = f"{split}/ulm/ulm_{i:06d}_000019"
            grey = np.repeat(rng.integers(0, 256, (64, 128, 1)).astype(np.uint8), 3, 2)
            write_image(root / f"leftImg8bit/{stem}_leftImg8bit.png", grey)
            labels = np.tile(np.repeat([7, 26, 1, 33], 32).astype(np.uint8), (64, 1))
            write_image(root / f"gtFine/{stem}_gtFine_labelIds.png", labels)
            write_image(root / f"gtFine/{stem}_gtFine_instanceIds.png", labels.astype(np.uint16) * 1000 + i)
            write_image(root / f"gtFine/{stem}_gtFine_color.png", grey)
            (root / f"gtFine/{stem}_gtFine_polygons.json").write_text("{}")
        (root / f"camera/{split}/ulm").mkdir(parents=True)
        (root / f"camera/{split}/ulm/ulm_000000_000019_camera.json").write_text(CALIBRATION)
    write_image(root / "roi.png", np.full((64, 128), 255, np.uint8))
    return root


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_converted_set_opens_like_the_big_one(cityscapes, tmp_path):
    done = convert("cityscapes", cityscapes, tmp_path / "small", SIZE)
    assert done.counts == {
        "leftImg8bit/train/leftImg8bit": 3,
        "leftImg8bit/val/leftImg8bit": 2,
        "gtFine/train/labelIds": 3,
        "gtFine/train/instanceIds": 3,
        "gtFine/val/labelIds": 2,
        "gtFine/val/instanceIds": 2,
        "camera/train/camera": 1,
        "camera/val/camera": 1,
        "roi": 1,
    }
    assert done.made == 18 and not done.failed
    for split in ("train", "val"):
        big = open_dataset("cityscapes", cityscapes, split=split, instances=True, check_counts=False)
        small = open_dataset("cityscapes_small", tmp_path / "small", split=split, instances=True, check_counts=False)
        assert small.keys == big.keys
        assert small.camera(small.keys[0]) == big.camera(big.keys[0]) is not None
        for one, other in zip(big, small, strict=True):
            assert other.image.shape == (*SIZE, 3)
            area = one.image.reshape(16, 4, 32, 4, 3).mean((1, 3))
            assert np.abs(other.image - area).mean() < 3 and np.abs(other.image - one.image[::4, ::4]).mean() > 20
            np.testing.assert_array_equal(other.labels, one.labels[::4, ::4])
            np.testing.assert_array_equal(other.instances, one.instances[::4, ::4])
            np.testing.assert_array_equal(other.obstacle, one.obstacle[::4, ::4])
    instances = read_map(tmp_path / "small/gtFine/train/ulm/ulm_000002_000019_gtFine_instanceIds.png")
    assert instances.dtype == np.uint16 and np.unique(instances).tolist() == [1002, 7002, 26002, 33002]


def test_images_level_jpg_and_lost_and_found(tmp_path):
    root = tmp_path / "authors"
    write_image(root / "images/leftImg8bit/val/ulm/a_leftImg8bit.jpg", np.full((64, 128, 3), 90, np.uint8))
    convert("cityscapes", root, tmp_path / "small", SIZE)
    assert abs(read_image(tmp_path / "small/images/leftImg8bit/val/ulm/a_leftImg8bit.webp").mean() - 90) < 2
    laf = tmp_path / "laf"
    write_image(laf / "leftImg8bit/test/01_H/01_H_000000_000010_leftImg8bit.png", np.zeros((64, 128, 3), np.uint8))
    write_image(laf / "gtCoarse/test/01_H/01_H_000000_000010_gtCoarse_labelIds.png", np.full((64, 128), 2, np.uint8))
    assert convert("lost_and_found", laf, tmp_path / "laf_small", SIZE).made == 2
    dataset = open_dataset("lost_and_found_small", tmp_path / "laf_small", check_counts=False)
    assert (dataset[0].obstacle == 1).all() and dataset[0].obstacle.shape == SIZE


def test_it_goes_on_where_it_stopped(cityscapes, tmp_path, monkeypatch):
    convert("cityscapes", cityscapes, tmp_path / "whole", SIZE)
    written = []

    def stops(path, *rest):
        if len(written) == 7:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(path)
        write_image(path, *rest)

    monkeypatch.setattr(convert_module, "write_image", stops)
    with pytest.raises(ConversionError, match=r"No space left on device. What is finished stays; make room and run"):
        convert("cityscapes", cityscapes, tmp_path / "small", SIZE, workers=1)
    monkeypatch.undo()
    assert len(contents(tmp_path / "small")) == 10  # with conversion.json and two calibrations
    assert convert("cityscapes", cityscapes, tmp_path / "small", SIZE, workers=3).made == 9
    assert contents(tmp_path / "small") == contents(tmp_path / "whole")
    assert convert("cityscapes", cityscapes, tmp_path / "small", SIZE).made == 0


def test_an_unreadable_file_is_left_out(cityscapes, tmp_path, caplog):
    broken = cityscapes / "leftImg8bit/train/ulm/ulm_000001_000019_leftImg8bit.png"
    data = broken.read_bytes()
    broken.write_bytes(data[:100])
    done = convert("cityscapes", cityscapes, tmp_path / "small", SIZE)
    assert list(done.failed) == [str(broken)] and "left out" in caplog.text
    assert done.counts["leftImg8bit/train/leftImg8bit"] == 2 and done.made == 17
    broken.write_bytes(data)
    assert convert("cityscapes", cityscapes, tmp_path / "small", SIZE).made == 1


def test_another_sources_files_are_not_taken_for_done(cityscapes, tmp_path):
    small, other = tmp_path / "small", tmp_path / "other"
    convert("cityscapes", cityscapes, small, SIZE)
    shutil.copytree(cityscapes, other)
    before = contents(small)
    with pytest.raises(ConversionError, match=rf"holds 18 files of the same names from .*big; .*{other} moved since"):
        convert("cityscapes", other, small, SIZE)
    assert contents(small) == before
    before = contents(other)
    with pytest.raises(ConversionError, match=r"other holds 13 files of these names that no conversion made, such as"):
        convert("cityscapes", cityscapes, other, SIZE)
    assert contents(other) == before
    shutil.rmtree(small)
    shutil.move(cityscapes / "gtFine", tmp_path / "labels" / "gtFine")
    for source, made in ((cityscapes, 8), (tmp_path / "labels", 10), (cityscapes, 0)):
        assert convert("cityscapes", source, small, SIZE).made == made


@pytest.mark.parametrize("target", ["big", "big/small", "."])
def test_it_never_writes_into_the_source(target, cityscapes, tmp_path):
    before = contents(cityscapes)
    with pytest.raises(ConversionError, match="refusing to write into the source"):
        convert("cityscapes", cityscapes, tmp_path / target, SIZE)
    assert contents(cityscapes) == before


def test_a_link_into_the_source_is_seen_through(cityscapes, tmp_path):
    (tmp_path / "link").symlink_to(cityscapes)
    with pytest.raises(ConversionError, match="refusing"):
        convert("cityscapes", cityscapes, tmp_path / "link" / "small", SIZE)


def test_errors(cityscapes, tmp_path):
    with pytest.raises(ConversionError, match="unknown data set to convert 'cityscape'; did you mean 'cityscapes'"):
        convert("cityscape", cityscapes, tmp_path / "small")
    with pytest.raises(ConversionError, match="nowhere is not a folder"):
        convert("cityscapes", tmp_path / "nowhere", tmp_path / "small")
    with pytest.raises(ConversionError, match=r"nothing to convert: no \*_leftImg8bit.png"):
        convert("lost_and_found", cityscapes / "gtFine", tmp_path / "small")
    shutil.copytree(cityscapes / "camera", tmp_path / "calibrations" / "camera")
    with pytest.raises(ConversionError, match="nothing to convert"):
        convert("cityscapes", tmp_path / "calibrations", tmp_path / "small")
    convert("cityscapes", cityscapes, tmp_path / "small", SIZE)
    assert json.loads((tmp_path / "small/conversion.json").read_text())["size"] == [16, 32]
    with pytest.raises(ConversionError, match=r"made otherwise: .*\[16, 32\].* now .*\[32, 64\]"):
        convert("cityscapes", cityscapes, tmp_path / "small", (32, 64))
    for content in (b"", b"[1]", b'{"dataset": "\xe9"}', b'{"dataset": "cityscapes"}'):
        (tmp_path / "small/conversion.json").write_bytes(content)
        with pytest.raises(ConversionError, match=r"cannot read .*conversion.json: .*; restore it, or choose another"):
            convert("cityscapes", cityscapes, tmp_path / "small", SIZE)
