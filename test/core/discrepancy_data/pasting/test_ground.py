"""Places, flat paint and stains on the ground: sizes in metres and brightness, with loaded dice."""

import cv2
import numpy as np
import pytest

from unexpected_core.discrepancy_data.pasting import stains
from unexpected_core.discrepancy_data.pasting.ground import Spot, blotches, choose_spot, fill, project
from unexpected_core.discrepancy_data.pasting.marks import lay_crossing, lay_mark, lay_paint
from unexpected_core.discrepancy_data.pasting.place import View, choose_place, random_pixel
from unexpected_core.discrepancy_data.pasting.settings import PasteSettings

ROAD, SIDEWALK, VEGETATION, TERRAIN, SKY = 0, 1, 8, 9, 10
SIZE = (401, 601)
VIEW = View(0, 400)
"""The horizon is the first row: the middle of the image is 200 rows below it, and under a camera 1 m high a metre there
is 200 pixels wide."""


def road(level=100):
    return np.full((*SIZE, 3), level, np.uint8), np.full(SIZE, ROAD, np.uint8)


def extent(changed):
    """First and last row, first and last column."""
    rows, columns = (np.flatnonzero(changed.any(axis)) for axis in (1, 0))
    return rows[0], rows[-1], columns[0], columns[-1]


@pytest.mark.parametrize("share, focal", [(0.0, 1.2), (0.5, 1.85), (1.0, 2.5)])
def test_a_spot_knows_how_large_and_how_far_a_metre_is(dice, share, focal):
    """The camera is 2 m high: 200 rows below the horizon are 100 pixels to the metre."""
    spot = choose_spot(np.ones(SIZE, bool), VIEW, 2.0, dice(share, chance=0.69))
    assert spot == Spot((200, 300), 200.0, 100.0, pytest.approx(focal * 400 * 2 / 200), 300.0)
    aside = choose_spot(np.ones(SIZE, bool), VIEW, 2.0, dice(share, chance=0.7))
    assert aside.vanishing == pytest.approx(601 * (0.5 + 0.2 * (2 * share - 1)))


def test_no_spot_is_nearer_to_the_horizon_than_two_hundredths(dice):
    assert choose_spot(np.ones(SIZE, bool), View(300, 400), 1.0, dice()).depth == pytest.approx(8)
    assert choose_spot(np.zeros(SIZE, bool), VIEW, 1.0, dice()) is None


def test_a_road_runs_to_the_middle_of_its_uppermost_rows(dice):
    mask = np.zeros(SIZE, bool)
    mask[100:], mask[100:103, :400], mask[104:] = False, False, True
    mask[100:103, 400:411] = True
    mask[103, 400:421] = True
    assert choose_spot(mask, VIEW, 1.0, dice(chance=0.1)).vanishing == pytest.approx(410)


def test_nothing_is_projected_behind_the_camera():
    spot = Spot((200, 300), 200.0, 200.0, 4.0, 300.0)
    assert project(spot, [(0, -3.4), (0, -3.5), (0, -9)])[:, 1] == pytest.approx(200 / 0.15, rel=1e-5)
    assert project(spot, [(1, -2), (-1, 4)]).tolist() == [[700, 400], [200, 100]]


def test_a_line_is_as_thick_as_asked_and_stays_on_the_mask():
    mask = np.ones((40, 60), bool)
    mask[:, 40:] = False
    window, alpha = fill([np.float32([(-5, 20), (70, 20)])], 0.0, mask, line=5)
    whole = np.zeros((40, 60))
    whole[window] = alpha
    assert whole[:, 10].sum() == pytest.approx(7, abs=1.5) and whole[20, 10] == 1 and not whole[:, 40:].any()
    assert whole[:, :40].any(0).all()
    window, alpha = fill([np.float32([(10, 20), (30, 20)])], 2.0, mask, line=5)
    assert 0.5 < alpha.max() < 1 and alpha[:, 0].max() < 0.01 and alpha[0].max() < 0.01
    assert fill([np.float32([(45, 20), (55, 20)])], 0.0, mask, line=1) is None
    assert fill([np.float32([(90, 20), (95, 20)])], 0.0, mask, line=1) is None


