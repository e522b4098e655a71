"""Exact pixel metrics against answers written out and against scikit-learn on all pixels at once."""

import pickle
import tracemalloc

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from unexpected_core.metrics import tallies
from unexpected_core.metrics.keys import MetricError, from_keys, merge_sorted, sort_keys, to_keys
from unexpected_core.metrics.modes import pixel_counts
from unexpected_core.metrics.pixel import PixelCounts, measure_pixels


def frames_of(seed, dtype, frames=5, size=(37, 53), levels=None, saturate=False):
    rng = np.random.default_rng(seed)
    for i in range(frames):
        obstacle = rng.choice(np.array([0, 1, 255], np.uint8), p=[0.8, 0.1, 0.1], size=size)
        if i == 1:
            obstacle[obstacle == 1] = 0  # a frame without obstacles
        score = rng.normal(size=size) + 1.2 * (obstacle == 1) - 0.3 * i
        if levels:
            score = np.round(score * levels) / levels
        if saturate:
            score = 1 - np.exp(-np.abs(8 * score))
        yield score.astype(dtype), obstacle


def sklearn_numbers(frames):
    y = np.concatenate([obstacle[obstacle < 255] for _, obstacle in frames])
    s = np.concatenate([score[obstacle < 255] for score, obstacle in frames]).astype(np.float64)
    fpr, tpr, thresholds = roc_curve(y, s, drop_intermediate=False)
    precision, recall, at = precision_recall_curve(y, s)
    f1 = 2 * precision[:-1] * recall[:-1] / np.maximum(precision[:-1] + recall[:-1], 1e-300)
    i = np.argmax(tpr >= 0.95)
    return average_precision_score(y, s), roc_auc_score(y, s), fpr[i], thresholds[i], f1.max(), f1, at


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("kind", [{}, {"levels": 4}, {"saturate": True}, {"levels": 0.01}])
@pytest.mark.parametrize("group", [64, 1 << 21])
def test_equals_scikit_learn(dtype, kind, group, monkeypatch):
    monkeypatch.setattr(tallies, "GROUP", group)  # small groups: many merges and crowded codes
    frames = list(frames_of(3, dtype, **kind))
    ours = measure_pixels(frames)
    ap, auroc, fpr95, fpr95_threshold, best_f1, f1, at = sklearn_numbers(frames)
    assert ours.average_precision == pytest.approx(ap, abs=1e-12)
    assert ours.auroc == pytest.approx(auroc, abs=1e-12)
    assert (ours.fpr95, ours.fpr95_threshold) == (fpr95, fpr95_threshold)
    assert ours.best_f1 == pytest.approx(best_f1, abs=1e-12)
    assert f1[np.flatnonzero(at == ours.best_f1_threshold)[0]] == pytest.approx(best_f1, abs=1e-12)
    assert ours.curve.true_positives[-1] == ours.positives and ours.curve.false_positives[-1] == ours.negatives


def test_answers_written_out():
    score = np.array([[0.9, 0.8, 0.7, 0.6, 0.5, 99.0]], np.float32)
    obstacle = np.array([[1, 0, 1, 0, 0, 255]], np.uint8)
    ours = measure_pixels([(score, obstacle)])
    assert ours.average_precision == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert ours.auroc == pytest.approx(5 / 6)
    assert ours.fpr95 == pytest.approx(1 / 3)
    assert (ours.best_f1, ours.best_f1_threshold) == (pytest.approx(0.8), pytest.approx(0.7))
    assert (ours.positives, ours.negatives, ours.frames) == (2, 3, 1)


def test_fpr95_conventions_differ_when_tpr_hits_95_percent_exactly():
    obstacle = np.zeros((1, 40), np.uint8)
    obstacle[0, :20] = 1
    score = np.linspace(1, 0.5, 40, dtype=np.float32)[None]
    score[0, 19] = 0.1  # the twentieth obstacle pixel lies below all normal ones
    ours = measure_pixels([(score, obstacle)])
    assert (ours.fpr95, ours.fpr95_strict) == (0.0, 1.0)
    counts = pixel_counts("pooled")
    counts.add(score, obstacle)
    assert (counts.numbers().fpr95, counts.numbers().fpr95_threshold) == (1.0, pytest.approx(0.1))


def test_perfect_constant_and_flipped():
    obstacle = np.array([[0, 0, 1, 1]], np.uint8)
    perfect = measure_pixels([(obstacle.astype(np.float32), obstacle)])
    assert (perfect.average_precision, perfect.auroc, perfect.fpr95, perfect.best_f1) == (1, 1, 0, 1)
    constant = measure_pixels([(np.zeros((1, 4), np.float32), obstacle)])
    assert (constant.average_precision, constant.auroc, constant.fpr95) == (0.5, 0.5, 1)
    frames = list(frames_of(5, np.float32))
    flipped = measure_pixels([(-score, obstacle) for score, obstacle in frames])
    assert flipped.auroc == pytest.approx(1 - measure_pixels(frames).auroc, abs=1e-12)


def test_without_obstacles_or_normal_pixels_is_nan():
    score = np.zeros((2, 3), np.float32)
    nothing = measure_pixels([(score, np.zeros((2, 3), np.uint8))])
    assert np.isnan([nothing.average_precision, nothing.auroc, nothing.fpr95, nothing.best_f1]).all()
    ignored = measure_pixels([(score, np.full((2, 3), 255, np.uint8))])
    assert ignored.positives == ignored.negatives == 0 and np.isnan(ignored.auroc)
    only = measure_pixels([(score, np.ones((2, 3), np.uint8))])
    assert only.average_precision == 1 and np.isnan(only.auroc)


