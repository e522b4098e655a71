"""Labels with swapped, vanished and pasted objects: the alterations on tiny maps."""

import numpy as np
import pytest

from unexpected_core.config import SettingsError, override
from unexpected_core.discrepancy_data.swaps import RECIPES, alter_labels, disappear, find_objects, swap

UNIFORM = np.ones(19)


@pytest.mark.parametrize("fraction, expected", [(0.0, 0), (0.17, 1), (0.5, 3), (1.0, 6)])
def test_so_many_objects_are_chosen(fraction, expected, scene):
    labels, instances = scene
    recipe = RECIPES["swap_uniform"].model_copy(update={"swap_fraction": fraction})
    counts = set()
    for seed in range(30):
        altered = alter_labels(labels, instances, recipe, np.random.default_rng(seed))
        changed = {int(i) for i in np.unique(instances[altered != labels])}
        assert 0 not in changed and 29001 not in changed  # stuff, groups and ignored objects stay
        for number in changed:  # whole objects get one class, never their own
            mask = instances == number
            assert (altered[mask] != labels[mask]).all() and len(np.unique(altered[mask])) == 1
        counts.add(len(changed))
    # The ignored object may be among the chosen, and is then skipped.
    assert counts <= {expected, expected - 1} and (expected in counts or fraction == 1)


def test_one_object_alone_is_never_chosen(scene):
    labels, instances = scene
    instances[instances != 26001] = 0
    for seed in range(20):
        altered = alter_labels(labels, instances, RECIPES["swap_uniform"], np.random.default_rng(seed))
        np.testing.assert_array_equal(altered, labels)


def test_new_classes_are_uniform_over_the_others():
    labels, ids = np.full((1, 1), 13, np.uint8), np.ones((1, 1), np.int32)
    rng = np.random.default_rng(0)
    drawn = np.bincount([swap(labels, ids, [1], UNIFORM, rng)[0, 0] for _ in range(3600)], minlength=19)
    assert drawn[13] == 0 and drawn.sum() == 3600
    others = np.delete(drawn, 13)
    assert ((others - 200) ** 2 / 200).sum() < 40.8  # chi-square, 17 degrees of freedom, 0.1 %


def test_new_classes_follow_the_frequencies():
    labels, ids = np.full((1, 1), 13, np.uint8), np.ones((1, 1), np.int32)
    frequencies = np.zeros(19)
    frequencies[[0, 13, 15]] = 0.6, 0.3, 0.1
    rng = np.random.default_rng(0)
    drawn = np.bincount([swap(labels, ids, [1], frequencies, rng)[0, 0] for _ in range(2800)], minlength=19)
    assert drawn[[0, 15]].sum() == 2800 and abs(drawn[15] - 400) < 80  # 0.1 / 0.7


def test_an_object_is_of_its_most_frequent_label():
    labels, ids = np.array([[13, 13, 11, 0]], np.uint8), np.array([[5, 5, 5, 0]], np.int32)
    weights = np.zeros(19)
    weights[[13, 7]] = 1
    assert swap(labels, ids, [5], weights, np.random.default_rng(0)).tolist() == [[7, 7, 7, 0]]


def test_disappearing_takes_the_nearest_filling_label():
    labels = np.array(
        [[10, 10, 10, 10, 10, 10], [2, 13, 13, 13, 13, 11], [2, 13, 13, 13, 13, 11], [0, 0, 0, 0, 0, 255]], np.uint8
    )
    gone = labels == 13
    filled = disappear(labels, gone)
    np.testing.assert_array_equal(filled[~gone], labels[~gone])
    assert set(filled[1, 1:5]) <= {10, 2} and set(filled[2, 1:5]) <= {0, 2}  # never 11 or 255, though they are near
    assert filled[1, 3] == 10 and filled[2, 3] == 0
    everything = np.full((3, 3), 13, np.uint8)
    np.testing.assert_array_equal(disappear(everything, everything == 13), everything)


def test_swapped_and_vanished_objects_are_not_the_same(scene):
    labels, instances = scene
    recipe = RECIPES["swap_and_disappear"].model_copy(update={"swap_fraction": 0.34, "disappear_fraction": 0.34})
    vanished = 0
    for seed in range(30):
        altered = alter_labels(labels, instances, recipe, np.random.default_rng(seed))
        changed = np.unique(instances[altered != labels])
        assert 3 <= len(changed) <= 4
        vanished += sum(set(altered[instances == i]) <= {0, 10} for i in changed)
    assert vanished >= 45  # two of each four (a swap may draw road or sky too)


def test_connected_areas_are_objects_without_instances(scene):
    labels, _ = scene
    labels[19, 29] = 11  # too small
    objects = find_objects(labels, None, smallest=7000)  # 8.01 pixels here
    assert len(objects.candidates) == 5  # four cars and the group; not the person, 8 pixels
    assert sorted((objects.ids == i).sum() for i in objects.candidates) == [16] * 5
    assert find_objects(labels, None, smallest=6000).candidates.tolist() == [1, 2, 3, 4, 5, 6]


def test_recipes_cannot_ask_for_too_much():
    with pytest.raises(SettingsError, match="together exceed 1"):
        override(RECIPES["swap_uniform"], ["disappear_fraction=0.6"])