def test_blotches_are_as_large_as_asked():
    noise = blotches((100, 200), 20, np.random.default_rng(0))
    assert noise.shape == (100, 200) and -0.3 < noise.min() < 0.2 and 0.8 < noise.max() < 1.3
    changes = np.count_nonzero(np.diff(noise > 0.5, axis=1), axis=1).mean()
    finer = np.count_nonzero(np.diff(blotches((100, 200), 5, np.random.default_rng(0)) > 0.5, axis=1), axis=1).mean()
    assert 2 < changes < 8 and 3 < finer / changes < 6


SETTINGS = PasteSettings(anywhere=0.2, beside=0.1, smallest=0.2, largest=2.0, camera_height=1.0, horizon=0.5)


@pytest.mark.parametrize(
    ("chance", "share", "foot", "rows"),
    [
        (0.2 + 0.1, 0.5, (200, 300), 200 * np.sqrt(0.2 * 2.0)),  # on the road, of a middle height on a scale of ratios
        (0.2 + 0.1, 0.0, (200, 300), 200 * 0.2),
        (0.2 + 0.1, 1.0, (200, 300), 0.95 * 401),  # 2 m would be 400 rows: no thing is higher than the image
        (0.29, 0.5, (200, 550), 200 * np.sqrt(0.2 * 2.0)),  # beside it
    ],
)
def test_things_stand_on_the_ground_as_high_as_they_are_there(dice, chance, share, foot, rows):
    labels = np.full(SIZE, ROAD, np.uint8)
    labels[:, 501:] = SIDEWALK
    labels[:, 500] = TERRAIN
    place = choose_place(labels, VIEW, dice(share, chance), SETTINGS)
    expected_foot = (foot[0], 250) if chance >= 0.3 else foot
    assert place == (expected_foot, int(rows), True)


def test_the_camera_nods_a_little(dice):
    """The horizon that things stand below moves by two hundredths of its height."""
    labels = np.full(SIZE, ROAD, np.uint8)
    heights = [choose_place(labels, View(100, 400), dice(share, 0.9), SETTINGS).rows for share in (0.0, 1.0)]
    assert heights == pytest.approx([0.2 * (200 - 98), 2.0 * (200 - 102)], abs=1)
    low = choose_place(labels, View(300, 400), dice(1.0, 0.9), SETTINGS)
    assert low.rows == pytest.approx(2.0 * 0.03 * 400, abs=1)


