"""Laying patches over images: windows and mixtures written out."""

import numpy as np
import pytest

from unexpected_core.discrepancy_data.pasting.blend import dim, mix, overlap, soften


@pytest.mark.parametrize(
    ("corner", "canvas", "patch"),
    [
        ((2, 1), np.s_[2:7, 1:5], np.s_[0:5, 0:4]),
        ((-2, 3), np.s_[0:3, 3:6], np.s_[2:5, 0:3]),
        ((9, 5), np.s_[9:10, 5:6], np.s_[0:1, 0:1]),  # a single pixel
        ((-4, -3), np.s_[0:1, 0:1], np.s_[4:5, 3:4]),
        ((10, 0), None, None),
        ((0, 6), None, None),
        ((-5, 0), None, None),
        ((0, -4), None, None),
    ],
)
def test_where_a_patch_of_5x4_meets_a_canvas_of_10x6(corner, canvas, patch):
    assert overlap(*corner, (5, 4), (10, 6)) == (canvas and (canvas, patch))


def test_mixing_is_a_weighted_mean_cut_to_eight_bits():
    image = np.full((1, 4, 3), 100, np.uint8)
    mix(image, np.s_[0:1, 1:4], np.array([[0.0, 0.25, 1.0]], np.float32), np.array([200, 0, 300], np.float32))
    assert image[0].tolist() == [[100] * 3, [100] * 3, [125, 75, 150], [200, 0, 255]]
    mix(image, np.s_[0:1, 0:1], np.ones((1, 1), np.float32), np.float32([[[-20, 20, 20]]]))
    assert image[0, 0].tolist() == [0, 20, 20]


def test_dimming_takes_light_where_alpha_is():
    image = np.full((1, 3, 3), 100, np.uint8)
    dim(image, np.s_[0:1, 0:3], np.array([[0.0, 0.5, 1.0]], np.float32), 0.5)
    assert image[0, :, 0].tolist() == [100, 75, 50]
    dim(image, np.s_[0:1, 0:1], np.ones((1, 1), np.float32), np.array([0.5, 1.0, 3.0]))
    assert image[0, 0].tolist() == [50, 100, 255]


def test_softening_knows_rows_from_columns_and_leaves_alone_what_is_hardly_soft():
    alpha = np.zeros((21, 25), np.float32)
    alpha[10, 12] = 1
    down, across = soften(alpha, (1.5, 0.0)), soften(alpha, (0.0, 1.5))
    assert np.flatnonzero(down.sum(0) > 1e-6).tolist() == [12] and np.flatnonzero(across.sum(1) > 1e-6).tolist() == [10]
    assert np.allclose(down[:, 12], across[10, 2:23], atol=1e-6) and down.sum() == pytest.approx(1)
    assert down[10, 12] == pytest.approx(1 / (1.5 * np.sqrt(2 * np.pi)), rel=0.03)
    assert soften(alpha, 1.0)[10, 12] == pytest.approx(1 / (2 * np.pi), rel=0.03)
    assert soften(alpha, 0.2) is alpha and soften(alpha, 0.3) is not alpha
