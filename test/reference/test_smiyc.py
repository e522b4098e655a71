"""Mode `smiyc` against numbers computed by SegmentMeIfYouCan's road-anomaly-benchmark (commit 1c7804e, NumPy 1.26).

Its sort was made stable for that: as published, some of these tracks have another answer for every order of ties.

smiyc_values.json holds, for every seed, a checksum of the frames and that code's numbers on them.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from unexpected_core.metrics.components import ComponentCounts, Sizes, measure_components, strictly_above
from unexpected_core.metrics.smiyc import BinnedCounts

KINDS = (
    "float16",
    "float32",
    "ties",
    "saturated",
    "perfect mask",
    "wrong mask",
    "mostly empty",
    "constant",
    "one frame ignored",
    "noisy",
    "no obstacle",
    "few pixels",
    "all obstacle",
)
SIZES = Sizes(region=12, obstacle=5)
VALUES = json.loads((Path(__file__).parent / "smiyc_values.json").read_text())


def make_track(seed):
    """Frames (score, obstacle) of one kind; only sums and products of uniform numbers, so the same on every machine."""
    kind, rng = KINDS[seed % len(KINDS)], np.random.default_rng(seed)
    height, width = (9, 13) if kind == "few pixels" else (61, 97)
    frames = []
    for i in range(5):

        def blobs(cell, rng=rng):
            coarse = rng.random((height // cell + 1, width // cell + 1))
            return np.repeat(np.repeat(coarse, cell, 0), cell, 1)[:height, :width]

        obstacle = (blobs(7) > 0.9).astype(np.uint8)
        obstacle[blobs(2) > 0.997] = 1  # tiny ones, some too small to count
        score = 0.25 * blobs(5) + 0.2 * blobs(1) + 0.3 * obstacle * blobs(11) + 0.1 * blobs(3)
        obstacle[blobs(13) > 0.85] = 255
        if kind in ("ties", "wrong mask", "perfect mask"):
            score = np.round(score * 10) / 8 if kind == "ties" else (score > 0.4).astype(float)
        if kind == "perfect mask":
            score = (obstacle == 1).astype(float)
        if kind == "saturated":
            score = 1 - (0.25 - 0.25 * score) ** 4
        if kind == "noisy":
            score = rng.random((height, width)) * (0.5 + 0.6 * obstacle)
        if kind == "constant":
            score = np.zeros((height, width))
        if kind == "no obstacle" or (kind == "mostly empty" and i != 2):
            obstacle[obstacle == 1] = 0
        if kind == "all obstacle" and i % 2:
            obstacle[:] = 1
        if kind == "one frame ignored" and i == 1:
            obstacle[:] = 255
        frames.append((score.astype(np.float32 if kind in ("float32", "noisy") else np.float16), obstacle))
    return frames


def checksum(frames):
    return zlib.crc32(b"".join(array.tobytes() for frame in frames for array in frame))


def close(value):
    return pytest.approx(np.nan if value is None else value, abs=1e-9, nan_ok=True)


def test_enough_frames():
    assert sum(len(make_track(int(seed))) for seed in VALUES) >= 200
    assert {int(seed) % len(KINDS) for seed in VALUES} == set(range(len(KINDS)))


@pytest.mark.parametrize("seed", VALUES)
def test_equals_the_benchmark(seed):
    frames, expected = make_track(int(seed)), VALUES[seed]
    assert checksum(frames) == expected["checksum"], "this NumPy makes other random numbers; make the values anew"
    pixels, components = BinnedCounts(), ComponentCounts()
    for frame in frames:
        pixels.add(*frame)
    numbers = pixels.numbers()
    assert numbers.average_precision == close(expected["area_PRC"])
    assert numbers.auroc == close(expected["area_ROC"])
    assert numbers.fpr95 == close(expected["tpr95_fpr"])
    assert numbers.fpr95_threshold == close(expected["tpr95_threshold"])
    assert numbers.best_f1 == close(expected["best_f1"])
    assert numbers.best_f1_threshold == close(expected["best_f1_threshold"])
    for (score, obstacle), theirs in zip(frames, expected["frames"], strict=True):
        frame = measure_components(strictly_above(score, numbers.best_f1_threshold), obstacle, SIZES)
        assert sorted(frame.siou) == close(sorted(theirs["sIoU_gt"]))
        assert sorted(frame.precision) == close(sorted(theirs["prec_pred"]))
        assert sorted(frame.obstacle_area) == sorted(theirs["size_gt"])
        components.add(frame)
    means = components.numbers()
    for ours, theirs in (
        ("siou", "sIoU_gt"),
        ("ppv", "prec_pred"),
        ("f1", "f1_mean"),
        ("f1_25", "f1_25"),
        ("f1_50", "f1_50"),
        ("f1_75", "f1_75"),
    ):
        assert getattr(means, ours) == close(expected[theirs])


def numbers_of(frames):
    counts = BinnedCounts()
    for frame in frames:
        counts.add(*frame)
    return counts.numbers(), counts.order_range()


@pytest.mark.parametrize("seed", VALUES)
def test_other_orders_of_the_sort_stay_in_the_range(seed):
    """The stable sort leaves ties in the order of the frames: other orders of frames are other orders of ties."""
    frames, names = make_track(int(seed)), ("average_precision", "best_f1", "best_f1_threshold")
    seen = {name: set() for name in names}
    for i in range(len(frames)):
        numbers, span = numbers_of(frames[i:] + frames[:i])
        for name in names:
            seen[name].add(getattr(numbers, name))
            low, high = getattr(span, name) if span else (getattr(numbers, name),) * 2
            assert np.isnan(high) or low - 1e-12 <= getattr(numbers, name) <= high + 1e-12
    for name in names:
        if span is None:  # the last digit hangs on the order of a sum
            assert max(seen[name]) - min(seen[name]) < 1e-12 or np.isnan(max(seen[name]))
        else:
            assert (min(seen[name]), max(seen[name])) == pytest.approx(getattr(span, name), abs=1e-12)


def test_clipped_scores_may_cut_components_at_two_thresholds():
    score, obstacle = np.full((20, 30), 0.1, np.float16), np.zeros((20, 30), np.uint8)
    obstacle[:5], score[:5, :10], score[:5, 10:] = 1, 0.9, 1
    false = score.copy()
    false[5:15] = 1
    frames = [(score, obstacle), (false, np.zeros_like(obstacle))]
    _, span = numbers_of(frames)
    assert span.frames == 2 and span.best_f1[1] - span.best_f1[0] > 0.1
    assert 0.8 < span.best_f1_threshold[0] < 0.95 and span.best_f1_threshold[1] >= 0.99
    assert numbers_of([frames[0], frames[0]])[1] is None  # ties that make no difference
