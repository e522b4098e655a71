"""A thing in the light of its place, with loaded dice: gains, casts, shading, camouflage, softness and shadow."""

import cv2
import numpy as np
import pytest

from unexpected_core.discrepancy_data.pasting.light import as_sharp, contact_shadow, lit
from unexpected_core.discrepancy_data.pasting.sharpness import edge_blur
from unexpected_core.discrepancy_data.pasting.things import Thing


def plain(*colour, rows=5, columns=4):
    """A thing of one colour, RGB 0..255."""
    return Thing(np.full((rows, columns, 3), colour, np.float32), np.ones((rows, columns), np.float32))


def around(*colour):
    return np.full((7, 9, 3), colour, np.uint8)


@pytest.mark.parametrize(
    ("level", "here", "share", "expected"),
    [
        (100, 50, 0.0, 100 * 0.5**0.2),
        (100, 50, 1.0, 100 * 0.5**0.8),
        (100, 10, 1.0, 100 * 0.4**0.8),  # no darker than that
        (50, 250, 1.0, 50 * 2.5**0.8),  # and no lighter
        (0.5, 0, 1.0, 0.5),  # black in the dark stays as it is
    ],
)
def test_the_place_draws_the_brightness_towards_its_own(dice, level, here, share, expected):
    found = lit(plain(level), around(here), dice(share), camouflage=False, shaded=False)
    assert found.texture == pytest.approx(expected, rel=1e-5) and found.texture.dtype == np.float32


@pytest.mark.parametrize("share, power", [(0.0, 0.0), (1.0, 0.6)])
def test_the_place_casts_its_colour_within_limits(dice, share, power):
    found = lit(plain(100), around(200, 100, 0), dice(share), camouflage=False, shaded=False).texture[0, 0]
    mean = 301 / 3  # black counts as 1
    gain = (mean / 100) ** (0.2 + 0.6 * share)
    assert found == pytest.approx(100 * gain * np.array([1.4**power, (100 / mean) ** power, 0.7**power]), rel=1e-5)


@pytest.mark.parametrize("share, top, foot", [(0.0, 0.9, 0.5), (1.0, 1.3, 1.0)])
def test_shading_runs_from_the_top_to_the_foot(dice, share, top, foot):
    upright = 0.4 + 0.7 * share  # less light than on the ground
    thing = lit(plain(100), around(100), dice(share, chance=0.59), camouflage=False)
    assert thing.texture[:, 0, 0] == pytest.approx(100 * upright * np.linspace(top, foot, 5), rel=1e-5)
    even = lit(plain(100), around(100), dice(share, chance=0.6), camouflage=False)
    assert even.texture == pytest.approx(100 * upright)
    flat = lit(plain(100), around(100), dice(share, chance=0), camouflage=False, shaded=False)
    assert flat.texture == pytest.approx(100)


@pytest.mark.parametrize("share, flat, near", [(0.0, 0.4, 0.6), (1.0, 1.0, 0.95)])
def test_camouflage_flattens_and_draws_the_colour_towards_that_around(dice, share, flat, near):
    thing = plain(100, 100, 100, rows=2)
    thing.texture[0], thing.texture[1] = 80, 120
    found = lit(thing, around(120, 100, 80), dice(share), camouflage=True, shaded=False).texture
    cast = np.array([1.2, 1, 0.8]) ** (0.6 * share)
    own = 100 * cast
    middle = own + near * (np.array([120, 100, 80]) - own)
    assert found[0, 0] == pytest.approx(middle - flat * 20 * cast, rel=1e-4)
    assert found[1, 0] == pytest.approx(middle + flat * 20 * cast, rel=1e-4)


def test_only_what_shows_says_how_bright_a_thing_is(dice):
    thing = plain(100)
    thing.texture[:, :2], thing.alpha[:, :2] = 255, 0
    assert lit(thing, around(100), dice(1.0), camouflage=False, shaded=False).texture[0, 3] == pytest.approx(100)


def test_colours_stay_in_eight_bits(dice):
    thing = plain(100, rows=2)
    thing.texture[0], thing.texture[1] = 0, 250
    bright = lit(thing, around(250), dice(1.0), camouflage=False, shaded=False).texture
    assert bright.max() == 255 and bright.min() == 0


def without_rim(values, size):
    """What lies on the thing's own pixels, size (height, width)."""
    rim = (len(values) - size[0]) // 2
    assert values.shape[:2] == (size[0] + 2 * rim, size[1] + 2 * rim)
    return values[rim : rim + size[0], rim : rim + size[1]]


