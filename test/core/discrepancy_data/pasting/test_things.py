"""What is pasted: which kind of thing, how wide, from which pixels; drawn shapes and textures, with loaded dice."""

import cv2
import numpy as np
import pytest

from unexpected_core.discrepancy_data.pasting.cutouts import CutOuts
from unexpected_core.discrepancy_data.pasting.settings import PasteSettings
from unexpected_core.discrepancy_data.pasting.shapes import SHAPES, SIZE, silhouette
from unexpected_core.discrepancy_data.pasting.textures import _pattern, borrowed_texture, drawn_texture
from unexpected_core.discrepancy_data.pasting.things import Lender, any_thing, cut_obstacle, photographed, synthetic

ROAD, CAR = 0, 13
GREEN = np.full((30, 20, 4), (0, 200, 0, 255), np.uint8)


def lender(width=200):
    """A road that gets lighter to the right, one level a column, with an obstacle of 10 x 12 that is white."""
    image = np.repeat(np.tile(np.arange(width, dtype=np.uint8), (100, 1))[..., None], 3, 2)
    obstacle = np.zeros((100, width), np.uint8)
    obstacle[40:50, 20:32] = 1
    image[obstacle == 1] = 255
    return Lender(image, np.full((100, width), ROAD, np.uint8), 0.0, obstacle)


@pytest.mark.parametrize(
    ("chance", "share", "rows", "columns"),
    [
        (0.07, 0.0, 10, 40),  # a beam: four to twelve times as wide as high
        (0.07, 1.0, 10, 120),
        (0.07, 1.0, 200, 1024),  # but never wider than this
        (0.08, 0.5, 100, round(100 * np.exp(0.1) - 0.5)),
        (0.08, 1.0, 100, round(100 * np.exp(0.55) - 0.5)),
        (0.08, 0.0, 4, 3),
        (0.08, 5.0, 10, 40),  # what is no beam is at most four times as wide as high
    ],
)
def test_how_wide_a_drawn_shape_is(dice, chance, share, rows, columns):
    assert synthetic(rows, [], dice(share, chance), 0.0).alpha.shape == (rows, columns)


def test_a_drawn_shape_borrows_its_texture_as_often_as_asked(dice):
    source = lender()._replace(image=np.full((100, 200, 3), 77, np.uint8))
    assert (synthetic(20, [source], dice(chance=0.0), 0.0).texture != 77).all(), "a share of nothing is none"
    textures = [synthetic(20, [source], np.random.default_rng(i), 0.25).texture for i in range(400)]
    assert np.mean([(texture == 77).all() for texture in textures]) == pytest.approx(0.25, abs=0.06)


@pytest.mark.parametrize(
    ("share", "columns"),
    [(0.5, 20), (1.0, round(20 * np.exp(0.12))), (0.0, round(20 * np.exp(-0.12))), (20.0, 120), (-20.0, 3)],
)
def test_a_cut_out_keeps_its_shape_but_for_a_little(dice, share, columns):
    assert photographed(GREEN, 30, dice(share, chance=0.9)).alpha.shape == (30, columns)


def test_a_cut_out_falls_over_seldom_and_is_mirrored_half_of_the_time(dice):
    standing = np.zeros((40, 20, 4), np.uint8)
    standing[..., 3], standing[:, :10, 0] = 255, 255  # red on the left
    mirrored, straight = (photographed(standing, 40, dice(chance=0.5, place=place)).texture for place in (0, 1))
    assert straight[20, 2, 0] == mirrored[20, 17, 0] == 255 and straight[20, 17, 0] == mirrored[20, 2, 0] == 0
    widths = [photographed(standing, 40, np.random.default_rng(i)).alpha.shape[1] for i in range(600)]
    assert np.mean(np.array(widths) > 40) == pytest.approx(0.1 * 2 / 3, abs=0.03)  # turned by 90 or 270 degrees


