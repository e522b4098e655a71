"""Known things: whole ones only, as far from the horizon as they are large, with their own labels."""

import numpy as np
import pytest

from unexpected_core.discrepancy_data.pasting.known import find_piece, paste_known
from unexpected_core.discrepancy_data.pasting.place import View
from unexpected_core.discrepancy_data.pasting.things import Lender

ROAD, BUILDING, CAR, RIDER, BICYCLE = 0, 2, 13, 12, 18


def frame(area, label=CAR, size=(80, 100)):
    """Houses over road, and a thing in the area, with rounded corners."""
    labels = np.full(size, BUILDING, np.uint8)
    labels[size[0] // 2 :] = ROAD
    background = labels[area].copy()
    labels[area] = label
    rows, columns = background.shape
    y, x = np.ogrid[:rows, :columns]
    corner = np.minimum(y, rows - 1 - y) + np.minimum(x, columns - 1 - x) < min(rows, columns) // 4
    np.copyto(labels[area], background, where=corner)
    return labels


@pytest.mark.parametrize(
    "area, found",
    [
        (np.s_[30:50, 20:40], True),
        (np.s_[30:50, 0:20], False),  # cut off by the border
        (np.s_[30:33, 20:22], False),  # too small
        (np.s_[30:40, 20:60], False),  # a row of them
    ],
)
def test_only_whole_things_of_some_size_are_cut(area, found):
    piece = find_piece(frame(area), np.random.default_rng(0), [(CAR,)])
    assert (piece is not None) == found
    if found:
        assert piece.window == area and piece.shape[10].all() and not piece.shape[0, 0]


def test_a_car_behind_a_pole_is_not_cut():
    labels = frame(np.s_[30:50, 20:50])
    labels[:, 35:] = ROAD
    assert find_piece(labels, np.random.default_rng(0), [(CAR,)]) is None


def test_a_rider_keeps_the_bicycle():
    labels = frame(np.s_[30:50, 20:36], RIDER)
    labels[40:][labels[40:] == RIDER] = BICYCLE
    piece = find_piece(labels, np.random.default_rng(0), [(RIDER, BICYCLE)])
    assert piece.window == np.s_[30:50, 20:36]


@pytest.mark.parametrize("scale, height", [(0.5, 20), (1.0, 40), (1.5, 60)])
def test_a_thing_moves_along_its_ground(scale, height):
    """A source of 80 rows, horizon at 40, a car of 20 rows with its foot at 60; a frame of 160 rows, horizon at 64:
    at scale 1 it is 40 rows tall and its foot is 40 rows below the horizon."""
    labels = frame(np.s_[40:60, 30:60])
    image = np.full((80, 100, 3), 100, np.uint8)
    image[labels == CAR] = (220, 40, 40)
    photo, names = np.full((160, 300, 3), 100, np.uint8), np.full((160, 300), ROAD, np.uint8)
    done = False
    for seed in range(20):  # it may have been laid across the left or right border
        rng = np.random.default_rng(seed)
        done = paste_known(photo, names, Lender(image, labels), View(64, 160), (0.5, 0.5), rng, (scale, scale), 0.5)
        if done and (names == CAR).any():
            break
    assert done
    rows = np.flatnonzero((names == CAR).any(1))
    assert rows[-1] + 1 == pytest.approx(64 + 40 * scale, abs=4) and len(rows) == pytest.approx(height, abs=5)
    red = photo[..., 0].astype(int) - photo[..., 1] > 40
    assert (red == (names == CAR)).mean() > 0.97


def test_a_frame_without_things_lends_none():
    labels = np.full((80, 100), ROAD, np.uint8)
    source = Lender(np.zeros((80, 100, 3), np.uint8), labels)
    photo, names = np.full((80, 100, 3), 9, np.uint8), labels.copy()
    rng = np.random.default_rng(0)
    assert not paste_known(photo, names, source, View(30, 80), (0.5, 0.5), rng, (1, 1), 0.4)
    assert (photo == 9).all() and (names == ROAD).all()


def test_a_part_of_a_thing_is_not_pasted():
    """Ten rows high with its foot 38 rows below the horizon: a bumper between two poles."""
    labels = frame(np.s_[68:78, 30:50])
    photo, names = np.full((160, 300, 3), 100, np.uint8), np.full((160, 300), ROAD, np.uint8)
    source = Lender(np.zeros((80, 100, 3), np.uint8), labels)
    rng = np.random.default_rng(0)
    assert not paste_known(photo, names, source, View(64, 160), (0.5, 0.5), rng, (1, 1), 0.5)
    assert (names == ROAD).all()
