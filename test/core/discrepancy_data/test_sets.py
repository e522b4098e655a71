"""Discrepancy sets: made, stopped and continued whole."""

import errno
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from unexpected_core.config import override
from unexpected_core.datasets import DatasetError, open_dataset
from unexpected_core.discrepancy_data import generate as generate_module
from unexpected_core.discrepancy_data.generate import GenerationError, generate
from unexpected_core.discrepancy_data.manifest import read_manifest
from unexpected_core.discrepancy_data.swaps import RECIPES
from unexpected_core.images import read_image, read_map, write_image

TINY = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("tiny_sets.py"))))
paint, make, contents = TINY.paint, TINY.make, TINY.contents


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
from pathlib import Path
sys.path[:0] = {paths!r}
from tiny_sets import RECIPES, generate, open_cityscapes, paint
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
    with (out / "manifest_train.frames.jsonl").open("ab") as stream:
        stream.write('{"key": "ulm/ü'.encode()[:-1])  # torn within a letter
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


def test_unlabelled_sets_are_refused(tmp_path):
    write_image(tmp_path / "photos/a.png", np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(DatasetError, match="'a' has no labels to alter"):
        make(open_dataset("image_folder", tmp_path / "photos"), tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_other_classes_than_cityscapes_are_refused(source, tmp_path):
    full = open_dataset("cityscapes", tmp_path / "ctc", ids="full", check_counts=False)
    with pytest.raises(DatasetError, match="has 35 classes; discrepancies are made of the 19 of Cityscapes"):
        make(full, tmp_path / "set")