def test_colours_of_what_half_shows_are_its_own(dice):
    half = np.full((30, 20, 4), (50, 100, 20, 128), np.uint8)  # multiplied by alpha
    thing = photographed(half, 30, dice(chance=0.9))
    assert thing.alpha == pytest.approx(128 / 255) and thing.texture[0, 0] == pytest.approx(
        np.array([50, 100, 20]) * 255 / 128, rel=1e-5
    )
    faint = np.full((30, 20, 4), (2, 2, 2, 3), np.uint8)
    assert photographed(faint, 30, dice(chance=0.9)).texture == pytest.approx(32)  # not the noise that 1 / alpha makes


@pytest.mark.parametrize("share, left", [(0.0, 0.0), (0.5, 0.4), (1.0, 0.8)])
def test_colours_are_paler_in_three_of_ten(dice, share, left):
    colour = np.array([0, 200, 0])
    paler = photographed(GREEN, 30, dice(share, chance=0.29)).texture[0, 0]
    grey = 200 / 3
    assert paler == pytest.approx(grey + left * (colour - grey), abs=1e-3)
    assert photographed(GREEN, 30, dice(share, chance=0.3)).texture[0, 0].tolist() == colour.tolist()


def test_any_thing_is_of_the_kinds_that_the_settings_ask_for():
    outs, sources, rng = CutOuts([[GREEN]]), [lender()], np.random.default_rng(0)

    def shares(pool, **settings):
        things = [any_thing(30, pool, sources, rng, PasteSettings(borrowed=0, **settings)) for _ in range(200)]
        green = [bool((t.texture[..., 1] > t.texture[..., 0] + 1).all()) and bool(t.alpha.all()) for t in things]
        white = [float(t.texture.min()) > 250 and bool(t.alpha.all()) for t in things]
        return np.mean(green), np.mean(white)

    most = 0.95  # a pale one may be grey
    assert shares(outs, cut_outs=1.0, repainted=0.0)[0] > most
    assert shares(outs, cut_outs=0.0, repainted=0.0)[0] < 0.1
    assert shares(outs, cut_outs=0.5, repainted=0.0)[0] == pytest.approx(0.5, abs=0.12)
    assert shares(outs, cut_outs=1.0, repainted=1.0)[0] < 0.45
    assert shares(outs, cut_outs=1.0, repainted=0.5)[0] == pytest.approx(0.55, abs=0.15)
    assert shares(CutOuts([]), cut_outs=1.0, repainted=0.0)[1] > most  # the data set's own
    assert any_thing(30, outs, [], rng, PasteSettings(cut_outs=1.0, repainted=1.0)).alpha.all()


def test_obstacles_are_whole_and_of_some_size(dice):
    for box, found in (
        (np.s_[1:11, 1:13], True),
        (np.s_[0:10, 1:13], False),
        (np.s_[1:11, 0:12], False),
        (np.s_[89:99, 187:199], True),
        (np.s_[90:100, 20:32], False),
        (np.s_[40:50, 188:200], False),
        (np.s_[40:50, 20:26], False),  # sixty pixels
        (np.s_[40:50, 20:27], True),
    ):
        obstacle = np.zeros((100, 200), np.uint8)
        obstacle[box] = 1
        thing = cut_obstacle(lender()._replace(obstacle=obstacle), 30, dice(chance=0.9))
        assert (thing is not None) == found, box
    for aspect, columns in ((0.0, 48), (2.0, 48), (4.0, 96), (1.0, 24)):  # 10 x 12 of a frame stored 100 x 200
        thing = cut_obstacle(lender()._replace(aspect=aspect), 40, dice(chance=0.9, share=0.5))
        assert thing.alpha.shape == pytest.approx((40, columns), rel=0.2), "as wide as it really was"
    unknown = np.where(lender().obstacle == 1, 255, 0).astype(np.uint8)
    assert cut_obstacle(lender()._replace(obstacle=unknown), 30, dice()) is None
    assert cut_obstacle(lender()._replace(obstacle=None), 30, dice()) is None


