"""Another camera: what light does to all pictures alike, and what a sensor does to one."""

import numpy as np
import pytest

from unexpected_core.training.examples.camera import change_light, change_sensor


@pytest.mark.parametrize("seed", range(6))
def test_equal_pixels_stay_equal_in_all_pictures(seed):
    grain = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    other = grain.copy()
    other[5:9, 5:9] = 0
    first, second = change_light((grain, other), np.random.default_rng(seed))
    same = np.ones((20, 30), bool)
    same[5:9, 5:9] = False
    assert np.array_equal(first[same], second[same]) and (first != grain).any()


def test_compression_spoils_blue_more_than_red():
    """As in a photo: brightness, which is kept better, has 30 % of red and 11 % of blue."""
    stripes = np.tile(np.array([60, 200], np.uint8), (40, 30))
    lost = []
    for channel in (0, 2):
        image = np.full((40, 60, 3), 128, np.uint8)
        image[..., channel] = stripes
        seen = [change_sensor(image, np.random.default_rng(seed))[..., channel] for seed in range(60)]
        lost.append(np.mean([np.abs(s.astype(float) - stripes).mean() for s in seen]))
    assert lost[1] > 1.05 * lost[0]


def test_a_sensor_is_the_same_for_the_same_numbers_and_keeps_the_mean():
    plain = np.full((40, 60, 3), 128, np.uint8)
    pictures = [change_sensor(plain, np.random.default_rng(seed)) for seed in range(30)]
    assert np.array_equal(pictures[3], change_sensor(plain, np.random.default_rng(3)))
    assert np.allclose([p.mean() for p in pictures], 128, atol=1.5)
    noise = np.array([p.std() for p in pictures])
    assert 5 <= (noise < 0.1).sum() <= 22 and 1 < noise.max() < 12