def test_score_outside_the_roi_changes_nothing():
    frames = list(frames_of(7, np.float32))
    painted = [(np.where(obstacle == 255, np.float32(np.nan), score), obstacle) for score, obstacle in frames]
    assert measure_pixels(painted).average_precision == measure_pixels(frames).average_precision


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_merging_workers_equals_one_pass_and_survives_pickling(dtype, tmp_path):
    frames = list(frames_of(9, dtype))
    whole, left, right = measure_pixels(frames), PixelCounts(tmp_path), PixelCounts(tmp_path)
    for i, frame in enumerate(frames):
        (left if i < 2 else right).add(*frame)
    merged = PixelCounts()
    for part in (left, right):
        merged.merge(pickle.loads(pickle.dumps(part)))
    merged.add(*frames[0])
    again = measure_pixels([*frames, frames[0]])
    assert merged.numbers().auroc == again.auroc and merged.numbers().average_precision == again.average_precision
    assert whole.auroc != again.auroc


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_frame_counts_are_counts(dtype):
    frames = list(frames_of(11, dtype, levels=8))
    counts = PixelCounts()
    for frame in frames:
        counts.add(*frame)
    thresholds = np.array([2.0, 0.125, 0.0, -1.5])
    positives, negatives = counts.frame_counts(thresholds)
    for row, (score, obstacle) in enumerate(frames):
        for column, threshold in enumerate(thresholds):
            assert positives[row, column] == np.sum((score >= threshold) & (obstacle == 1))
            assert negatives[row, column] == np.sum((score >= threshold) & (obstacle == 0))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_keys_keep_the_order_of_every_kind_of_number(dtype):
    info = np.finfo(dtype)
    positive = [info.smallest_subnormal, info.tiny, 1, 1 + info.eps, info.max, np.inf]
    values = np.array([-value for value in reversed(positive)] + [0, *positive], dtype)
    keys = to_keys(values)
    assert (keys[1:] > keys[:-1]).all()
    assert np.array_equal(from_keys(keys), values)
    assert to_keys(np.array([-0.0], dtype)) == to_keys(np.array([0.0], dtype))


@pytest.mark.parametrize("vectors", [True, False])
def test_sorting_with_and_without_vector_registers(vectors, monkeypatch):
    monkeypatch.setattr("unexpected_core.metrics.keys.VECTOR_SORT", vectors)
    keys = np.random.default_rng(0).integers(0, 2**32, 5000, dtype=np.uint32)
    keys[:4] = 0, 2**32 - 1, 2**16, 2**16 - 1
    assert np.array_equal(sort_keys(keys), np.sort(keys))
    assert np.array_equal(merge_sorted([np.sort(keys[:70]), np.sort(keys[70:])]), np.sort(keys))
    assert len(merge_sorted([])) == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_memory_is_bounded(dtype):
    rng = np.random.default_rng(0)
    obstacle = (rng.random((1024, 2048)) < 0.02).astype(np.uint8)
    counts = PixelCounts()
    score = rng.normal(size=obstacle.shape).astype(dtype)
    tracemalloc.start()
    for i in range(3):
        counts.add(score + dtype(i), obstacle)
    counts.numbers()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (64e6 if dtype != np.float64 else 72e6)


@pytest.mark.parametrize(
    ("score", "obstacle", "message"),
    [
        (np.zeros((2, 3), np.float32), np.zeros((3, 2), np.uint8), r"score \(2, 3\) and ground truth \(3, 2\) differ"),
        (np.zeros((2, 3), complex), np.zeros((2, 3), np.uint8), "scores are complex128; expected float16, float32 or"),
        (np.zeros((2, 3), np.float32), np.full((2, 3), 7, np.uint8), r"ground truth holds \[7\]; expected 0 normal"),
        (
            np.full((2, 3), np.nan, np.float32),
            np.zeros((2, 3), np.uint8),
            r"6 scores inside the ROI .*; mend the scorer$",
        ),
    ],
)
def test_bad_input_is_refused(score, obstacle, message):
    with pytest.raises(MetricError, match=message):
        measure_pixels([(score, obstacle)])


def test_float64_scores_that_float32_cannot_tell_apart():
    score, obstacle = 1 + np.array([[0, 3, 1, 2]]) * 1e-12, np.array([[0, 1, 1, 0]], np.uint8)
    numbers = measure_pixels([(score, obstacle)])
    assert (numbers.auroc, numbers.best_f1_threshold) == (0.75, 1 + 1e-12)
    assert measure_pixels([(score.astype(np.float32), obstacle)]).auroc == 0.5


def test_no_frames_and_mixed_types_are_refused(tmp_path):
    with pytest.raises(MetricError, match="no frames to measure"):
        measure_pixels([])
    obstacle = np.array([[0, 1]], np.uint8)
    with pytest.raises(MetricError, match="float16, 32 and 64 scores are mixed"):
        measure_pixels([(np.zeros((1, 2), dtype), obstacle) for dtype in (np.float16, np.float32)])
    counts = PixelCounts()
    counts.add(np.zeros((1, 2), np.float16), obstacle)
    with pytest.raises(MetricError, match="temporary folder cannot go to another process"):
        pickle.dumps(counts)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps_are_each_obstacle_score_with_its_ties_and_the_gaps_between(dtype):
    obstacle, normal = (to_keys(np.array(scores, dtype)) for scores in ([3, 3, 7], [1, 2, 3, 5, 6, 9]))
    scores, true, false = tallies.merged(obstacle, normal)
    assert scores.tolist() == [9, 7, 5, 3, 1] and scores.dtype == dtype
    assert true.tolist() == [0, 1, 0, 2, 0] and false.tolist() == [1, 0, 2, 1, 2]
