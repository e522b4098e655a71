"""Flat marks: where they lie, how they lie there, and how bright they may be."""

import numpy as np
import pytest

from unexpected_core.discrepancy_data.pasting.bonnet import lay_bonnet
from unexpected_core.discrepancy_data.pasting.ground import Patch, Spot, fill, project
from unexpected_core.discrepancy_data.pasting.marks import lay_crossing, lay_mark, stripe, wear
from unexpected_core.discrepancy_data.pasting.place import View, horizon_share
from unexpected_core.discrepancy_data.pasting.stains import STAINS, dapple, lay_stain, pole_shadow, shadow, verge

ROAD, SIDEWALK, TERRAIN, SKY = 0, 1, 9, 10
SIZE = (96, 160)
VIEW = View(38, 96)


def marked(labels, level, seed, lay=lay_mark):
    image = np.full((*SIZE, 3), level, np.uint8)
    lay(image, labels, VIEW, 1.3, np.random.default_rng(seed))
    return image.astype(int)


def test_without_a_road_nothing_is_laid():
    for lay in (lay_mark, lay_crossing):
        assert (marked(np.full(SIZE, SKY, np.uint8), 90, 0, lay) == 90).all()


@pytest.mark.parametrize("stain", dict.fromkeys(STAINS))
def test_stains_stay_on_the_ground_and_change_it(stain):
    labels = np.full(SIZE, SKY, np.uint8)
    labels[40:], labels[40:, 130:] = ROAD, SIDEWALK
    reach = (labels != SKY) if stain in (shadow, pole_shadow, dapple) else labels == ROAD
    changed = np.zeros(SIZE, bool)
    for seed in range(12):
        image, names = np.full((*SIZE, 3), 100, np.uint8), labels.copy()
        lay_stain(image, names, VIEW, 1.3, stain, np.random.default_rng(seed))
        changed |= (image != 100).any(2)
        assert np.isin(names[names != labels], TERRAIN).all() and (stain is verge or np.array_equal(names, labels))
    assert changed.any() and not changed[~reach].any()


def test_paint_is_no_brighter_than_its_road_lets_it_be():
    labels = np.full(SIZE, ROAD, np.uint8)
    night, day = (
        np.array([marked(labels, level, seed, lay_crossing).max() for seed in range(60)]) for level in (12, 110)
    )
    assert night.max() < 60 < 150 < day.max()


def test_paint_in_a_shadow_is_darker_than_paint_beside_it():
    labels, ratios = np.full(SIZE, ROAD, np.uint8), []
    for seed in range(60):
        image = np.full((*SIZE, 3), 110, np.uint8)
        image[:, 80:] = 40
        lay_crossing(image, labels, VIEW, 1.3, np.random.default_rng(seed))
        lit, shaded = image[:, :70].max(), image[:, 90:].max()
        if lit > 130 and shaded > 45:  # paint on both sides
            ratios.append(shaded / lit)
    assert len(ratios) >= 5 and max(ratios) < 0.8


def test_a_point_twice_as_far_is_half_as_far_below_the_horizon():
    """A foot 50 rows below the horizon, 10 m ahead, 20 columns right of where the road runs to."""
    spot = Spot((90, 120), 50.0, 40.0, 10.0, 100.0)
    found = project(spot, [(0, 0), (0, 10), (0.5, 10), (0, 1e9)])
    assert found[:3].tolist() == [[120, 90], [110, 65], [120, 65]]
    assert found[3] == pytest.approx((100, 40))


def test_fill_covers_a_box_and_nothing_outside_the_mask():
    mask = np.ones((20, 30), bool)
    mask[:, 15:] = False
    window, alpha = fill([np.array([(5, 4), (25, 4), (25, 12), (5, 12)], np.float32)], 0.0, mask)
    whole = np.zeros((20, 30))
    whole[window] = alpha
    assert (whole[5:12, 6:15] == 1).all() and not whole[:, 15:].any() and not whole[:3].any() and not whole[14:].any()
    assert fill([np.array([(50, 4), (60, 4), (60, 9)], np.float32)], 0.0, mask) is None


def test_wear_leaves_some_paint_whole_and_some_not():
    patch = Patch(np.s_[0:96, 0:160], np.ones(SIZE, np.float32))
    left = np.concatenate([wear(patch, 30.0, np.random.default_rng(seed)).ravel() for seed in range(8)])
    assert left.min() == 0 and left.max() == 1 and 0.2 < left.mean() < 0.95


def test_a_stripe_is_as_wide_and_long_as_it_says():
    assert stripe(-1, 0.5, 3).tolist() == [[-1, 0], [-0.5, 0], [-0.5, 3], [-1, 3]]


def test_a_bonnet_lies_at_the_lower_border_and_has_no_label():
    for seed in range(10):
        image, labels = np.full((*SIZE, 3), 100, np.uint8), np.full(SIZE, ROAD, np.uint8)
        lay_bonnet(image, labels, VIEW, np.random.default_rng(seed))
        assert (labels[-1] == 255).any() and (labels[:70] == ROAD).all() and (image[:70] == 100).all()


@pytest.mark.parametrize("rows", [8, 30, 96])
def test_a_crop_of_a_large_frame_may_be_all_bonnet(rows):
    for seed in range(60):
        image, labels = np.full((rows, 192, 3), 100, np.uint8), np.full((rows, 192), ROAD, np.uint8)
        lay_bonnet(image, labels, View(0.0, 900), np.random.default_rng(seed))
        assert (labels[-1] == 255).any() and (image[labels == ROAD] == 100).mean() > 0.8


@pytest.mark.parametrize("top, share", [(40, 0.4), (80, 0.4), (10, 0.4), (50, 0.49)])
def test_the_horizon_is_where_the_road_begins_if_that_can_be_true(top, share):
    labels = np.full((100, 80), SKY, np.uint8)
    labels[top:] = ROAD
    assert horizon_share(labels, 0.4) == pytest.approx(share, abs=0.021)
