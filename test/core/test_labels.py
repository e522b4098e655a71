"""Label spaces: the tables against the definitions written out by hand."""

import numpy as np
import pytest

from unexpected_core import labels as L

FULL = {
    0: 7,
    1: 8,
    2: 11,
    3: 12,
    4: 13,
    5: 17,
    6: 19,
    7: 20,
    8: 21,
    9: 22,
    10: 23,
    11: 24,
    12: 25,
    13: 26,
    14: 27,
    15: 28,
    16: 31,
    17: 32,
    18: 33,
}


def test_train_and_full_ids():
    assert {label.train_id: label.full_id for label in L.CITYSCAPES} == FULL
    assert L.TRAIN_TO_FULL[:19].tolist() == list(FULL.values()) and not L.TRAIN_TO_FULL[19:].any()
    assert {i: int(t) for t, i in FULL.items()} == {i: int(L.FULL_TO_TRAIN[i]) for i in FULL.values()}
    assert (np.delete(L.FULL_TO_TRAIN, list(FULL.values())) == 255).all()
    known = list(range(34))
    np.testing.assert_array_equal(L.FULL_IDS[known], L.FULL_TO_TRAIN[known])
    assert L.FULL_IDS[255] == 255 and (L.FULL_IDS[34:255] == L.UNKNOWN).all()


def test_foreign_label_spaces():
    names = np.array([*(label.name for label in L.CITYSCAPES), *["?"] * 235, "unknown", "ignored"])
    assert names[L.CAMVID[:12]].tolist() == [
        "sky",
        "building",
        "pole",
        "road",
        "sidewalk",
        "vegetation",
        "traffic sign",
        "fence",
        "car",
        "person",
        "rider",
        "ignored",
    ]
    assert names[L.IDD_LITE[:7]].tolist() == ["road", *["ignored"] * 5, "sky"]
    assert L.NYU[:41].tolist() == [255, *range(40)]
    assert L.TRAIN_IDS[[0, 18, 19, 253, 255]].tolist() == [0, 18, 254, 254, 255]


def test_groups_name_cityscapes_classes_once():
    members = [name for _, names in L.IDD_LITE_GROUPS for name in names]
    assert sorted(members) == sorted(label.name for label in L.CITYSCAPES)


def test_obstacle_codings():
    assert L.LOST_AND_FOUND_ROAD[[0, 1, 2, 43, 200, 201, 255]].tolist() == [255, 0, 1, 1, 1, 255, 255]
    assert L.LOST_AND_FOUND_IMAGE[[0, 1, 2, 43, 200]].tolist() == [0, 0, 1, 1, 1]
    assert L.ROAD_ANOMALY[[0, 1, 2, 3, 255]].tolist() == [0, 0, 1, 1, 255]
    assert L.FLAT_ANOMALY[[0, 1, 2, 3, 255]].tolist() == [0, 1, 1, 254, 255]
    assert L.OUTSIDE_ROI[[0, 1, 2, 3, 4, 7, 26]].tolist() == [0, 255, 255, 255, 0, 0, 0]


def test_tables_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        L.CAMVID[0] = 1


def test_colorize():
    assert L.colorize(np.array([[0, 255], [13, 10]], np.uint8)).tolist() == [
        [[128, 64, 128], [0, 0, 0]],
        [[0, 0, 142], [70, 130, 180]],
    ]


def test_a_batch_of_labels_is_coloured_like_its_maps():
    labels = np.random.default_rng(0).integers(0, 256, (2, 5, 7), np.uint8)
    np.testing.assert_array_equal(L.colorize(labels), L.PALETTE[labels])