@pytest.mark.parametrize(
    ("share", "place", "piece", "mirror"), [(0.0, 0, np.s_[:40, :80], -1), (1.0, 1, np.s_[95:100, 190:200], 1)]
)
def test_borrowed_ground_is_zoomed_and_mirrored(dice, share, place, piece, mirror):
    """Half as large to four times as large, from anywhere in the frame."""
    source = lender()
    found = borrowed_texture(source.image, source.labels, 20, 40, dice(share, number=share, place=place))
    expected = cv2.resize(np.ascontiguousarray(source.image[piece][:, ::mirror]), (40, 20))
    assert found.tolist() == expected.tolist() and found.dtype == np.float32


def test_borrowed_ground_is_found_where_six_tries_find_it():
    labels = np.full((100, 200), CAR, np.uint8)
    labels[:, :100] = ROAD
    found = [borrowed_texture(lender().image, labels, 10, 10, np.random.default_rng(i)) is not None for i in range(200)]
    assert np.mean(found) > 0.9


@pytest.mark.parametrize(
    ("chance", "low", "high"),
    [(0.19, (190 * 0.95, 190 * 0.96), (255,)), (0.2, (15 * 0.75,), (235 * 1.15,)), (0.6, (10,), (245,))],
)
def test_two_colours_are_white_or_earthy_or_any(dice, chance, low, high):
    """With dice that spread evenly, red of the first is the lowest and blue of the second the highest there is."""
    plain = drawn_texture(4, 6, dice(0.0, chance, number=0.0))  # of the first colour alone, without grain
    assert plain[..., 0] == pytest.approx(low[0]) and (len(low) == 1 or plain[..., 1] == pytest.approx(low[1]))
    stripes = drawn_texture(40, 60, dice(0.0, chance, number=0.5))
    assert stripes[..., 2].max() == pytest.approx(high[-1])


def test_light_differs_by_up_to_three_quarters_and_grain_has_up_to_fourteen_levels(dice):
    plain = drawn_texture(9, 9, dice(1.0, 0.7, number=0.0))  # of the colour 10, with blobs from dark to light
    assert plain[0, 0, 0] == pytest.approx(0.25 * 10 - 14) and plain[-1, -1, 0] == pytest.approx(1.75 * 10 + 14)


@pytest.mark.parametrize("rows, columns", [(8, 4), (4, 8)])
def test_gradients_run_down_or_across(dice, rows, columns):
    down, across = (_pattern(rows, columns, dice(chance=chance, number=0.25)) for chance in (0.49, 0.5))
    assert down[:, 0].tolist() == [i / 8 for i in range(rows)] and np.ptp(down, axis=1).max() == 0
    assert across[0].tolist() == [i / 8 for i in range(columns)] and np.ptp(across, axis=0).max() == 0


@pytest.mark.parametrize("share, waves", [(0.0, 3), (1.0, 14)])
def test_stripes_are_three_to_fourteen(dice, share, waves):
    pattern = _pattern(20, 840, dice(share, number=0.5))  # straight across at either end of the angle's range
    assert set(np.unique(pattern)) == {0, 1} and np.ptp(pattern[:1], axis=0).max() == 0
    edges = np.count_nonzero(np.diff(pattern[0]))
    assert edges == pytest.approx(2 * waves, abs=1)


@pytest.mark.parametrize("angle, axis", [(0.0, 0), (0.5, 1)])
def test_stripes_stand_at_any_angle(dice, angle, axis):
    pattern = _pattern(200, 200, dice(angle, number=0.5))
    assert np.ptp(pattern, axis=axis).mean() < 0.1 < np.ptp(pattern, axis=1 - axis).mean()


def test_blotches_are_hard_or_soft(dice):
    hard, soft = (_pattern(50, 70, np.random.default_rng(seed)) for seed in _seeds(3, 4))
    assert set(np.unique(hard)) == {0, 1} and 0.2 < hard.mean() < 0.8
    assert len(np.unique(soft)) > 100 and soft.min() >= 0 and soft.max() <= 1


def _seeds(*kinds):
    """A seed whose first throw of five is of each kind."""
    return [next(s for s in range(99) if np.random.default_rng(s).integers(5) == kind) for kind in kinds]


def shape(kind, dice):
    canvas = np.zeros((SIZE, SIZE), np.uint8)
    SHAPES[kind](canvas, dice)
    rows, columns = (np.flatnonzero((canvas > 127).any(axis)) for axis in (1, 0))
    return canvas, (rows[0], rows[-1]), (columns[0], columns[-1])


