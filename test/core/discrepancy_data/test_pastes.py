"""Pasted objects: where they stand, what is marked, and that nothing else changes."""

import cv2
import numpy as np
import pytest

from unexpected_core.discrepancy_data.paste_things import Source, cut_out
from unexpected_core.discrepancy_data.pastes import PasteSettings, paste_objects, unaware

ROAD, BUILDING, SKY, PERSON, CAR = 0, 2, 10, 11, 13
LOUD = PasteSettings(probability=1, distractors=0, crossings=0)


@pytest.fixture
def street():
    """Sky, houses, road and a car, 96 x 160, with some grain."""
    labels = np.full((96, 160), SKY, np.uint8)
    labels[20:45], labels[45:] = BUILDING, ROAD
    labels[40:52, 20:40] = CAR
    grain = np.random.default_rng(0).integers(-6, 7, (96, 160, 3))
    return (np.array([120, 70, 90])[labels % 3][..., None] + grain).astype(np.uint8), labels


@pytest.fixture
def sources():
    """Another frame, of another colour, with things to cut out."""
    labels = np.full((80, 80), BUILDING, np.uint8)
    labels[20:50, 30:50] = CAR
    return [Source(np.full((80, 80, 3), (200, 30, 220), np.uint8), labels)]


@pytest.mark.parametrize("seed", range(10))
def test_only_marked_pixels_and_their_soft_rim_change(street, sources, seed):
    image, labels = street
    flying = LOUD.model_copy(update={"anywhere": 1.0})  # what stands on the ground has a shadow there too
    pasted = paste_objects(image, labels, sources, np.random.default_rng(seed), flying)
    changed = (pasted.image != image).any(2)
    assert pasted.image.dtype == np.uint8 and set(np.unique(pasted.discrepancy)) == {0, 1}
    assert changed[pasted.discrepancy == 1].mean() > 0.9
    assert not changed[cv2.dilate(pasted.discrepancy, np.ones((9, 9))) == 0].any()


def test_same_seed_same_pixels_and_the_input_is_left_alone(street, sources):
    image, labels = street
    before = image.copy()
    first, second = (paste_objects(image, labels, sources, np.random.default_rng(7), PasteSettings()) for _ in range(2))
    assert np.array_equal(first.image, second.image) and np.array_equal(first.discrepancy, second.discrepancy)
    assert np.array_equal(image, before)


def test_things_on_the_ground_have_their_foot_on_it_and_grow_towards_the_camera(street, sources):
    image, labels = street
    settings = LOUD.model_copy(update={"anywhere": 0.0, "most": 1, "smallest": 0.5, "largest": 0.5})
    feet, heights = [], []
    for seed in range(150):
        pasted = paste_objects(image, labels, sources, np.random.default_rng(seed), settings)
        rows = np.flatnonzero(pasted.discrepancy.any(1))
        if rows.size and rows[-1] < 95:  # not cut by the lower border
            feet.append(rows[-1])
            heights.append(rows[-1] - rows[0] + 1)
    assert min(feet) >= 40
    near, far = np.array(heights)[np.array(feet) > 80], np.array(heights)[np.array(feet) < 60]
    assert near.mean() > 1.5 * far.mean()


def test_distractors_stay_on_the_road_and_are_no_discrepancy(street, sources):
    image, labels = street
    settings = PasteSettings(probability=0, distractors=1, crossings=1)
    changed = np.zeros(labels.shape, bool)
    for seed in range(30):
        pasted = paste_objects(image, labels, sources, np.random.default_rng(seed), settings)
        assert not pasted.discrepancy.any()
        changed |= np.abs(pasted.image.astype(int) - image).max(2) > 1
    assert changed[labels == ROAD].any() and not changed[labels != ROAD].any()


def test_a_segmenter_never_learns_a_class_for_pasted_pixels():
    labels, discrepancy = np.array([[0, 2], [10, 13]], np.uint8), np.array([[0, 1], [0, 255]], np.uint8)
    assert unaware(labels, discrepancy).tolist() == [[0, 255], [10, 13]]


def test_frames_without_ground_still_get_objects(sources):
    image, labels = np.full((64, 64, 3), 90, np.uint8), np.full((64, 64), 255, np.uint8)
    found = [paste_objects(image, labels, sources, np.random.default_rng(s), LOUD).discrepancy.any() for s in range(20)]
    assert sum(found) > 15


def test_a_cut_out_is_a_whole_thing_with_its_own_pixels():
    labels = np.full((60, 80), BUILDING, np.uint8)
    labels[10:30, 20:30] = 255  # a nameless thing, 20 x 10
    image = np.full((60, 80, 3), 40, np.uint8)
    image[labels == 255] = (10, 200, 90)
    for seed in range(20):
        thing = cut_out(40, [Source(image, labels)], np.random.default_rng(seed))
        assert thing.alpha.shape[0] == 40 and thing.alpha.all()  # a box stays a box, whichever side is up
        assert np.allclose(thing.texture, (10, 200, 90), atol=1)


@pytest.mark.parametrize(
    "name, area",
    [("people are expected", (slice(10, 30), slice(20, 30))), ("cut off by the border", (slice(0, 20), slice(20, 30)))],
)
def test_what_is_not_cut_out(name, area):
    labels = np.full((60, 80), BUILDING, np.uint8)
    labels[area] = PERSON if "people" in name else 255
    assert cut_out(40, [Source(np.zeros((60, 80, 3), np.uint8), labels)], np.random.default_rng(0)) is None
