"""What is expected in every frame of a drive: the own bonnet, and ground of other colours; with loaded dice."""

import cv2
import numpy as np
import pytest

from unexpected_core.discrepancy_data.pasting.bonnet import lay_bonnet
from unexpected_core.discrepancy_data.pasting.place import View
from unexpected_core.discrepancy_data.pasting.recolour import recolour

ROAD, SIDEWALK, BUILDING, VEGETATION, TERRAIN, SKY, CAR = 0, 1, 2, 8, 9, 10, 13


def bonnet(dice, **options):
    image, labels = np.full((400, 600, 3), 200, np.uint8), np.full((400, 600), ROAD, np.uint8)
    lay_bonnet(image, labels, View(160, 400), dice(**options))
    return image, labels == 255


@pytest.mark.parametrize(
    ("share", "high", "middle", "spread", "power"), [(0.0, 16, 180, 210, 2), (1.0, 64, 420, 480, 4)]
)
def test_a_bonnet_is_a_hump_at_the_lower_border(dice, share, high, middle, spread, power):
    """4 to 16 % of the frame high; its edge falls as a power of the distance from its middle."""
    _, ours = bonnet(dice, share=share, chance=0.6)
    x = np.arange(600)
    edge = np.clip(400 - high + high * (np.abs(x - middle) / spread) ** power, 0, 400)
    assert ours.sum(0) == pytest.approx(np.clip(400 - edge, 0, None), abs=1.6)


@pytest.mark.parametrize("share, base, shine, fall", [(0.0, 10, 0, 4), (1.0, 150, 120, 20)])
def test_lacquer_shines_at_its_edge(dice, share, base, shine, fall):
    image, ours = bonnet(dice, share=share, chance=0.6)
    column = 180 if share == 0 else 420
    shown = image[ours[:, column], column].astype(float)
    depth = (np.flatnonzero(ours[:, column]) - ours[:, column].argmax()) / ours[:, column].sum()
    for i, tint in enumerate((0.8, 1.0, 1.2)):  # spread dice
        expected = np.clip(base * tint * (1 - 0.4 * depth) + shine * np.exp(-fall * depth), 0, 255)
        assert shown[3:, i] == pytest.approx(expected[3:], abs=14 if share else 1.5)


@pytest.mark.parametrize("share, radius", [(0.0, 3), (1.0, 10)])
def test_half_of_the_bonnets_bear_a_star(dice, share, radius):
    """A ring with spokes on a stem, 0.8 to 2.5 % of the frame in radius; all of it is ours."""
    _, without = bonnet(dice, share=share, chance=0.5)
    image, ours = bonnet(dice, share=share, chance=0.49)
    star = (ours & ~without).astype(np.uint8)
    rows, columns = (np.flatnonzero(star.any(axis)) for axis in (1, 0))
    middle, top = (180, 400 - 16) if share == 0 else (420, 400 - 64)
    thick = max(1, radius // 4)
    assert (columns[0], columns[-1]) == pytest.approx((middle - radius, middle + radius), abs=thick)
    assert rows[0] == pytest.approx(top - round(1.5 * radius) - radius, abs=thick)
    assert rows[-1] == pytest.approx(top, abs=2)
    assert cv2.connectedComponents(star)[0] == 2
    level = 40 + 180 * share
    spoke = image[top - round(1.5 * radius) - radius // 2, middle]
    assert spoke.mean() == pytest.approx(level, abs=25)
    centre = top - round(1.5 * radius)
    ring = star[centre - radius - 2 : centre + radius + 3, middle - radius - 2 : middle + radius + 3]
    if radius > 5:  # the ring is open between the spokes: below, and to the left and right above
        assert not star[centre + radius // 2, middle] and not star[centre - radius // 3, middle + radius // 2]
        assert star[centre + radius // 3, middle + round(0.55 * radius)] and ring.mean() < 0.6


def tinted(dice, label, share=1.0, chance=0.0, gains=(0.5, 2.0), asked=1.0, level=60):
    labels = np.full((30, 40), CAR, np.uint8)
    labels[:, :20] = label
    image = np.full((30, 40, 3), level, np.uint8)
    changed = recolour(image, labels, dice(share, chance), asked, gains)
    assert (image == level).all() and (changed[:, 26:] == level).all(), "a copy; cars keep their colour"
    return changed[15, 5]


@pytest.mark.parametrize("share, bright", [(0.0, 0.7), (1.0, 1.4)])
@pytest.mark.parametrize(
    ("label", "power"), [(VEGETATION, 1), (TERRAIN, 1), (ROAD, 0.4), (SIDEWALK, 0.4), (BUILDING, 0.4)]
)
def test_plants_have_any_colour_and_roads_and_houses_a_tint(dice, label, power, share, bright):
    """Spread dice: gains of 0.5, 1.25 and 2, to a power; and all of it darker or brighter."""
    expected = 60 * np.array([0.5, 1.25, 2.0]) ** (power * share) * bright
    assert tinted(dice, label, share) == pytest.approx(expected, abs=1)


def test_each_class_changes_as_often_as_asked(dice):
    assert (tinted(dice, ROAD, chance=0.29, asked=0.3) != 60).any() and (
        tinted(dice, ROAD, chance=0.3, asked=0.3) == 60
    ).all()
    assert (tinted(dice, SKY) == 60).all()
    labels = np.repeat(np.array([VEGETATION, TERRAIN, SIDEWALK, ROAD, BUILDING], np.uint8), 12)[:, None] * np.ones(
        (1, 30), np.uint8
    )
    image = np.full((*labels.shape, 3), 100, np.uint8)
    changed = [
        (recolour(image, labels, np.random.default_rng(seed), 0.25, (0.6, 1.4))[6::12, 15] != 100).any(1)
        for seed in range(200)
    ]
    assert np.mean(changed, 0) == pytest.approx(0.25, abs=0.08)


def test_a_change_is_soft_at_the_borders_of_its_class(dice):
    labels = np.full((30, 60), CAR, np.uint8)
    labels[:, :30] = VEGETATION
    image = np.full((30, 60, 3), 100, np.uint8)
    row = recolour(image, labels, dice(0.0, 0.0), 1.0, (0.5, 2.0))[15, :, 0].astype(int)
    steps = np.abs(np.diff(row))
    assert row[20] == 70 and row[40] == 100 and 0 < steps.max() < 20 and np.count_nonzero(steps) <= 5


def test_bright_colours_end_at_white(dice):
    assert tinted(dice, VEGETATION, 1.0, level=250).tolist() == [175, 255, 255]
