"""What a discrepancy set calls wrong, and what its painter is shown."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from unexpected_core.config import override
from unexpected_core.datasets import Dataset, Resized, open_dataset
from unexpected_core.discrepancy_data.altering import alter
from unexpected_core.discrepancy_data.frequencies import class_counts
from unexpected_core.discrepancy_data.generate import generate
from unexpected_core.discrepancy_data.manifest import ManifestError
from unexpected_core.discrepancy_data.reader import DiscrepancyDataset
from unexpected_core.discrepancy_data.swaps import RECIPES
from unexpected_core.images import read_map, write_image
from unexpected_core.structs import Sample

TINY = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("tiny_sets.py"))))
paint, make, contents = TINY.paint, TINY.make, TINY.contents


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
    other = np.full((40, 40, 4), (0, 255, 0, 255), np.uint8)
    cv2.imwrite(str(things / f"thing_{4 if split == 'val' else 5}.png"), other)
    with pytest.raises(ManifestError, match=r"cut_outs was .* Give another --out"):
        go_on()


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


def test_a_set_in_which_nothing_is_wrong_is_told(source, tmp_path, caplog):
    make(source, tmp_path / "set")
    assert "nothing is wrong" not in caplog.text
    for path in (tmp_path / "ctc").rglob("*_instanceIds.png"):
        write_image(path, read_map(path) % 1000)  # numbered from 1, as other tools have it
    assert [frame.wrong for frame in make(source, tmp_path / "other").frames] == [0] * 6
    assert "nothing is wrong in any of 6 frames" in caplog.text and "from 24000 on" in caplog.text