@pytest.mark.parametrize("number, half", [(0.0, 8), (1.0, 23)])
def test_ellipses_are_as_wide_as_the_canvas_and_flat_or_round(dice, number, half):
    canvas, rows, columns = shape(0, dice(number=number))
    assert rows == (24 - half, 24 + half) and columns == (1, 47)
    assert (canvas > 127).sum() == pytest.approx(np.pi * 23.5 * (half + 0.5), rel=0.03)


@pytest.mark.parametrize(
    ("chance", "number", "hole"), [(0.4, 0, None), (0.39, 0, np.s_[4:8, 4:8]), (0.39, 1, np.s_[35:46, 35:46])]
)
def test_boxes_fill_the_canvas_and_crates_have_holes(dice, chance, number, hole):
    expected = np.zeros((SIZE, SIZE), np.uint8)
    expected[1:47, 1:47] = 255
    if hole:
        expected[hole] = 0
    assert np.array_equal(shape(1, dice(chance=chance, number=number))[0], expected)


def test_stars_hulls_and_sticks_are_solid_and_inside_the_canvas():
    for kind, least in ((2, 0.02), (3, 0.02), (4, 0.02)):
        shares = [(shape(kind, np.random.default_rng(seed))[0] > 127).mean() for seed in range(80)]
        assert min(shares) > 0 and np.median(shares) > 5 * least and max(shares) < 0.95
    star = shape(2, np.random.default_rng(0))[0]
    assert not star[0].any() and not star[:, 0].any()


@pytest.mark.parametrize("number, corners, radius", [(0.0, 3, 23), (1.0, 10, 23)])
def test_a_star_has_three_to_ten_corners_around_the_middle(dice, number, corners, radius):
    """Spread dice: corners at even angles from 0 to 360 degrees, radii from 0.35 to 1 of 23."""
    canvas, _, columns = shape(2, dice(number=number))
    angles, radii = np.linspace(0, 2 * np.pi, corners), radius * np.linspace(0.35, 1, corners)
    points = np.stack([24 + radii * np.cos(angles), 24 + radii * np.sin(angles)], 1).astype(np.int32)
    assert columns[1] == 47 and columns[0] == pytest.approx(points[:, 0].min(), abs=1)
    outside = np.ones_like(canvas)
    cv2.fillPoly(outside, [cv2.convexHull(points)], 0)
    assert not canvas[cv2.erode(outside, np.ones((3, 3), np.uint8)) == 1].any()


def test_a_stick_is_three_to_eleven_pixels_thick(dice):
    thin, thick = (np.count_nonzero(shape(4, dice(number=number))[0]) for number in (0.0, 1.0))
    assert thin < 30 and thick > 60  # all throws alike: a stick without length


def test_a_silhouette_is_turned_in_a_third_of_the_cases_and_fills_its_box(dice):
    box = dice(0.0, chance=0.4, place=0.25)  # the second shape, neither turned nor with holes
    assert silhouette(30, 50, box).tolist() == np.ones((30, 50)).tolist()
    turned = silhouette(30, 50, dice(0.0, chance=0.34, place=0.25, number=0.0))
    corners = turned[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.max() < 0.5 and turned.shape == (30, 50)
    assert turned.max(0).min() > 0.3 and turned.max(1).min() > 0.3
    left, straight, right = (
        silhouette(40, 40, dice(share, chance=0.3, place=0.25, number=1.0)) for share in (0, 0.5, 1)
    )
    assert straight[20, 1:11].all() and not straight[36, 36], "its hole is at the lower right"
    assert left[0].mean() < 0.5 and np.abs(left - np.rot90(right, 2)[:, ::-1][::-1]).mean() > 0.01
    kinds = [silhouette(12, 12, np.random.default_rng(seed)).mean() for seed in range(300)]
    assert np.mean(np.array(kinds) > 0.98) == pytest.approx(0.25 * 0.6 * 0.65, abs=0.06)  # whole boxes