@pytest.mark.parametrize("share, factor", [(0.0, 0.7), (1.0, 1.2)])
@pytest.mark.parametrize("frame, limited", [((1.0, 1.5), (1.0, 1.5)), ((5.0, 6.0), (2.5, 2.5))])
@pytest.mark.parametrize("left, right", [(20, 40), (0, 60)])  # to the sides of its box: they are its outline, too
def test_the_outline_is_about_as_soft_as_the_frame_but_not_without_end(
    dice, frame, limited, share, factor, left, right
):
    alpha = np.zeros((40, 60), np.float32)
    alpha[10:30, left:right] = 1
    found = as_sharp(Thing(np.full((40, 60, 3), 90, np.float32), alpha), frame, dice(share)).alpha
    down, across = (2.5 if sigma == 2.5 else factor * sigma for sigma in limited)
    expected = cv2.GaussianBlur(np.pad(alpha, 20), (0, 0), across, sigmaY=down)
    assert np.allclose(without_rim(found, alpha.shape), expected[20:60, 20:80], atol=4e-3)
    assert found[:, [0, -1]].max() < 0.01 and found[[0, -1]].max() < 0.01, "it has faded at the end of the rim"


@pytest.mark.parametrize("times", [1, 2, 3])
def test_an_enlarged_outline_is_no_softer_than_another(dice, times):
    """Known things are enlarged more often than cut-outs, and would be told by softer outlines."""
    small = np.pad(np.ones((20, 24), np.float32), 6)
    alpha = cv2.resize(small, None, fx=times, fy=times, interpolation=cv2.INTER_LINEAR)
    thing = as_sharp(Thing(np.full((*alpha.shape, 3), 90, np.float32), alpha), (1.5, 1.5), dice(0.6))
    assert edge_blur(np.uint8(255 * thing.alpha), every=1) == pytest.approx((1.5, 1.5), rel=0.1)


def test_the_sides_of_a_box_are_soft():
    """Laid into a frame of this blur, its sides rise from a tenth to nine tenths as a Gaussian does: in 2.56 sigma."""
    box = plain(200, 200, 200, rows=30, columns=30)
    thing = as_sharp(box, (2, 2), np.random.default_rng(0))
    for profile in (thing.alpha[len(thing.alpha) // 2], thing.alpha[:, len(thing.alpha) // 2]):
        rising = profile[: len(profile) // 2]
        assert np.count_nonzero((rising > 0.1) & (rising < 0.9)) >= 0.7 * 2.56 * 2 - 1
        assert np.count_nonzero(profile > 0.5) == 30, "and it is no larger"


def test_a_thing_more_blurred_than_the_frame_keeps_its_texture(dice):
    stripes = np.where(np.arange(60) % 20 < 10, 40, 200).astype(np.float32)
    texture = cv2.GaussianBlur(np.tile(stripes[None, :, None], (60, 1, 3)), (0, 0), 1.5)
    thing = Thing(texture, np.ones((60, 60), np.float32))
    assert np.array_equal(without_rim(as_sharp(thing, (0.7, 1.0), dice()).texture, (60, 60)), texture)
    blurred = without_rim(as_sharp(thing, (0.7, 3.0), dice()).texture, (60, 60))
    assert np.abs(np.diff(blurred[30, :, 0])).max() < 0.7 * np.abs(np.diff(texture[30, :, 0])).max()


@pytest.mark.parametrize(
    ("share", "size", "gain", "half_axes", "shift"),
    [
        (0.0, (40, 20), 0.35, (11, 2), -7),
        (1.0, (40, 20), 0.8, (11, 7), 7),
        (0.5, (4, 3), 0.575, (2, 1), 0),
    ],
)
def test_a_contact_shadow_is_a_flat_ellipse_under_the_foot(dice, share, size, gain, half_axes, shift):
    """As wide as the thing and a little more, 5 to 18 % as deep as it is high, up to a third of its width aside."""
    image = np.full((80, 120, 3), 200, np.uint8)
    contact_shadow(image, (50, 60), size, dice(share))
    taken = (200 - image[..., 0].astype(int)) / 200
    assert taken.max() == pytest.approx(1 - gain, abs=0.02 if size[0] > 4 else 0.12)
    dark = taken > taken.max() / 2
    rows, columns = np.flatnonzero(dark.any(1)), np.flatnonzero(dark.any(0))
    assert (rows.mean(), columns.mean()) == (50, 60 + shift)
    assert len(columns) == pytest.approx(2 * half_axes[0] + 1, abs=2)
    assert len(rows) == pytest.approx(2 * half_axes[1] + 1, abs=2)
    rim = np.flatnonzero(taken.any(0))
    assert rim[0] > columns[0] - 8 and rim[-1] < columns[-1] + 8, "soft, but it ends"
    assert taken[:, rim[[0, -1]]].max() < 0.03 and taken[np.flatnonzero(taken.any(1))[[0, -1]]].max() < 0.03


def test_a_shadow_is_cut_by_the_border_of_the_image(dice):
    image = np.full((30, 40, 3), 200, np.uint8)
    contact_shadow(image, (29, 39), (20, 20), dice(0.5))
    assert image[29, 39, 0] < 130 and (image[:10] == 200).all() and (image[:, :20] == 200).all()
    contact_shadow(image, (200, 39), (20, 20), dice(0.5))  # nowhere near: nothing happens
