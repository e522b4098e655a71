"""Frame bootstrap: one matrix product gives what measuring every drawn set of frames gives."""

import time

import numpy as np
import pytest

from unexpected_core.metrics.bootstrap import (
    Resampled,
    compare,
    frame_statistics,
    frame_weights,
    resample_components,
    resample_pixels,
    sequence_weights,
)
from unexpected_core.metrics.components import ComponentCounts, FrameComponents
from unexpected_core.metrics.curves import PIXEL_METRICS
from unexpected_core.metrics.keys import MetricError
from unexpected_core.metrics.modes import PIXEL_MODES, pixel_counts
from unexpected_core.metrics.tallies import Tally16


def frames_of(seed, count=12, strength=1.5):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        obstacle = (rng.random((23, 31)) < rng.random() * 0.3).astype(np.uint8)
        yield (rng.normal(size=obstacle.shape) + strength * rng.random() * obstacle).astype(np.float32), obstacle


@pytest.mark.parametrize("mode", PIXEL_MODES)
def test_equals_measuring_the_drawn_frames(mode):
    frames, weights = list(frames_of(1)), frame_weights(12, resamples=6, seed=3)
    counts = pixel_counts(mode)
    for frame in frames:
        counts.add(*frame)
    resampled = resample_pixels(counts, counts.numbers(), weights)
    for row, weight in enumerate(weights):
        drawn = pixel_counts(mode)
        for frame, times in zip(frames, weight, strict=True):
            for _ in range(int(times)):
                drawn.add(*frame)
        numbers = drawn.numbers()
        for name in PIXEL_METRICS:
            expected = getattr(numbers, name)
            if mode == "pooled" and name == "fpr95":
                continue  # its interval is that of the first TPR >= 0.95
            assert resampled[name].resamples[row] == pytest.approx(expected, abs=0.012), (name, row)


@pytest.mark.parametrize("mode", ["exact", "pooled", "smiyc"])
def test_resamples_without_an_error_have_none_whatever_the_others_cost(mode):
    weights = frame_weights(12, resamples=300)
    without = weights[:, 0] == 0

    def method(seed):
        rng, counts = np.random.default_rng(seed), pixel_counts(mode)
        for i in range(12):
            obstacle = np.zeros((60, 100), np.uint8)
            obstacle[20:30, 30:50] = 1
            normal = rng.normal(5 if i == 0 else 0, 1.5, obstacle.shape)  # all errors are the first frame's
            score = np.where(obstacle, 9 + rng.normal(0, 0.5, obstacle.shape), normal)
            counts.add((score / 20).astype(np.float32), obstacle)
        return resample_pixels(counts, counts.numbers(), weights)

    a, b = method(1), method(2)
    assert without.any() and not without.all()
    for name, perfect in (("average_precision", 1), ("auroc", 1), ("fpr95", 0)):
        for each in (a, b):
            assert each[name].resamples[without] == pytest.approx(perfect, abs=1e-9), name
            assert each[name].value != perfect and 0 <= each[name].interval().low <= each[name].interval().high <= 1
        assert np.count_nonzero(np.abs((a[name].resamples - b[name].resamples)[without]) > 1e-9) == 0


@pytest.mark.parametrize("length", [1, 15])
def test_interval_covers_the_truth_about_as_often_as_it_says(length):
    """length: of sequences, whose frames are alike."""
    covered = 0
    rng = np.random.default_rng(0)
    names = np.repeat(np.arange(40).astype(str), length)
    for seed in range(60):
        counts = ComponentCounts()
        for siou in np.repeat(rng.random(40), length):  # true mean 0.5
            counts.add(FrameComponents(np.array([siou]), np.array([9]), np.zeros(0), np.zeros(0, np.int64)))
        interval = resample_components(counts, sequence_weights(names, 500, seed))["siou"].interval()
        covered += interval.low <= 0.5 <= interval.high
    assert 50 <= covered <= 60


