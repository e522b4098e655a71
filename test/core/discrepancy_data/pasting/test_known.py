"""Known things: whole ones only, as far from the horizon as they are large, with their own labels."""

import numpy as np
import pytest

from unexpected_core.discrepancy_data.pasting.known import HANGING, LARGE, find_piece, paste_known
from unexpected_core.discrepancy_data.pasting.place import View
from unexpected_core.discrepancy_data.pasting.things import Lender

ROAD, SIDEWALK, BUILDING, SIGN, RIDER, CAR, BUS, BICYCLE = 0, 1, 2, 7, 12, 13, 15, 18


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
        if done.any() and (names == CAR).any():
            break
    assert np.array_equal(done, names == CAR)
    rows = np.flatnonzero((names == CAR).any(1))
    assert rows[-1] + 1 == pytest.approx(64 + 40 * scale, abs=4) and len(rows) == pytest.approx(height, abs=5)
    red = photo[..., 0].astype(int) - photo[..., 1] > 40
    assert (red == (names == CAR)).mean() > 0.97


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.3])
def test_a_speck_inside_a_thing_is_not_pasted_with_it(scale):
    labels = frame(np.s_[40:60, 30:60])
    labels[48, 40] = labels[52, 50] = SIGN
    source = Lender(np.full((80, 100, 3), 100, np.uint8), labels)
    photo, names = np.full((160, 300, 3), 100, np.uint8), np.full((160, 300), ROAD, np.uint8)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        paste_known(photo, names, source, View(64, 160), (0.5, 0.5), rng, (scale, scale), 0.5)
    assert set(np.unique(names)) == {ROAD, CAR}


def test_a_frame_without_things_lends_none():
    labels = np.full((80, 100), ROAD, np.uint8)
    source = Lender(np.zeros((80, 100, 3), np.uint8), labels)
    photo, names = np.full((80, 100, 3), 9, np.uint8), labels.copy()
    rng = np.random.default_rng(0)
    assert not paste_known(photo, names, source, View(30, 80), (0.5, 0.5), rng, (1, 1), 0.4).any()
    assert (photo == 9).all() and (names == ROAD).all()


def test_a_part_of_a_thing_is_not_pasted():
    """Ten rows high with its foot 38 rows below the horizon: a bumper between two poles."""
    labels = frame(np.s_[68:78, 30:50])
    photo, names = np.full((160, 300, 3), 100, np.uint8), np.full((160, 300), ROAD, np.uint8)
    source = Lender(np.zeros((80, 100, 3), np.uint8), labels)
    rng = np.random.default_rng(0)
    assert not paste_known(photo, names, source, View(64, 160), (0.5, 0.5), rng, (1, 1), 0.5).any()
    assert (names == ROAD).all()