@pytest.mark.parametrize(
    ("share", "number", "foot", "rows"),
    [(0.0, 0.0, 133, 0.08 * 401), (1.0, 1.0, 401 + int(0.95 * 401) // 4 - 1, 0.95 * 401), (0.5, 0.0, 133, 110.548)],
)
def test_some_things_are_anywhere_and_of_any_size(dice, share, number, foot, rows):
    labels = np.full(SIZE, ROAD, np.uint8)
    for horizon in (foot - 1, foot):
        place = choose_place(labels, View(horizon, 400), dice(share, 0.19, number=number), SETTINGS)
        assert place == ((foot, 600 if number else 0), int(rows), horizon < foot)
    assert choose_place(np.full(SIZE, SKY, np.uint8), VIEW, dice(share, 0.9, number=number), SETTINGS).rows == int(rows)


def test_far_rows_are_met_as_often_as_near_ones():
    mask = np.zeros((10, 50), bool)
    mask[2, 20], mask[7] = True, True
    pixels = [random_pixel(mask, np.random.default_rng(seed)) for seed in range(200)]
    assert np.mean([row == 2 for row, _ in pixels]) == pytest.approx(0.5, abs=0.1)
    assert all(mask[pixel] for pixel in pixels) and random_pixel(mask & False, np.random.default_rng(0)) is None


def painted(dice, kind, level=100, chance=0.6, height=1.0, **options):
    """What lay_paint does to a road of one level, without wear: difference float [H, W, 3]."""
    image, labels = road(level)
    lay_paint(image, labels, VIEW, height, dice(chance=chance, number=kind / 4, **options))
    return image.astype(float) - level


@pytest.mark.parametrize(
    ("kind", "share", "height", "left", "right", "far"),
    [
        (0, 0.0, 1, 0, 0.1, 0.5),  # a dash: metres to the right of the spot, and ahead
        (0, 1.0, 1, 0, 0.3, 6),
        (2, 0.0, 4, -6, -4 * 0.98, 0.2),  # a stop line
        (2, 1.0, 9, 0, 12, 0.6),
        (3, 0.5, 1, -0.385 * 0.655, 0.385 * 0.655, 3.25),  # an arrow, whose head is far enough to look smaller
    ],
)
def test_paint_is_as_large_as_on_real_roads(dice, kind, share, height, left, right, far):
    metre, distance = 200 / height, 400 * (1.2 + 1.3 * share) * height / 200
    top, bottom, first, last = extent(np.abs(painted(dice, kind, share=share, height=height)).max(2) > 7)
    soft = 2 + 2 * share
    assert top == pytest.approx(200 * distance / (distance + far), abs=soft)
    assert bottom == pytest.approx(200, abs=soft)
    assert (first, last) == pytest.approx((300 + metre * left, 300 + metre * right), abs=soft)


def test_a_line_along_the_lane_runs_to_the_horizon_and_back_towards_the_camera(dice):
    top, bottom, first, last = extent(painted(dice, 1, share=0.0).max(2) > 7)
    assert top < 25 and bottom == pytest.approx(200, abs=2) and (first, last) == pytest.approx((300, 316), abs=2)
    top, bottom, _, last = extent(painted(dice, 1, share=1.0).max(2) > 7)
    assert top < 25 and bottom == 400 and last > 300 + 60


@pytest.mark.parametrize("share, reach", [(0.0, 0.2), (1.0, 2.0)])
def test_a_painted_polygon_is_up_to_two_metres_large(dice, share, reach):
    """Spread dice: three to six corners from (-1, -0.6) to (0.6, 1) of the reach."""
    distance = 400 * (1.2 + 1.3 * share) / 200
    difference = painted(dice, 4, share=share)
    top, bottom, _, _ = extent(np.abs(difference).max(2) > 7)
    assert top == pytest.approx(200 * distance / (distance + reach), abs=6)
    assert bottom <= min(200 * distance / max(distance - reach, 0.15 * distance), 400) + 4


@pytest.mark.parametrize(
    ("level", "share", "chance", "expected"),
    [
        (90, 0.0, 0.6, 90 + 0.4 * (np.array([225, 222, 215]) * 0.6 - 90)),
        (90, 1.0, 0.6, np.minimum(90 + 0.95 * (np.array([225, 222, 215]) * 1.2 - 90), 255)),
        (90, 0.0, 0.7, 90 + 0.4 * (np.array([215, 180, 70]) * 0.6 - 90)),  # yellow
        (200, 0.0, 0.6, 200 + 0.4 * (np.array([225, 222, 215]) * 0.6 - 200)),  # no brighter for a white road
        (45, 0.0, 0.6, 45 + 0.4 * (np.array([225, 222, 215]) * 0.3 - 45)),  # half as bright on a dark one
        (9, 0.0, 0.6, 9 + 0.4 * (np.array([225, 222, 215]) * 0.12 - 9)),  # and never black
    ],
)
def test_paint_is_white_or_yellow_and_lit_as_its_road(dice, level, share, chance, expected):
    found = painted(dice, 0, level, chance=chance, share=share) + level
    colours = found.reshape(-1, 3)[np.abs(found - level).max(2).argmax()]
    assert colours == pytest.approx(expected, abs=7 if share else 1.5)


def test_worn_paint_has_holes(dice):
    whole, worn = (np.abs(painted(dice, 2, chance=chance, share=0.5)).max(2) > 7 for chance in (0.5, 0.49))
    assert 0 < np.count_nonzero(worn) < 0.9 * np.count_nonzero(whole)


@pytest.mark.parametrize(
    "number, share, bars, wide, gap, long", [(0, 0.0, 3, 0.3, 0.3, 1.5), (1, 0.5, 13, 0.45, 0.45, 3)]
)
def test_a_crossing_has_three_to_thirteen_bars_with_gaps(dice, number, share, bars, wide, gap, long):
    """A camera 4 m high, so that all bars are inside: 50 pixels to the metre at the foot."""
    image, labels = road()
    lay_crossing(image, labels, VIEW, 4.0, dice(share, chance=0.6, number=number))
    paint = image[..., 0] > 107
    assert np.count_nonzero(np.diff(paint[199].astype(int)) == 1) == bars
    _, _, first, last = extent(paint[198:200])
    assert first == pytest.approx(300 - bars / 2 * (wide + gap) * 50, abs=3 + 10 * (share != 0.5))
    assert last - first == pytest.approx(((bars - 1) * (wide + gap) + wide) * 50, abs=4)
    distance = 400 * (1.2 + 1.3 * share) * 4 / 200
    assert extent(paint)[0] == pytest.approx(200 * distance / (distance + long), abs=8)


def test_three_marks_of_ten_are_paint(dice):
    for chance, paint in ((0.29, True), (0.3, False)):
        image, labels = road()
        lay_mark(image, labels, VIEW, 1.0, dice(0.5, chance))
        assert bool((image > 105).any()) == paint, "the first stain is a shadow"


def stained(stain, dice, level=100, **options):
    image, labels = road(level)
    stains.lay_stain(image, labels, VIEW, 1.0, stain, dice(**options))
    return image, labels


@pytest.mark.parametrize(
    ("stain", "share", "chance", "darkest", "lightest"),
    [
        ("shadow", 0.0, 0.5, 30, 100),
        ("shadow", 1.0, 0.5, 75, 100),
        ("pole_shadow", 0.0, 0.5, 35, 100),
        ("pole_shadow", 1.0, 0.5, 80, 100),
        ("dapple", 0.0, 0.5, 35, 100),
        ("dapple", 1.0, 0.5, 70, 100),
        ("repair", 0.0, 0.69, 55, 100),
        ("repair", 1.0, 0.69, 90, 100),
        ("repair", 0.0, 0.7, 100, 110),
        ("repair", 1.0, 0.7, 100, 130),
        ("repair", 0.0, 0.29, 16.5, 100),  # sealed around: 0.55 * 0.3
        ("repair", 1.0, 0.29, 54, 100),
        ("cover", 0.0, 0.5, 27, 100),  # 0.45 * 0.6
        ("cover", 1.0, 0.5, 85, 127.5),  # 0.85 * 1.5
        ("crack", 0.0, 0.5, 35, 100),
        ("crack", 1.0, 0.5, 75, 100),
        ("wet", 0.0, 0.5, 55, 100),  # 0.5, and a tenth of what it mirrors
        ("wet", 1.0, 0.5, 96, 100),  # 0.9 * 0.4 + 0.6
    ],
)
def test_how_dark_and_light_stains_are(dice, stain, share, chance, darkest, lightest):
    image, _ = stained(getattr(stains, stain), dice, share=share, chance=chance, number=0.5)
    slack = 14 if stain in ("repair", "crack") and darkest < 100 and chance < 0.6 else 2.5  # thin lines, softened
    assert image.min() == pytest.approx(darkest, abs=slack) and image.max() == pytest.approx(lightest, abs=2.5)


@pytest.mark.parametrize(
    ("stain", "share", "height", "wide", "long", "soft"),
    [
        ("shadow", 0.0, 1, 1, 0.5, 0.5),
        ("shadow", 1.0, 4, 9, 8, 4),
        ("wet", 0.0, 1, 0.4, 0.4, 1),
        ("wet", 1.0, 2, 4, 4, 1),
    ],
)
def test_shadows_and_puddles_are_as_large_as_real_ones(dice, stain, share, height, wide, long, soft):
    """Spread dice: corners at 0, 120, 240 and 360 degrees, at 1/2, 2/3, 5/6 and all of half the size."""
    image, labels = road()
    image[:100] = 250  # the wet ground mirrors it
    stains.lay_stain(image, labels, VIEW, height, getattr(stains, stain), dice(share))
    top, bottom, first, last = extent(np.abs(image[100:].astype(int) - 100).max(2) > 8)
    metre, distance = 200 / height, 400 * (1.2 + 1.3 * share) * height / 200

    def row(ahead):
        return 200 * distance / (distance + ahead)

    side = np.sqrt(3) / 2
    assert (top + 100, bottom + 100) == pytest.approx(
        (row(2 / 3 * side * long / 2), row(-5 / 6 * side * long / 2)), abs=2 + 2 * soft
    )
    left = 5 / 12 * wide / 2 * metre * row(-5 / 6 * side * long / 2) / 200
    assert (first, last) == pytest.approx((300 - left, 300 + wide / 2 * metre), abs=3 + 5 * soft)


def test_stains_have_four_to_eleven_corners(dice):
    few, many = (stained(stains.shadow, dice, share=1.0, number=number)[0] for number in (0.0, 1.0))
    assert (few != many).any() and (many < 90).sum() > 1.2 * (few < 90).sum()


@pytest.mark.parametrize("share, thick", [(0.0, 4), (1.0, 5)])
def test_cracks_and_seals_are_dark_lines_a_few_centimetres_thick(dice, share, thick):
    """Six steps of 0.15 m that turn by half a radian each, first to one side and then to the other."""
    image, _ = stained(stains.crack, dice, share=share)
    dark = image.min(2) < 97
    _, _, first, last = extent(dark)
    if share == 0:  # all of it: 0.9 m long but for its bends
        assert first > 280 and 100 < last - first < 185
    assert dark.sum(0).max() >= thick


@pytest.mark.parametrize(("share", "wide", "long", "soft"), [(0.0, 0.4, 0.8, 0), (1.0, 4, 8, 1)])
def test_a_repair_is_up_to_four_by_eight_metres(dice, share, wide, long, soft):
    """Spread dice: both sides at once, wide the least and long the greatest that there is."""
    image, _ = stained(stains.repair, dice, share=share, chance=0.6)
    top, bottom, first, last = extent(image.min(2) < 97)
    distance = 400 * (1.2 + 1.3 * share) / 200
    turn = 0.2 * share - 0.1
    assert top == pytest.approx(200 * distance / (distance + 8 + max(turn * 0.4, 0)), abs=3)
    assert bottom == pytest.approx(200, abs=9) and (first, last) == pytest.approx((300 - 40, 300 + 40), abs=4)


@pytest.mark.parametrize("share, radius", [(0.0, 0.25), (1.0, 0.45)])
def test_a_cover_is_as_large_as_a_manhole(dice, share, radius):
    image, _ = stained(stains.cover, dice, share=share)
    _, _, first, last = extent(image.min(2) < 97)
    assert (last - first) / 2 == pytest.approx(radius * 200 * 1.05, abs=6)
    square, _ = stained(stains.cover, dice, share=share, chance=0.24)
    _, _, first, last = extent(square.min(2) < 97)
    assert (last - first) / 2 == pytest.approx(radius * np.sqrt(0.5) * 200 * 1.07, abs=8)


@pytest.mark.parametrize("share, level", [(0.0, 100), (1.0, 100), (0.5, 5)])
def test_leaves_are_small_few_coloured_and_as_bright_as_the_ground(dice, share, level):
    image, _ = stained(stains.leaves, dice, level=level, share=share, number=0.0)
    here = max(level, 20)
    colour = np.array([190, 130, 60]) * here / 120
    alpha = 0.4 + 0.5 * share
    changed = np.abs(image.astype(int) - level).max(2) > 1
    most = np.abs(image.astype(float) - level).max(2).argmax()
    assert image.reshape(-1, 3)[most] == pytest.approx(level + alpha * (colour - level), abs=0.06 * here + 2)
    assert changed.any() and changed.mean() < 0.2


@pytest.mark.parametrize("number, least, most", [(0.0, 15, 15), (1.0, 60, 119)])
def test_how_many_leaves_lie_there(number, least, most):
    """Real random numbers but for the count; sown wide from high above, so that few lie on one another."""

    class Counted(np.random.Generator):
        def integers(self, low, high=None):
            return 0 if high is None else (low if number == 0 else high - 1)

    spot = Spot((200, 300), 200.0, 40.0, 400.0, 300.0)
    image, labels = road()
    site = stains.Site(image, labels, labels == ROAD, spot, VIEW)
    stains.leaves(site, Counted(np.random.PCG64(0)))
    count = cv2.connectedComponents((np.abs(image.astype(int) - 100).max(2) > 3).astype(np.uint8))[0] - 1
    assert least * 0.5 <= count <= most


@pytest.mark.parametrize("chance, name", [(0.59, TERRAIN), (0.6, ROAD)])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_verge_lies_along_the_road_and_grass_is_terrain(dice, chance, name, share):
    labels = np.full(SIZE, VEGETATION, np.uint8)
    labels[:, 100:500] = ROAD
    image = np.full((*SIZE, 3), 110, np.uint8)
    changed = labels.copy()
    stains.lay_stain(image, changed, VIEW, 1.0, stains.verge, dice(share, chance))
    different = (image != 110).any(2)
    strong = np.abs(image.astype(int) - 110).max(2)
    assert set(np.unique(changed)) == {name, ROAD, VEGETATION}
    assert not different[:, :100].any() and not different[:, 500:].any()
    inside = 0.2 + share
    columns = np.flatnonzero(strong[200] > strong.max() / 2)  # chance is over one half: on the right
    assert columns[-1] == 499 and columns[0] == pytest.approx(499 - 200 * inside, abs=4)
    grass = np.array([(70, 90, 30), (150, 170, 90)][int(share)])
    gravel = (120 + 110 * share) * np.array([0.85, 0.925, 1])
    base = grass if name == TERRAIN else gravel
    assert image[150:250, 480:498].reshape(-1, 3).mean(0) == pytest.approx(base, abs=9)


def test_half_of_the_verges_are_on_the_left(dice):
    labels = np.full(SIZE, ROAD, np.uint8)
    image, _ = stained(stains.verge, dice, share=0.0, chance=0.49)
    assert (image[200, :30] != 100).any() and not (image[200, 60:] != 100).any()
    assert labels.any() == 0


@pytest.mark.parametrize("share, bars, wide", [(0.0, 1, 0.08), (0.5, 2, 0.29)])
def test_shadows_of_poles_cross_the_road(dice, share, bars, wide):
    image, _ = stained(stains.pole_shadow, dice, share=share, number=(bars - 1) / 2)
    dark = image[..., 0] < 92
    assert dark.any()
    across = dark[:, 300].astype(int)  # the bars of the middle dice lie straight across
    if share == 0.5:
        assert np.count_nonzero(np.diff(np.r_[0, across, 0]) == 1) == bars
        assert dark[200].mean() > 0.95
        assert dark[:, 50].sum() == pytest.approx(dark[:, 550].sum(), abs=2), "as thick at either end"
        distance = 400 * 1.85 / 200
        rows = np.flatnonzero(across)
        assert rows[-1] == pytest.approx(200, abs=3)
        assert rows[0] == pytest.approx(200 * distance / (distance + 3.5 + wide), abs=4)
