"""Discrepancy sets: made, stopped, continued and read whole."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from unexpected_core.config import override
from unexpected_core.datasets import Dataset, DatasetError, Resized, open_dataset
from unexpected_core.discrepancy_data import generate as generate_module
from unexpected_core.discrepancy_data.altering import alter, fingerprint_of
from unexpected_core.discrepancy_data.generate import GenerationError, class_counts, generate
from unexpected_core.discrepancy_data.manifest import ManifestError, read_manifest
from unexpected_core.discrepancy_data.reader import DiscrepancyDataset
from unexpected_core.discrepancy_data.swaps import RECIPES
from unexpected_core.images import read_image, read_map, write_image
from unexpected_core.labels import TRAIN_TO_FULL
from unexpected_core.structs import Sample


def paint(labels, photo=None):
    """A deterministic stand-in for a generator."""
    return np.stack([labels * 13, 255 - labels, labels // 2], 2)


@pytest.fixture
def source(tmp_path, scene):
    """Six Cityscapes-like frames with four objects each; one of them has no object."""
    rng = np.random.default_rng(1)
    labels, instances = scene
    for i in range(6):
        stem = f"ulm/ulm_{i:06d}_000019"
        full = TRAIN_TO_FULL[np.roll(labels, i, 1)]
        full[:, 0] = 2  # rectification border
        write_image(
            tmp_path / "ctc/leftImg8bit/train" / f"{stem}_leftImg8bit.png",
            rng.integers(0, 256, (20, 30, 3)).astype(np.uint8),
        )
        write_image(tmp_path / "ctc/gtFine/train" / f"{stem}_gtFine_labelIds.png", full)
        separate = np.roll(instances, i, 1).astype(np.uint16) * (i != 3)
        write_image(tmp_path / "ctc/gtFine/train" / f"{stem}_gtFine_instanceIds.png", separate)
    return open_cityscapes(tmp_path)


def open_cityscapes(tmp_path):
    return open_dataset("cityscapes", tmp_path / "ctc", instances=True, check_counts=False)


def make(source, out, recipe=RECIPES["swap_uniform"], **options):
    return generate(source, out, recipe, paint, generator="stand-in", split="train", **options)


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_layout_is_the_authors(source, tmp_path):
    recipe = override(RECIPES["swap_uniform"], ["write_original=true", "gen_img_ext=.png"])
    manifest = make(source, tmp_path / "set", recipe)
    stem = "train/ulm/ulm_000001_000019"
    assert {name for name in contents(tmp_path / "set") if "ulm_000001" in name} == {
        f"labels/{stem}_fakeTrainIds.png",
        f"labels/{stem}_fakeTrainIds_colorimg.png",
        f"labels/{stem}_errors.png",
        f"labels/{stem}_predTrainIds.png",
        f"labels/{stem}_predTrainIds_colorimg.png",
        f"gen_image/{stem}_gen.png",
    }
    fake, original, wrong = (
        read_map(tmp_path / "set/labels" / f"{stem}{end}.png") for end in ("_fakeTrainIds", "_predTrainIds", "_errors")
    )
    np.testing.assert_array_equal(original, source[1].labels)
    np.testing.assert_array_equal(wrong, 255 * ((fake != original) & (source[1].obstacle == 0)))
    assert wrong.any() and not wrong[:, 0].any()
    np.testing.assert_array_equal(read_image(tmp_path / "set/gen_image" / f"{stem}_gen.png"), paint(fake))
    assert manifest.complete and len(manifest.frames) == 6 and not manifest.failed
    assert read_manifest(tmp_path / "set", "train") == manifest


@pytest.mark.parametrize("name", RECIPES)
def test_workers_change_no_byte(name, source, tmp_path):
    make(source, tmp_path / "one", RECIPES[name], workers=1)
    make(source, tmp_path / "three", RECIPES[name], workers=3)
    one = contents(tmp_path / "one")
    assert one == contents(tmp_path / "three")
    make(source, tmp_path / "other", override(RECIPES[name], ["seed=1"]))
    assert one != contents(tmp_path / "other")


def test_stopped_anywhere_it_goes_on_to_the_same_bytes(source, tmp_path):
    make(source, tmp_path / "whole")
    for stop in range(6):
        painted = []

        def breaks(labels, photo, painted=painted, stop=stop):
            if len(painted) == stop:
                raise KeyboardInterrupt
            painted.append(1)
            return paint(labels)

        with pytest.raises(KeyboardInterrupt):
            generate(
                source,
                tmp_path / f"{stop}",
                RECIPES["swap_uniform"],
                breaks,
                generator="stand-in",
                split="train",
                workers=1,
            )
        make(source, tmp_path / f"{stop}")
        assert contents(tmp_path / f"{stop}") == contents(tmp_path / "whole")


KILLED = """
import sys, time
sys.path[:0] = {paths!r}
from test_sets import *
def slow(labels, photo):
    time.sleep(0.05)
    return paint(labels)
