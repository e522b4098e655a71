"""Discrepancy sets as a training reads them: whole, the authors' too, and with the photographs they were made of."""

import errno
import json
import os
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from unexpected_core.config import override
from unexpected_core.datasets import DatasetError, open_dataset
from unexpected_core.discrepancy_data import generate as generate_module
from unexpected_core.discrepancy_data.generate import GenerationError
from unexpected_core.discrepancy_data.manifest import ManifestError
from unexpected_core.discrepancy_data.reader import DiscrepancyDataset
from unexpected_core.discrepancy_data.swaps import RECIPES
from unexpected_core.images import read_image, read_map, write_image
from unexpected_core.labels import TRAIN_TO_FULL

TINY = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("tiny_sets.py"))))
make, open_cityscapes = TINY.make, TINY.open_cityscapes


def test_reader(source, tmp_path):
    make(source, tmp_path / "set", override(RECIPES["swap_uniform"], ["gen_img_ext=.webp"]))
    data = DiscrepancyDataset(tmp_path / "set", source, "train")
    assert data.keys == source.keys and data.suffix == ".webp"
    sample, original = data[1], source[1]
    np.testing.assert_array_equal(sample.image, original.image)
    expected = np.where(original.obstacle == 255, 255, sample.labels != original.labels)
    np.testing.assert_array_equal(sample.discrepancy, expected)
    assert set(np.unique(sample.discrepancy)) == {0, 1, 255}


def test_reader_takes_the_authors_archive(source, tmp_path):
    """No manifest, errors coded 0 / 1, a part of the frames."""
    make(source, tmp_path / "set")
    (tmp_path / "set/manifest_train.json").unlink()
    for path in (tmp_path / "set/labels").rglob("*_errors.png"):
        write_image(path, (read_map(path) > 0).astype(np.uint8))
    for path in list((tmp_path / "set").rglob("ulm_000000*")):
        path.unlink()
    data = DiscrepancyDataset(tmp_path / "set", source, "train")
    assert data.keys == source.keys[1:] and (data[0].discrepancy == 1).any()


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"dataset": "\xe9"}'])
def test_a_damaged_manifest_is_refused_by_name(content, source, tmp_path):
    make(source, tmp_path / "set")
    (tmp_path / "set/manifest_train.json").write_bytes(content)
    with pytest.raises(
        ManifestError, match=r"manifest_train.json is not a manifest of a discrepancy set; make the set"
    ):
        DiscrepancyDataset(tmp_path / "set", source, "train")


def test_reader_errors(source, tmp_path):
    with pytest.raises(DatasetError, match=r"no discrepancy set of 'cityscapes-train' .*unexpected data discrepancy"):
        DiscrepancyDataset(tmp_path / "set", source, "train")
    make(source, tmp_path / "set")
    manifest = tmp_path / "set/manifest_train.json"
    values = json.loads(manifest.read_text())
    fake = tmp_path / "set/labels/train/ulm/ulm_000001_000019_fakeTrainIds.png"
    write_image(fake, TRAIN_TO_FULL[read_map(fake)])
    with pytest.raises(DatasetError, match=r"ulm_000001_000019_fakeTrainIds.png: id .* is not of this label space"):
        DiscrepancyDataset(tmp_path / "set", source, "train")[1]
    small = open_dataset("cityscapes", tmp_path / "ctc", size=(10, 15), check_counts=False)
    with pytest.raises(DatasetError, match=r"labels of 'ulm/ulm_000000_000019' are 30x20, the photo .* is 15x10"):
        DiscrepancyDataset(tmp_path / "set", small, "train")[0]
    manifest.write_text(json.dumps(values | {"complete": False, "frames": []}))
    with pytest.raises(ManifestError, match="is not finished: run its command again"):
        DiscrepancyDataset(tmp_path / "set", source, "train")
    manifest.unlink()
    for path in (tmp_path / "set").rglob("*_gen.jpg"):
        path.unlink()
    with pytest.raises(DatasetError, match="has no resynthesis"):
        DiscrepancyDataset(tmp_path / "set", source, "train")


def test_what_was_broken_off_while_a_set_grew_is_not_read(source, tmp_path, monkeypatch):
    make(source, tmp_path / "set", limit=2)

    def full(path, *_):
        if "ulm_000003_000019_gen" in str(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_image(path, *_)

    monkeypatch.setattr(generate_module, "write_image", full)
    with pytest.raises(GenerationError, match="No space left on device"):
        make(source, tmp_path / "set", workers=1)
    data = DiscrepancyDataset(tmp_path / "set", source, "train")
    assert [sample.key for sample in data][:3] == list(source.keys[:3]) and source.keys[3] not in data.keys


def test_photographs_of_another_set_are_not_read_with_a_set(source, tmp_path):
    """Numbered frames of two sets have equal names, and may have equal sizes."""
    make(source, tmp_path / "set")
    path = tmp_path / "ctc/leftImg8bit/train/ulm/ulm_000001_000019_leftImg8bit.png"
    write_image(path, 255 - read_image(path))
    data = DiscrepancyDataset(tmp_path / "set", open_cityscapes(tmp_path), "train")
    assert data[0].key == "ulm/ulm_000000_000019"
    with pytest.raises(
        DatasetError, match=r"another photograph than 'ulm/ulm_000001_000019' of cityscapes-train is now"
    ):
        data[1]