def test_sequences_are_drawn_whole_and_frames_alone_as_they_always_were():
    weights = sequence_weights(["b", "a", "b", "c"], 400)
    assert (weights[:, 0] == weights[:, 2]).all() and np.unique(weights.sum(1)).tolist() == [3, 4, 5, 6]
    assert np.array_equal(sequence_weights(["b", "a", "c"]), frame_weights(3))
    counts = ComponentCounts()
    for false_regions in (1, 3, 3, 5):  # a sequence of one frame, one of three: 1 or 11/3 a frame, or 3 of both
        counts.add(
            FrameComponents(np.zeros(0), np.zeros(0, int), np.zeros(false_regions), np.zeros(false_regions, int))
        )
    resampled = resample_components(counts, sequence_weights("abbb"))["false_regions_per_frame"]
    assert resampled.value == 3 and np.unique(resampled.resamples) == pytest.approx([1, 3, 11 / 3])


@pytest.mark.parametrize("mode", PIXEL_MODES)
def test_one_frame_or_sequence_does_not_tell_how_sure_a_number_is(mode):
    counts, components = pixel_counts(mode), ComponentCounts()
    for score, obstacle in frames_of(1, 2):
        counts.add(score, obstacle)
        components.add(FrameComponents(np.ones(1), np.ones(1, int), np.ones(1), np.ones(1, int)))
    weights = sequence_weights(["a", "a"])
    for resampled in (resample_pixels(counts, counts.numbers(), weights), resample_components(components, weights)):
        for each in resampled.values():
            interval = each.interval()
            assert np.isfinite(interval.value) and np.isnan([interval.low, interval.high]).all()


def test_frames_that_are_all_ignored_have_no_numbers_and_no_intervals():
    counts = pixel_counts("exact")
    for _ in range(3):
        counts.add(np.zeros((2, 3), np.float32), np.full((2, 3), 255, np.uint8))
    resampled = resample_pixels(counts, counts.numbers(), frame_weights(3, resamples=5))
    assert all(np.isnan(each.resamples).tolist() == [True] * 5 for each in resampled.values())
    assert np.isnan(frame_statistics(counts, counts.numbers())["average_precision"]).tolist() == [True] * 3


def test_paired_comparison_sees_what_single_intervals_cannot():
    rng = np.random.default_rng(4)
    hardness = rng.normal(size=200)  # frames differ far more than the methods do
    weights = frame_weights(200)
    a, b = (
        Resampled(float(values.mean()), weights @ values / 200)
        for values in (hardness + 0.05 + 0.01 * rng.normal(size=200), hardness)
    )
    assert a.interval().low < b.interval().high
    result = compare(a, b)
    assert result.low > 0.04 and result.p < 0.01
    assert compare(a, a) == (0, 0, 0, 1)
    assert compare(b, a).difference == -result.difference


def test_seed_repeats_and_weights_sum_to_the_frames():
    assert np.array_equal(frame_weights(7, 50, 1), frame_weights(7, 50, 1))
    assert (frame_weights(7, 50).sum(1) == 7).all()
    with pytest.raises(MetricError, match="no frames to draw from"):
        frame_weights(0)
    a, b = Resampled(1.0, np.zeros(3)), Resampled(1.0, np.zeros(4))
    with pytest.raises(MetricError, match="3 and 4 resamples cannot be paired"):
        compare(a, b)


def test_327_frames_2000_times_within_5_seconds(tmp_path):
    counts, rng = pixel_counts("exact", tmp_path), np.random.default_rng(0)
    obstacle = (rng.random((64, 128)) < 0.05).astype(np.uint8)
    for _ in range(327):
        counts.add((rng.normal(size=obstacle.shape) + obstacle).astype(np.float16), obstacle)
    assert isinstance(counts.tally, Tally16)
    start = time.process_time()
    resample_pixels(counts, counts.numbers(), frame_weights(327))
    assert time.process_time() - start < 5


def test_unknown_mode_names_the_nearest():
    with pytest.raises(MetricError, match="unknown metric mode 'smyic'; did you mean 'smiyc'"):
        pixel_counts("smyic")
