"""Discrepancy sets whose frames, recipe or version changed meanwhile: made again, continued or refused."""

import hashlib
import json
import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from unexpected_core.config import override
from unexpected_core.datasets import open_dataset
from unexpected_core.discrepancy_data.altering import alter, fingerprint_of
from unexpected_core.discrepancy_data.generate import GenerationError
from unexpected_core.discrepancy_data.manifest import ManifestError
from unexpected_core.discrepancy_data.reader import DiscrepancyDataset
from unexpected_core.discrepancy_data.swaps import RECIPES
from unexpected_core.images import read_image, write_image

TINY = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("tiny_sets.py"))))
make, contents, open_cityscapes = TINY.make, TINY.contents, TINY.open_cityscapes


def test_another_making_is_refused(source, tmp_path):
    make(source, tmp_path / "set")
    with pytest.raises(ManifestError, match=r"recipe.swap_fraction was 0.5, now 0.25. Give another --out"):
        make(source, tmp_path / "set", override(RECIPES["swap_uniform"], ["swap_fraction=0.25"]))
    (tmp_path / "set/manifest_train.json").write_text("{}")
    with pytest.raises(ManifestError, match="is not a manifest"):
        make(source, tmp_path / "set")


def test_frames_of_another_set_of_the_same_name_are_not_taken_for_these(source, tmp_path):
    make(source, tmp_path / "set", limit=2)
    for path in (tmp_path / "ctc/leftImg8bit").rglob("*.png"):
        write_image(path, 255 - read_image(path))
    with pytest.raises(GenerationError, match=r"set was made of other frames: .* of 'ulm/ulm_000000_000019' were not"):
        make(open_cityscapes(tmp_path), tmp_path / "set")


def test_a_frame_is_known_by_its_pixels_labels_instances_and_obstacles(source):
    sample = source[0]
    known = fingerprint_of(sample)
    for part in ("image", "labels", "instances", "obstacle"):
        changed = getattr(sample, part).copy()
        changed.flat[-1] ^= 1
        assert fingerprint_of(replace(sample, **{part: changed})) != known, part
        assert fingerprint_of(replace(sample, **{part: None})) != known, part
    assert alter(source, sample.key, RECIPES["swap_uniform"]).source == known


def test_sets_of_earlier_versions_are_continued_where_they_had_no_obstacles(source, tmp_path):
    """Their fingerprints are of image, labels and instances, one after the other, as they lie in memory."""
    make(source, tmp_path / "set", limit=2)
    manifest = tmp_path / "set/manifest_train.json"
    values = json.loads(manifest.read_text())
    for record in values["frames"]:
        sample = source[record["key"]]
        parts = (sample.image, sample.labels, sample.instances)
        record["source"] = hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()
        del record["image"]
    manifest.write_text(json.dumps(values))
    before = contents(tmp_path / "set/labels")
    make(source, tmp_path / "set", limit=2)
    assert contents(tmp_path / "set/labels") == before
    assert [record["source"] for record in json.loads(manifest.read_text())["frames"]] == [
        record["source"] for record in values["frames"]
    ]


@pytest.mark.parametrize("earlier", [False, True])
def test_frames_whose_obstacles_are_marked_later_are_made_again(earlier, tmp_path, caplog):
    """Also where an earlier version made the set, for which obstacles were nothing wrong."""
    for i in range(3):
        labels = np.zeros((24, 40), np.uint8)
        labels[:8, i : i + 9] = 13
        write_image(tmp_path / f"roads/images/{i}.png", np.full((24, 40, 3), 50 * i, np.uint8))
        write_image(tmp_path / f"roads/labels/{i}.png", labels)
        write_image(tmp_path / f"roads/obstacle/{i}.png", np.zeros((24, 40), np.uint8))
    make(open_dataset("obstacle_folder", tmp_path / "roads"), tmp_path / "set")
    marked = np.zeros((24, 40), np.uint8)
    marked[15:20, 5:12] = 1
    write_image(tmp_path / "roads/obstacle/1.png", marked)
    roads = open_dataset("obstacle_folder", tmp_path / "roads")
    if earlier:
        manifest = tmp_path / "set/manifest_train.json"
        values = json.loads(manifest.read_text())
        for record in values["frames"]:
            sample = roads[record["key"]]
            record["source"] = hashlib.sha256(sample.image.tobytes() + sample.labels.tobytes()).hexdigest()
        manifest.write_text(json.dumps(values))
    make(roads, tmp_path / "set")
    assert "1 of 3 frames are made again: what they were made from changed, first '1'" in caplog.text
    assert (DiscrepancyDataset(tmp_path / "set", roads, "train")[1].discrepancy[marked == 1] == 1).all()
    make(roads, tmp_path / "again")
    old, new = (
        {f["key"]: f["source"] for f in json.loads(path.read_text())["frames"]}
        for path in (tmp_path / "set/manifest_train.json", tmp_path / "again/manifest_train.json")
    )
    assert old["1"] == new["1"]
    assert contents(tmp_path / "set/labels") == contents(tmp_path / "again/labels")
