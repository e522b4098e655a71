"""Segmentation, calibration, obstacles by size and place, flicker, promised false alarms: answers written out."""

import numpy as np
import pytest

from unexpected_core.drawing.tracks import DrawnRoads
from unexpected_core.metrics.calibration import area_under_risk_coverage, calibration_error, reliability, risk_coverage
from unexpected_core.metrics.clips import change, mean_change
from unexpected_core.metrics.components import above
from unexpected_core.metrics.false_alarms import alarm_level, promised_threshold
from unexpected_core.metrics.keys import MetricError
from unexpected_core.metrics.objects import find_obstacles, join, recall_table
from unexpected_core.metrics.pixel import measure_pixels
from unexpected_core.metrics.segmentation import class_iou, confusion, mean_iou
from unexpected_core.structs import RoadCamera


def test_iou_written_out():
    labels = np.array([[0, 0, 1, 1, 255]], np.uint8)
    predicted = np.array([[0, 1, 1, 255, 0]], np.uint8)
    matrix = confusion(predicted, labels, 3)
    assert class_iou(matrix) == pytest.approx([1 / 2, 1 / 3, np.nan], nan_ok=True)
    assert mean_iou(matrix + confusion(labels, labels, 3)) == pytest.approx((3 / 4 + 3 / 5) / 2)
    assert np.isnan(mean_iou(np.zeros((3, 4), np.int64)))
    with pytest.raises(MetricError, match=r"predicted labels \(1, 5\) and labels \(5, 1\) differ in size"):
        confusion(predicted, labels.T, 3)


def test_calibration_error_of_honest_and_dishonest_scores():
    rng = np.random.default_rng(0)
    score = rng.random((300, 400)).astype(np.float32)
    honest = reliability(score, (rng.random(score.shape) < score).astype(np.uint8))
    assert calibration_error(honest) < 0.01
    dishonest = reliability(score, (rng.random(score.shape) < score / 2).astype(np.uint8))
    assert calibration_error(dishonest) == pytest.approx(0.25, abs=0.01)
    assert calibration_error(honest + dishonest) == pytest.approx(0.125, abs=0.01)
    assert reliability(score * 3, np.zeros(score.shape, np.uint8)) is None


def test_risk_coverage_written_out():
    score = np.array([[0.9, 0.8, 0.2, 0.1]], np.float32)
    curve = measure_pixels([(score, np.array([[1, 0, 1, 0]], np.uint8))]).curve
    coverage, risk = risk_coverage(curve)
    assert coverage.tolist() == [0.75, 0.5, 0.25, 0] and risk == pytest.approx([1 / 3, 1 / 2, 0, 0])
    perfect = measure_pixels([(score, np.array([[1, 1, 0, 0]], np.uint8))]).curve
    assert area_under_risk_coverage(perfect) < area_under_risk_coverage(curve)


@pytest.mark.parametrize("levels", [0, 1, 4, 1000])
def test_risk_of_equal_scores_is_shared(levels):
    """Area: mean over k of the obstacles expected among the k pixels let pass first, in any order of equal scores."""
    rng = np.random.default_rng(levels)
    obstacle = (rng.random((60, 80)) < 0.1).astype(np.uint8)
    score = np.floor(levels * rng.random(obstacle.shape) ** (2 - obstacle)).astype(np.float32)
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    share = np.bincount(place.ravel(), obstacle.ravel()) / counts  # of obstacles among pixels of each score
    expected = np.cumsum(share[np.sort(place.ravel())]) / np.arange(1, score.size + 1)
    curve = measure_pixels([(score, obstacle)]).curve
    assert area_under_risk_coverage(curve) == pytest.approx(expected.mean(), rel=0.005)
    if not levels:
        assert risk_coverage(curve)[1] == pytest.approx([obstacle.mean()])


def test_recall_by_size_and_place():
    obstacle = np.zeros((200, 400), np.uint8)
    obstacle[90:100, 10:20] = 1  # 100 pixels are 655 of 1024x512; lower edge at 0.5
    obstacle[180:182, 50:52] = 1  # 26 pixels of 1024x512; lower edge at 0.91
    mask = np.zeros(obstacle.shape, bool)
    mask[90:96, 10:20] = True
    obstacles = find_obstacles(mask, obstacle)
    assert sorted(obstacles.called) == [0, pytest.approx(0.6)]
    both = join([obstacles, obstacles])
    by_area = recall_table(both, "area")
    assert [line["obstacles"] for line in by_area] == [2, 0, 2, 0, 0]
    assert (by_area[0]["found"], by_area[2]["found"]) == (0, 1)
    assert [line["obstacles"] for line in recall_table(both, "row")] == [0, 2, 0, 0, 2]
    assert len(join([]).area) == 0