def boxes(*areas, label=CAR, size=(80, 100)):
    """Houses over road, and things of one class as round as boxes can be: without their corners."""
    labels = np.full(size, BUILDING, np.uint8)
    labels[size[0] // 2 :] = ROAD
    for y, x, h, w in areas:
        labels[y : y + h, x : x + w] = label
        for row, column in ((y, x), (y, x + w - 1), (y + h - 1, x), (y + h - 1, x + w - 1)):
            labels[row - h // 5 : row + h // 5 + 1, column] = ROAD
    return labels


@pytest.mark.parametrize(
    ("box", "squeezed", "found"),
    [
        ((30, 20, 20, 59), 1.0, True),
        ((30, 20, 20, 60), 1.0, False),  # three times as wide as high: several
        ((30, 20, 20, 35), 2.0, False),  # in a frame that is stored half as wide
        ((30, 20, 20, 20), 2.0, True),
        ((30, 20, 6, 7), 1.0, True),
        ((30, 20, 5, 6), 1.0, False),  # 30 pixels are too few
        ((20, 20, 38, 35), 1.0, True),
        ((20, 20, 38, 38), 1.0, False),  # more than a sixth of the frame is no thing of it
        ((30, 3, 20, 20), 1.0, True),
        ((30, 2, 20, 20), 1.0, False),  # nearer to the border than 2 % of the frame
        ((30, 77, 20, 20), 1.0, True),
        ((30, 78, 20, 20), 1.0, False),
        ((2, 30, 20, 20), 1.0, True),
        ((1, 30, 20, 20), 1.0, False),
        ((58, 30, 20, 20), 1.0, True),
        ((59, 30, 20, 20), 1.0, False),
    ],
)
def test_what_is_whole(box, squeezed, found):
    y, x, h, w = box
    labels = np.full((80, 100), BUILDING, np.uint8)
    labels[y : y + h, x : x + w] = BUS  # buses may have straight sides
    piece = find_piece(labels, np.random.default_rng(0), [LARGE[1]], squeezed)
    assert (piece and piece.window) == (np.s_[y : y + h, x : x + w] if found else None)


def test_a_thing_is_solid_and_hangs_if_it_is_a_sign():
    labels = np.full((80, 100), BUILDING, np.uint8)
    labels[30:50, 20:40] = SIGN
    piece = find_piece(labels, np.random.default_rng(0), [HANGING])
    assert piece.hangs and piece.shape.all()
    labels[32:50, 22:40] = BUILDING  # a corner of two bars
    assert find_piece(labels, np.random.default_rng(0), [HANGING]) is None
    assert find_piece(np.full((80, 100), SIGN, np.uint8), np.random.default_rng(0), [HANGING]) is None


def test_any_of_the_things_and_three_of_the_groups_are_looked_at(dice):
    labels = boxes((30, 10, 20, 20), (30, 60, 20, 20))
    found = {find_piece(labels, np.random.default_rng(seed), [(CAR,)]).window[1].start for seed in range(20)}
    assert found == {10, 60}
    assert find_piece(labels, dice(), [(BUS,), (RIDER,), (CAR,)]) and not find_piece(
        labels, dice(), [(BUS,), (RIDER,), (BICYCLE,), (CAR,)]
    )


@pytest.mark.parametrize("side", [0, -1])
def test_six_tenths_of_a_side_are_a_pole(side):
    shape = np.ones((20, 30), bool)
    shape[:8, [0, -1]] = False
    labels = np.full((80, 100), BUILDING, np.uint8)
    labels[30:50, 20:50][shape] = CAR
    assert find_piece(labels, np.random.default_rng(0), [(CAR,)])
    labels[37, (20, 49)[side]] = CAR
    assert find_piece(labels, np.random.default_rng(0), [(CAR,)]) is None


def pasted(dice, size=(160, 300), horizon=64, source=None, scales=(1.0, 1.0), frame_labels=ROAD, **options):
    """What paste_known does to a grey road: whether, image and labels."""
    photo, names = np.full((*size, 3), 100, np.uint8), np.full(size, frame_labels, np.uint8)
    done = paste_known(photo, names, source, View(horizon, size[0]), (0.3, 0.3), dice(**options), scales, 0.5)
    assert not done.any() or np.array_equal(done, names != frame_labels)
    return done.any(), photo, names


def red_car(labels=None, aspect=0.0):
    labels = boxes((40, 30, 20, 30)) if labels is None else labels
    image = np.full((*labels.shape, 3), 100, np.uint8)
    image[labels == CAR] = (180, 100, 20)
    return Lender(image, labels, aspect)


def test_a_thing_is_as_wide_as_the_frame_really_was(dice):
    """Of 80 rows and 100 columns; stored half as wide, it was 200 columns wide."""
    for aspect, columns in ((0.0, 60), (1.25, 60), (2.5, 120)):
        _, _, names = pasted(dice, source=red_car(boxes((40, 30, 20, 25)), aspect), chance=0.5)
        width = np.ptp(np.flatnonzero((names == CAR).any(0))) + 1
        assert width == pytest.approx(columns * 25 / 30, abs=5)


@pytest.mark.parametrize("share, height", [(0.0, 20), (0.5, 28.3), (1.0, 40)])
def test_the_scale_is_drawn_evenly_in_ratios(dice, share, height):
    _, _, names = pasted(dice, source=red_car(), scales=(0.5, 1.0), share=share)
    rows = np.flatnonzero((names == CAR).any(1))
    assert len(rows) == pytest.approx(height, abs=3) and rows[-1] + 1 == pytest.approx(64 + height, abs=3)


def test_what_is_lower_than_six_tenths_of_the_camera_is_a_part(dice):
    """Its foot is 20.8 rows below the horizon (a frame's road begins a hundredth below it): 13 rows are enough."""
    for rows, done in ((13, True), (12, False)):
        labels = boxes((60 - rows, 30, rows, 20))
        assert pasted(dice, source=red_car(labels), chance=0.5)[0] == done


def test_a_sign_hangs_anywhere_at_its_height(dice):
    labels = np.full((80, 100), BUILDING, np.uint8)
    labels[20:30, 40:50], labels[41:] = SIGN, ROAD

    class LastFirst(dice):
        def permutation(self, among):
            return super().permutation(among)[::-1]

    done, _, names = pasted(LastFirst, source=red_car(labels), frame_labels=BUILDING, number=0.8)
    rows, columns = (np.flatnonzero((names == SIGN).any(axis)) for axis in (1, 0))
    assert done and (rows[0], rows[-1] + 1) == pytest.approx(
        (22, 42), abs=2
    )  # 11.2 rows above the horizon, twice as large
    assert columns.mean() == pytest.approx(0.8 * 299, abs=2)


def test_things_stand_over_ground_where_there_is_some(dice):
    photo, names = np.full((160, 300, 3), 100, np.uint8), np.full((160, 300), BUILDING, np.uint8)
    names[:, 200:241] = SIDEWALK
    paste_known(photo, names, red_car(), View(64, 160), (0.3, 0.3), dice(place=0.5), (1, 1), 0.5)
    assert np.flatnonzero((names == CAR).any(0)).mean() == pytest.approx(220, abs=2)
    _, _, nowhere = pasted(dice, source=red_car(), frame_labels=BUILDING, number=0.25)
    assert np.flatnonzero((nowhere == CAR).any(0)).mean() == pytest.approx(0.25 * 299, abs=2)


def test_nothing_that_is_too_small_or_too_large_is_pasted(dice):
    for scale, done in ((0.11, True), (0.08, False), (3.9, True), (4.1, False)):  # 4 to 160 of 160 rows
        assert pasted(dice, source=red_car(), scales=(scale, scale), horizon=40)[0] == done, scale


def test_half_of_the_things_are_mirrored(dice):
    source = red_car()
    source.image[:, 45:][source.labels[:, 45:] == CAR] = (20, 100, 180)  # the right half is blue
    for place, left_is_red in ((0.0, False), (1.0, True)):
        photo, names = np.full((160, 300, 3), 100, np.uint8), np.full((160, 300), BUILDING, np.uint8)
        paste_known(photo, names, source, View(64, 160), (0.3, 0.3), dice(place=place, number=0.5), (1, 1), 0.5)
        columns = np.flatnonzero((names == CAR).any(0))
        left = photo[90, columns[len(columns) // 4]].astype(int)
        assert (left[0] > left[2]) == left_is_red


@pytest.mark.parametrize("share, gains, vivid", [(0.0, 0.6, 0.0), (1.0, 1.8, 1.3)])
def test_four_of_ten_are_resprayed(dice, share, gains, vivid):
    """Grey between nothing and more than all of its colour, then tinted by spread dice: 0.8, 1.025, 1.25."""
    source = red_car()
    plain, sprayed = (pasted(dice, source=source, share=share, chance=chance) for chance in (0.4, 0.39))
    colours = [photo[names == CAR].mean(0) for _, photo, names in (plain, sprayed)]
    thing = np.array([180, 100, 20.0])
    expected = np.clip((100 + vivid * (thing - 100)) * np.array([0.8, 1.025, 1.25]) * gains, 0, 255)
    brightness = (0.2 + 0.6 * share) * 1.0
    gain = np.clip(100 / expected.mean(), 0.4, 2.5) ** brightness
    assert colours[0] == pytest.approx(thing, abs=12)
    assert colours[1] == pytest.approx(np.clip(expected * gain, 0, 255), abs=12)


def test_large_frames_are_searched_at_512_rows_or_fewer(dice):
    labels = np.kron(boxes((40, 30, 20, 30)), np.ones((10, 10), np.uint8))  # 800 x 1000
    done, photo, names = pasted(dice, source=red_car(labels), chance=0.9)
    rows = np.flatnonzero((names == CAR).any(1))
    assert done and len(rows) == pytest.approx(40, abs=3) and photo[names == CAR].mean(0)[0] > 150


@pytest.mark.parametrize("size", [1, 10])
def test_ids_are_never_mixed(size):
    """Between a rider (12) and a bicycle (18) lies a bus (15)."""
    labels = frame(np.s_[30:50, 20:36], RIDER)
    labels[40:][labels[40:] == RIDER] = BICYCLE
    labels = np.kron(labels, np.ones((size, size), np.uint8))[size // 2 :]  # no whole number of pixels after shrinking
    source = Lender(np.full((*labels.shape, 3), 150, np.uint8), labels)
    seen = set()
    for seed in range(30):
        photo, names = np.full((160, 300, 3), 100, np.uint8), np.full((160, 300), ROAD, np.uint8)
        paste_known(photo, names, source, View(64, 160), (0.3, 0.3), np.random.default_rng(seed), (0.7, 1.4), 0.5)
        seen |= set(np.unique(names).tolist())
    assert seen - {BUILDING} == {ROAD, RIDER, BICYCLE}