generate(open_cityscapes(Path({root!r})), {out!r}, RECIPES["swap_uniform"], slow, generator="stand-in", split="train",
         workers=1)
"""


def test_a_killed_process_is_continued(source, tmp_path):
    make(source, tmp_path / "whole")
    out = tmp_path / "set"
    code = KILLED.format(paths=[str(Path(__file__).parent), str(Path.cwd())], root=str(tmp_path), out=str(out))
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while not list(out.rglob("*_gen.jpg")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not read_manifest(out, "train").complete
    for torn in out.rglob(".*"):  # what a kill in the middle of a write leaves is never mistaken for a frame
        assert torn.name.startswith(".")
        torn.unlink()
    with (out / "manifest_train.frames.jsonl").open("a") as stream:
        stream.write('{"key": "ulm/ulm_0')
    make(source, out)
    assert contents(out) == contents(tmp_path / "whole")


def test_a_lost_file_is_made_again(source, tmp_path):
    make(source, tmp_path / "set")
    before = contents(tmp_path / "set")
    (tmp_path / "set/gen_image/train/ulm/ulm_000002_000019_gen.jpg").unlink()
    make(source, tmp_path / "set")
    assert contents(tmp_path / "set") == before


def test_a_corrupt_source_is_left_out_and_reported(source, tmp_path, caplog):
    broken = source.frames[2].image
    data = broken.read_bytes()
    broken.write_bytes(data[:40])
    manifest = make(source, tmp_path / "set")
    assert list(manifest.failed) == [source.keys[2]] and "not a complete image" in manifest.failed[source.keys[2]]
    assert len(manifest.frames) == 5 and "left out ulm/ulm_000002_000019" in caplog.text
    broken.write_bytes(data)  # mended: the same call adds it
    manifest = make(source, tmp_path / "set")
    assert len(manifest.frames) == 6 and not manifest.failed
    make(source, tmp_path / "whole")
    assert contents(tmp_path / "set") == contents(tmp_path / "whole")


def test_a_corrupt_lender_costs_no_other_frame(source, tmp_path):
    """Each frame borrows of three others, so that most would meet the broken one."""
    source.frames[2].image.write_bytes(source.frames[2].image.read_bytes()[:40])
    manifest = make(source, tmp_path / "set", RECIPES["pastes"])
    assert list(manifest.failed) == [source.keys[2]] and len(manifest.frames) == 5


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


def write_cut_outs(folder):
    """Five red things to learn from, one blue one that is kept."""
    for i in range(6):
        thing = np.zeros((40, 40, 4), np.uint8)
        thing[2:-2, 2:-2] = (0, 0, 255, 255) if i == 4 else (255, 0, 0, 255)
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"thing_{i}.png"), cv2.cvtColor(thing, cv2.COLOR_RGBA2BGRA))
    return folder


@pytest.mark.parametrize(("split", "channel"), [("train", 0), ("val", 2)])
def test_things_kept_for_validation_are_pasted_there_and_nowhere_else(split, channel, source, tmp_path):
    things = write_cut_outs(tmp_path / "things")
    pastes = {
        "things": things,
        "cut_outs": 1,
        "probability": 1,
        "repainted": 0,
        "camouflage": 0,
        "known": 0,
        "largest": 9,
    }
    recipe = override(RECIPES["pastes"], [f"pastes.{name}={value}" for name, value in pastes.items()])
    big = Resized(source, (120, 180))

    def go_on():
        return generate(big, tmp_path / "set", recipe, paint, generator="stand-in", split=split)

    go_on()
    pasted = [frame.image[frame.discrepancy == 1] for frame in DiscrepancyDataset(tmp_path / "set", big, split)]
    mean = np.concatenate(pasted).mean(0)
    assert mean.argmax() == channel and mean[channel] > 1.5 * np.delete(mean, channel).max()
    write_image(things / f"thing_{4 if split == 'val' else 5}.png", np.zeros((40, 40, 3), np.uint8))
    with pytest.raises(ManifestError, match=r"cut_outs was .* Give another --out"):
        go_on()


def test_a_full_disk_is_reported_and_loses_nothing(source, tmp_path, monkeypatch):
    def full(path, *_):
        if "ulm_000003" in str(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_image(path, *_)

    monkeypatch.setattr(generate_module, "write_image", full)
    with pytest.raises(GenerationError, match=r"No space left on device. What is finished stays; make room"):
        make(source, tmp_path / "set", workers=1)
    monkeypatch.undo()
    assert (tmp_path / "set/labels/train/ulm/ulm_000002_000019_errors.png").is_file()
    make(source, tmp_path / "set")
    make(source, tmp_path / "whole")
    assert contents(tmp_path / "set") == contents(tmp_path / "whole")


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


def test_frequencies_are_counted_over_the_set(source, tmp_path):
    counts = class_counts(source)
    assert counts.sum() == sum((sample.labels != 255).sum() for sample in source)
    assert counts[11] == sum((sample.labels == 11).sum() for sample in source)
    manifest = make(source, tmp_path / "set", RECIPES["swap_by_frequency"])
    np.testing.assert_allclose(manifest.frequencies, counts / counts.sum(), atol=1e-8)
    for name in contents(tmp_path / "set"):
        if name.endswith("_fakeTrainIds.png"):
            assert set(np.unique(read_map(tmp_path / "set" / name))) <= {0, 10, 11, 13, 255}  # no class the set lacks


def test_pastes_change_the_photo_and_the_labels_only_where_known_things_are_pasted(source, tmp_path):
    make(source, tmp_path / "set", override(RECIPES["pastes"], ["pastes.probability=1.0", "gen_img_ext=.png"]))
    pasted = DiscrepancyDataset(tmp_path / "set", source, "train")
    touched = 0
    for sample in pasted:
        original = source[sample.key]
        known = sample.labels != original.labels
        assert np.isin(sample.labels[known], (9, 11, 13, 255)).all()  # a verge, people, cars, a bonnet
        np.testing.assert_array_equal(sample.resynthesis, paint(sample.labels))
        touched += int((sample.discrepancy == 1).sum())
        assert (sample.image != original.image).any()
    assert touched > 20


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


def test_a_set_in_which_nothing_is_wrong_is_told(source, tmp_path, caplog):
    make(source, tmp_path / "set")
    assert "nothing is wrong" not in caplog.text
    for path in (tmp_path / "ctc").rglob("*_instanceIds.png"):
        write_image(path, read_map(path) % 1000)  # numbered from 1, as other tools have it
    assert [frame.wrong for frame in make(source, tmp_path / "other").frames] == [0] * 6
    assert "nothing is wrong in any of 6 frames" in caplog.text and "from 24000 on" in caplog.text


def test_unlabelled_sets_are_refused(tmp_path):
    write_image(tmp_path / "photos/a.png", np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(DatasetError, match="'a' has no labels to alter"):
        make(open_dataset("image_folder", tmp_path / "photos"), tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_other_classes_than_cityscapes_are_refused(source, tmp_path):
    full = open_dataset("cityscapes", tmp_path / "ctc", ids="full", check_counts=False)
    with pytest.raises(DatasetError, match="has 35 classes; discrepancies are made of the 19 of Cityscapes"):
        make(full, tmp_path / "set")


@pytest.mark.parametrize("name", ["swap_uniform", "pastes"])
def test_a_sets_own_obstacles_are_wrong_too(name):
    roads = open_dataset("drawn", split="train_objects", count=3, height=96, width=160)
    for sample in roads:
        made, obstacle = alter(roads, sample.key, RECIPES[name]), sample.obstacle == 1
        known = made.original != sample.labels  # something expected was pasted before it
        assert obstacle.any() and (made.discrepancy[obstacle & ~known] == 1).all()


class Blocked(Dataset):
    """Grey streets that one thing of `label` blocks below row 24, and a green bus that may be lent in the last one."""

    def __init__(self, label, obstacle):
        super().__init__("blocked", [str(i) for i in range(9)])
        self.label, self.obstacle = label, obstacle

    def load(self, index):
        labels, image = np.zeros((64, 128), np.uint8), np.full((64, 128, 3), 90, np.uint8)
        instances, blocked = np.zeros((64, 128), np.int32), np.zeros((64, 128), np.uint8)
        if index == 8:
            labels[20:45, 30:70], image[20:45, 30:70] = 15, (20, 200, 20)
        else:
            labels[24:, 10:118], instances[24:, 10:118], blocked[24:, 10:118] = self.label, 28001, self.obstacle
            image[24:, 10:118] = (255, 0, 255)
        return Sample(self.keys[index], image, labels, instances, blocked)


@pytest.mark.parametrize(
    ("thing", "label", "obstacle", "changes"),
    [("bonnet", 255, 1, []), ("known", 15, 1, []), ("known", 15, 0, ["swap_fraction=1"])],
)
def test_what_lies_below_something_expected_is_wrong_no_more(thing, label, obstacle, changes):
    """Though it is called the same: a bonnet over a nameless obstacle, a bus over one, or over one that was renamed."""
    nothing = ("known", "probability", "distractors", "crossings", "bonnet", "recolour")
    recipe = override(RECIPES["pastes"], [*(f"pastes.{name}={int(name == thing)}" for name in nothing), *changes])
    streets, covered = Blocked(label, obstacle), 0
    for key in streets.keys[:8]:
        made = alter(streets, key, recipe)
        blocked = streets[key].labels == label
        shows = (made.image[..., 0] > 200) & (made.image[..., 1] < 50)
        hidden = blocked & cv2.dilate(shows.astype(np.uint8), np.ones((5, 5))).astype(bool) < blocked
        assert (made.discrepancy[shows & blocked] == 1).mean() > 0.95
        assert not made.discrepancy[hidden].any() and (made.labels[hidden] == label).all()
        covered += hidden.any()
    assert covered


def test_an_obstacle_is_not_lent_as_a_known_thing():
    """Every frame has a bus, as its labels say, that is called an obstacle: no bus is pasted into any."""

    class Buses(Dataset):
        def load(self, index):
            labels, obstacle = np.zeros((64, 128), np.uint8), np.zeros((64, 128), np.uint8)
            labels[20:45, 30:70], obstacle[20:45, 30:70] = 15, 1
            return Sample(self.keys[index], np.full((64, 128, 3), 90, np.uint8), labels, obstacle=obstacle)

    buses = Buses("buses", [str(i) for i in range(9)])
    for key in buses.keys:
        made = alter(buses, key, override(RECIPES["pastes"], ["pastes.known=1", "pastes.bonnet=0"]))
        assert not (made.labels[buses[key].obstacle == 0] == 15).any()


def test_the_painter_sees_the_photograph_with_what_was_pasted(source, tmp_path):
    """A painter that gives back what it was shown: in the resyntheses stands the photograph of each recipe."""

    def show(labels, photo):
        return photo.copy()

    for name in ("swap_uniform", "pastes"):
        recipe = RECIPES[name].model_copy(update={"gen_img_ext": ".png"})
        generate(source, tmp_path / name, recipe, show, generator="mirror", split="train")
        changed = False
        for sample in DiscrepancyDataset(tmp_path / name, source, "train"):
            original = source[sample.key].image
            pasted = alter(source, sample.key, recipe).image
            np.testing.assert_array_equal(sample.resynthesis, original if pasted is None else pasted)
            changed |= pasted is not None and bool((pasted != original).any())
        assert changed == (name == "pastes")


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