def test_recall_by_distance():
    camera = RoadCamera(height=1.5, focal=2.0, horizon=0.4)
    assert camera.distance(np.array([0.3, 0.4, 0.5, 1.0])) == pytest.approx([np.nan, np.nan, 30, 5], nan_ok=True)
    obstacle = np.zeros((200, 400), np.uint8)
    obstacle[90:100, 10:20] = 1  # lower edge at 0.5: 30 m
    obstacle[180:184, 50:52] = 1  # at 0.92: 5.8 m
    obstacle[20:30, 300:310] = 1  # in the sky
    mask = obstacle == 1
    mask[90:100] = False
    lines = recall_table(find_obstacles(mask, obstacle, camera), "distance")
    assert [(line["from"], line["obstacles"]) for line in lines] == [(0, 1), (10, 0), (20, 1), (40, 0), (80, 0)]
    assert (lines[0]["found"], lines[2]["found"]) == (1, 0)
    unknown = recall_table(find_obstacles(mask, obstacle), "distance")
    assert not any(line["obstacles"] for line in unknown)


def test_distance_on_drawn_roads_is_the_drawn_one():
    roads = DrawnRoads("obstacle", 3, size=(128, 256))
    for i in range(3):
        frame = roads.frame(i)
        row, column = np.nonzero((frame.sample.labels == 0) & frame.roi)
        along = frame.depth[row, column]  # along the optical axis, which dips by up to 3 degrees
        flat = roads.camera(i).distance((row + 0.5) / 128)
        near = along < 30
        assert near.sum() > 500 and np.abs(flat / along - 1)[near].max() < 0.08


def test_flicker_written_out():
    before = np.array([[0.9, 0.9, 0.1, 0.1]], np.float32)
    after = np.array([[0.9, 0.1, 0.1, 0.9]], np.float32)
    assert change(before, after, 0.5) == (pytest.approx(0.4), pytest.approx(2 / 3))
    assert change(before, before, 0.5) == (0, 0) and change(before * 0, after * 0, 0.5) == (0, 0)
    assert mean_change([change(before, after, 0.5), change(after, after, 0.5)]).mask == pytest.approx(1 / 3)
    assert np.isnan(mean_change([change(before, after, np.nan)]).mask)
    with pytest.raises(MetricError, match=r"frames of one clip differ in size: .*; give each clip a folder of its own"):
        change(before, after.T, 0.5)
    road = np.array([[True, True, True, False]])
    assert change(before, after, 0.5, road) == (pytest.approx(0.8 / 3), pytest.approx(1 / 2))
    before[0, 3] = np.nan  # no score is asked for there
    assert change(before, after, 0.5, road) == (pytest.approx(0.8 / 3), pytest.approx(1 / 2))
    assert np.isnan(change(before, after, 0.5, road & False).score)
    assert mean_change([change(before, after, 0.5, road & False), change(after, after, 0.5)]) == (0, 0)


def test_threshold_keeps_its_promise():
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(200):
        levels = rng.normal(size=99)
        rates.append(np.mean(rng.normal(size=500) >= promised_threshold(levels, 0.1)))
    assert 0.085 < np.mean(rates) < 0.105
    levels = np.arange(1.0, 10)
    for rate, level in ((0.7, 3.0), (0.1, 9.0)):
        assert promised_threshold(levels, rate) == np.nextafter(level, 10)
    with pytest.raises(MetricError, match=r"9 normal frames cannot promise a rate of 0\.05; it takes 19"):
        promised_threshold(np.zeros(9), 0.05)
    with pytest.raises(MetricError, match="a share of frames between 0 and 1, found 2"):
        promised_threshold(np.zeros(9), 2)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_no_region_of_the_asked_size_above_the_level(dtype):
    rng = np.random.default_rng(1)
    score = rng.random((20, 30)).astype(dtype)
    level = alarm_level(score, np.ones(score.shape, bool), 7)
    assert np.count_nonzero(above(score, level)) >= 7 > np.count_nonzero(above(score, np.nextafter(level, np.inf)))
    assert alarm_level(score, np.zeros(score.shape, bool), 7) == -np.inf
    score[3, 4] = np.nan
    with pytest.raises(MetricError, match="1 scores of a normal frame are not finite numbers"):
        alarm_level(score, np.ones(score.shape, bool), 7)
