"""Component metrics: answers written out, a slow plain twin, and the benchmark's defects with their cure."""

import time

import numpy as np
import pytest

from unexpected_core.metrics.components import ComponentCounts, Sizes, above, measure_components, strictly_above
from unexpected_core.metrics.keys import MetricError
from unexpected_core.metrics.pixel import PixelCounts, measure_pixels
from unexpected_core.metrics.smiyc import BinnedCounts

ALL = Sizes(region=1, obstacle=1)


def neighbours(mask):
    """8-connected components by flood fill: a list of sets of pixels."""
    todo, found = set(zip(*np.nonzero(mask), strict=True)), []
    while todo:
        front, component = [todo.pop()], set()
        while front:
            y, x = front.pop()
            component.add((y, x))
            near = {(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & todo
            todo -= near
            front += near
        found.append(component)
    return found


def plain(mask, obstacle, sizes):
    """The definitions, set by set."""
    regions = [c for c in neighbours(mask & (obstacle != 255)) if len(c) >= sizes.region]
    obstacles = neighbours(obstacle == 1)
    ignored = set().union(*(k for k in obstacles if len(k) < sizes.obstacle))
    obstacles = [k for k in obstacles if len(k) >= sizes.obstacle]
    regions = [c - ignored for c in regions if c - ignored]
    truth = set().union(*obstacles)
    siou = []
    for k in obstacles:
        hits = set().union(*(c for c in regions if c & k))
        siou.append(len(k & hits) / len((k | hits) - (hits & (truth - k))))
    return sorted(siou), sorted(len(c & truth) / len(c) for c in regions)


@pytest.mark.parametrize("seed", range(20))
def test_equals_the_definitions(seed):
    rng = np.random.default_rng(seed)
    coarse = rng.random((12, 17)) + rng.random((12, 17))
    obstacle = np.repeat(np.repeat(coarse > 1.4, 3, 0), 2, 1).astype(np.uint8)
    obstacle[rng.random(obstacle.shape) > 0.97] = 255
    mask = rng.random(obstacle.shape) < 0.15 + 0.5 * (obstacle == 1)
    sizes = Sizes(region=4, obstacle=7)
    frame = measure_components(mask, obstacle, sizes)
    siou, precision = plain(mask, obstacle, sizes)
    assert sorted(frame.siou) == pytest.approx(siou) and sorted(frame.precision) == pytest.approx(precision)


def test_answers_written_out():
    obstacle = np.array(
        [
            [1, 1, 0, 0, 0, 0, 0],
            [0, 0, 0, 1, 1, 0, 0],
            [0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0],
            [1, 0, 0, 0, 255, 0, 0],
        ],
        np.uint8,
    )
    mask = np.array(
        [
            [1, 1, 1, 0, 0, 0, 0],  # one region over both upper obstacles
            [0, 0, 0, 1, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 1],
            [0, 0, 0, 0, 1, 0, 1],
        ],
        bool,
    )
    frame = measure_components(mask, obstacle, ALL)
    # left: 2 hit of 2, region 4 wide, 1 of it on the other obstacle; right: 1 hit of 2; below: missed
    assert sorted(frame.siou) == [0, pytest.approx(1 / 3), pytest.approx(2 / 3)]
    assert sorted(frame.precision) == [0, 0.75]
    assert sorted(frame.region_area) == [2, 4]
    counts = ComponentCounts()
    counts.add(frame)
    numbers = counts.numbers()
    assert (numbers.siou, numbers.ppv) == (pytest.approx(1 / 3), pytest.approx(0.375))
    assert numbers.f1_25 == pytest.approx(4 / (4 + 1 + 1)) and numbers.f1_75 == pytest.approx(0)
    assert (numbers.obstacles, numbers.regions, numbers.false_regions_per_frame, numbers.frames) == (3, 2, 1, 1)


def test_score_outside_the_roi_changes_nothing():
    rng = np.random.default_rng(0)
    obstacle = rng.choice(np.array([0, 1, 255], np.uint8), size=(21, 33))
    mask = rng.random(obstacle.shape) < 0.3
    outside = obstacle == 255
    inside, everywhere = (measure_components(m, obstacle, ALL) for m in (mask & ~outside, mask | outside))
    assert np.array_equal(inside.siou, everywhere.siou) and np.array_equal(inside.precision, everywhere.precision)


def test_nothing_there():
    empty = measure_components(np.zeros((4, 6), bool), np.zeros((4, 6), np.uint8), ALL)
    assert len(empty.siou) == len(empty.precision) == 0
    counts = ComponentCounts()
    counts.add(empty)
    assert np.isnan(counts.numbers().f1) and counts.numbers().false_regions_per_frame == 0
    ignored = ComponentCounts()
    ignored.add(measure_components(np.ones((4, 6), bool), np.full((4, 6), 255, np.uint8), ALL))
    assert np.isnan(ignored.numbers().false_regions_per_frame), "nothing is judged, and nothing is praised"
    with pytest.raises(MetricError, match="no frames to measure"):
        ComponentCounts().numbers()
    with pytest.raises(MetricError, match=r"mask \(2, 3\) and ground truth \(3, 2\) differ in size"):
        measure_components(np.zeros((2, 3), bool), np.zeros((3, 2), np.uint8), ALL)


# The benchmark's known defects: first its behaviour in mode smiyc, then ours in mode exact.


def squares():
    obstacle = np.zeros((40, 60), np.uint8)
    obstacle[5:15, 5:20] = 1
    obstacle[25:35, 30:50] = 1
    return obstacle


def test_perfect_binary_mask_scores_zero_components_in_smiyc_and_all_in_exact():
    obstacle = squares()
    score = obstacle.astype(np.float16)
    found = {}
    for name, counts, mask in (("smiyc", BinnedCounts(), strictly_above), ("exact", PixelCounts(), above)):
        counts.add(score, obstacle)
        numbers, components = counts.numbers(), ComponentCounts()
        assert numbers.average_precision == 1
        components.add(measure_components(mask(score, numbers.best_f1_threshold), obstacle, ALL))
        found[name] = components.numbers().f1
    assert found == {"smiyc": 0, "exact": 1}


def test_binning_flatters_average_precision():
    """The highest bin of a frame without obstacles is wide, and its pixels count as false only at its lower edge."""
    rng = np.random.default_rng(0)
    binned, exact = BinnedCounts(), PixelCounts()
    for i in range(8):
        obstacle = (rng.random((100, 150)) < 0.02 * (i % 2)).astype(np.uint8)
        score = (rng.normal(size=obstacle.shape) + 1.5 * obstacle).astype(np.float16)
        binned.add(score, obstacle)
        exact.add(score, obstacle)
    true = exact.numbers().average_precision
    assert binned.numbers().average_precision > true * 1.05


def test_float16_destroys_saturated_scores():
    rng = np.random.default_rng(1)
    obstacle = (rng.random((200, 300)) < 0.02).astype(np.uint8)
    score = (1 - 1e-5 * np.exp(rng.normal(size=obstacle.shape) - 1.5 * obstacle)).astype(np.float32)
    exact, damaged = BinnedCounts(), BinnedCounts()
    exact.add(score, obstacle)
    damaged.add(score.astype(np.float16), obstacle)
    assert measure_pixels([(score, obstacle)]).average_precision > 0.1
    assert damaged.numbers().average_precision < 0.03


def test_foreign_masks_need_no_threshold():
    """The benchmark's --own-instancer never takes effect; here a mask is simply measured."""
    obstacle = squares()
    assert measure_components(obstacle == 1, obstacle, ALL).siou.tolist() == [1, 1]


def test_threshold_belongs_to_the_method_measured():
    """The benchmark's serial mode measures the second method at the first one's threshold; nothing is kept here."""
    obstacle = squares()
    first, second = obstacle * np.float16(0.9), obstacle * np.float16(0.2) + np.float16(0.1)
    thresholds = [measure_pixels([(score, obstacle)]).best_f1_threshold for score in (first, second)]
    stale = measure_components(strictly_above(second, thresholds[0]), obstacle, ALL)
    assert stale.siou.tolist() == [0, 0]
    assert measure_components(above(second, thresholds[1]), obstacle, ALL).siou.tolist() == [1, 1]


def test_cost_does_not_grow_with_the_number_of_regions():
    rng = np.random.default_rng(0)
    obstacle = np.zeros((400, 800), np.uint8)
    obstacle[100:140, 200:260] = 1
    noisy = rng.random(obstacle.shape) < 0.3
    measure_components(noisy, obstacle, ALL)
    times = {}
    for name, mask in (("one region", obstacle == 1), ("thousands", noisy)):
        start = time.process_time()
        for _ in range(3):
            measure_components(mask, obstacle, ALL)
        times[name] = time.process_time() - start
    assert len(measure_components(noisy, obstacle, ALL).precision) > 2000
    assert times["thousands"] < 30 * times["one region"] + 0.05
