"""Pasted objects: where they stand, what is marked, what the photo keeps, and that nothing else changes."""

import cv2
import numpy as np
import pytest

from unexpected_core.discrepancy_data.pastes import PasteSettings, ignore_unexpected, paste_objects
from unexpected_core.discrepancy_data.pasting.cutouts import CutOuts
from unexpected_core.discrepancy_data.pasting.place import View
from unexpected_core.discrepancy_data.pasting.things import Lender, cut_obstacle

ROAD, BUILDING, SKY, PERSON, CAR = 0, 2, 10, 11, 13
NOTHING = PasteSettings(probability=0, known=0, recolour=0, distractors=0, crossings=0, bonnet=0)
LOUD = NOTHING.model_copy(update={"probability": 1})


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
    """Another frame, of another colour, with a car to cut out."""
    labels = np.full((80, 80), BUILDING, np.uint8)
    labels[40:] = ROAD
    labels[40:60, 30:60] = CAR
    return [Lender(np.full((80, 80, 3), (200, 30, 220), np.uint8), labels)]


@pytest.fixture
def cut_outs():
    """One green square."""
    return CutOuts([[np.full((20, 20, 4), (0, 200, 0, 255), np.uint8)]])


def changed(a, b):
    return (a != b).any(2)


@pytest.mark.parametrize("seed", range(10))
def test_only_marked_pixels_and_their_soft_rim_change(street, sources, cut_outs, seed):
    image, labels = street
    settings = LOUD.model_copy(update={"shadows": 0.0})
    pasted = paste_objects(image, labels, sources, np.random.default_rng(seed), settings, cut_outs)
    different = changed(pasted.image, image)
    assert pasted.image.dtype == np.uint8 and set(np.unique(pasted.discrepancy)) <= {0, 1}
    if pasted.discrepancy.any():
        assert different[pasted.discrepancy == 1].mean() > 0.9
    assert not different[cv2.dilate(pasted.discrepancy, np.ones((15, 15))) == 0].any()


def test_nothing_asked_nothing_changed(street, sources):
    pasted = paste_objects(*street, sources, np.random.default_rng(0), NOTHING)
    assert np.array_equal(pasted.image, street[0]) and np.array_equal(pasted.photo, street[0])
    assert np.array_equal(pasted.labels, street[1]) and not pasted.discrepancy.any()


def test_same_seed_same_pixels_and_the_input_is_left_alone(street, sources):
    image, labels = street
    before = image.copy(), labels.copy()
    first, second = (paste_objects(image, labels, sources, np.random.default_rng(7), PasteSettings()) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert np.array_equal(image, before[0]) and np.array_equal(labels, before[1])


def test_the_photo_has_what_is_expected_and_not_the_things_nor_their_shadows(street, sources):
    """Whatever is laid, recoloured or known is in both pictures: they differ at things and close to their feet only."""
    settings = PasteSettings(
        probability=1, known=1, recolour=1, distractors=1, crossings=1, bonnet=1, shadows=0, anywhere=0, beside=0
    )
    expected = np.zeros(street[1].shape, bool)
    for seed in range(20):
        pasted = paste_objects(*street, sources, np.random.default_rng(seed), settings)
        near = cv2.dilate(pasted.discrepancy, np.ones((15, 15))) == 1
        assert not changed(pasted.image, pasted.photo)[~near].any()
        expected |= changed(pasted.photo, street[0]) & ~near
    assert expected[20:].mean() > 0.9  # all but the sky


def test_a_contact_shadow_is_in_the_image_only(street, sources):
    settings = LOUD.model_copy(update={"shadows": 1.0, "anywhere": 0.0, "beside": 0.0})
    darker = 0
    for seed in range(10):
        pasted = paste_objects(*street, sources, np.random.default_rng(seed), settings)
        beside = cv2.dilate(pasted.discrepancy, np.ones((7, 7))) == 0
        darker += (pasted.image.astype(int) - pasted.photo)[beside].min() < -10
        assert np.array_equal(pasted.photo, street[0])
    assert darker >= 5


def test_things_on_the_ground_have_their_foot_on_it_and_grow_towards_the_camera(street, sources):
    image, labels = street
    settings = LOUD.model_copy(
        update={"anywhere": 0.0, "beside": 0.0, "most": 1, "smallest": 0.5, "largest": 0.5, "shadows": 0.0}
    )
    feet, heights = [], []
    for seed in range(150):
        pasted = paste_objects(image, labels, sources, np.random.default_rng(seed), settings)
        rows = np.flatnonzero(pasted.discrepancy.any(1))
        if rows.size and rows[-1] < 92:  # not cut by the lower border
            feet.append(rows[-1])
            heights.append(rows[-1] - rows[0] + 1)
    assert min(feet) >= 40
    near, far = np.array(heights)[np.array(feet) > 80], np.array(heights)[np.array(feet) < 60]
    assert near.mean() > 1.5 * far.mean()


def test_a_crop_of_a_frame_has_things_as_large_as_the_frame_would(street, cut_outs):
    """The lower half of a frame of 192 rows whose horizon is 10 rows above it: 1.3 m stand foot - horizon rows tall."""
    labels = np.full((96, 160), ROAD, np.uint8)
    settings = LOUD.model_copy(
        update={"anywhere": 0.0, "beside": 0.0, "most": 1, "smallest": 1.3, "largest": 1.3, "cut_outs": 1.0}
    )
    for seed in range(40):
        rng = np.random.default_rng(seed)
        pasted = paste_objects(street[0], labels, [], rng, settings, cut_outs, View(-10, 192))
        rows = np.flatnonzero(pasted.discrepancy.any(1))
        if rows.size and rows[0] > 2 and rows[-1] < 93:
            assert rows[-1] - rows[0] + 1 == pytest.approx(rows[-1] + 10, abs=5)


def test_a_segmenter_never_learns_a_class_for_pasted_pixels():
    labels, discrepancy = np.array([[0, 2], [10, 13]], np.uint8), np.array([[0, 1], [0, 255]], np.uint8)
    assert ignore_unexpected(labels, discrepancy).tolist() == [[0, 255], [10, 13]]


def test_frames_without_ground_still_get_objects(sources):
    image, labels = np.full((64, 64, 3), 90, np.uint8), np.full((64, 64), 255, np.uint8)
    found = [paste_objects(image, labels, sources, np.random.default_rng(s), LOUD).discrepancy.any() for s in range(20)]
    assert sum(found) > 15


def test_a_data_sets_own_obstacle_is_cut_with_its_own_pixels():
    obstacle = np.zeros((60, 80), np.uint8)
    obstacle[10:30, 20:30] = 1
    image = np.full((60, 80, 3), 40, np.uint8)
    image[obstacle == 1] = (10, 200, 90)
    source = Lender(image, np.zeros((60, 80), np.uint8), 0.0, obstacle)
    for seed in range(20):
        thing = cut_obstacle(source, 40, np.random.default_rng(seed))
        assert thing.alpha.shape[0] == 40 and thing.alpha.all()  # a box stays a box, whichever side is up
        chroma = thing.texture - thing.texture.mean(2, keepdims=True)
        assert (chroma[..., 1] >= -1).all() and thing.texture.mean() == pytest.approx(100, abs=1)


def test_an_obstacle_that_the_border_cuts_off_is_no_thing():
    obstacle = np.zeros((60, 80), np.uint8)
    obstacle[0:20, 20:30] = 1
    source = Lender(np.zeros((60, 80, 3), np.uint8), obstacle, 0.0, obstacle)
    assert cut_obstacle(source, 40, np.random.default_rng(0)) is None
