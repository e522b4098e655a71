"""Flat marks: where they lie, how they lie there, and how bright they may be."""

import numpy as np
import pytest

from unexpected_core.discrepancy_data import paste_marks
from unexpected_core.discrepancy_data.paste_marks import lay_crossing, lay_mark

ROAD, SKY = 0, 10
SIZE = (96, 160)


def marked(labels, level, seed, lay=lay_mark):
    image = np.full((*SIZE, 3), level, np.float32)
    lay(image, labels, 0.4, 1.3, np.random.default_rng(seed))
    return image


def test_without_a_road_nothing_is_laid():
    for lay in (lay_mark, lay_crossing):
        assert (marked(np.full(SIZE, SKY, np.uint8), 90, 0, lay) == 90).all()


def test_paint_is_no_brighter_than_its_road_lets_it_be():
    labels = np.full(SIZE, ROAD, np.uint8)
    night, day = (
        np.array([marked(labels, level, seed, lay_crossing).max() for seed in range(60)]) for level in (12, 110)
    )
    assert night.max() < 60 < 150 < day.max()


def test_paint_in_a_shadow_is_darker_than_paint_beside_it():
    labels, ratios = np.full(SIZE, ROAD, np.uint8), []
    for seed in range(60):
        image = np.full((*SIZE, 3), 110, np.float32)
        image[:, 80:] = 40
        lay_crossing(image, labels, 0.4, 1.3, np.random.default_rng(seed))
        lit, shaded = image[:, :70].max(), image[:, 90:].max()
        if lit > 130 and shaded > 45:  # paint on both sides
            ratios.append(shaded / lit)
    assert len(ratios) >= 5 and max(ratios) < 0.8


@pytest.mark.parametrize("seed", range(20))
def test_stripes_narrow_towards_the_horizon_and_end_before_it(seed):
    shape = paste_marks._stripes((90, 1000), 40.0, 52.0, (96, 2000), 1 + seed, 3.0, np.random.default_rng(seed))
    rows = np.flatnonzero(shape.any(1))
    widths = np.array([np.ptp(np.flatnonzero(shape[row])) for row in (rows[1], rows[-2])])
    assert rows[0] > 38 and rows[-1] == 90
    assert widths[0] <= widths[1] + 1


def test_wear_leaves_some_paint_whole_and_some_not():
    left = np.concatenate([paste_marks._wear(30.0, SIZE, np.random.default_rng(seed)).ravel() for seed in range(8)])
    assert left.min() == 0 and left.max() == 1 and 0.2 < left.mean() < 0.95
