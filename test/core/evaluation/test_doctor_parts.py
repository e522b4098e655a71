"""What the doctor compares, on small made-up scenes whose scores follow the image, and spoilt."""

import importlib
import re
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from unexpected_core.datasets import Dataset
from unexpected_core.evaluation.candidates import Candidate
from unexpected_core.evaluation.doctor.alignment import align, best_fit
from unexpected_core.evaluation.doctor.edges import halved, image_edges, score_edges, truth_edges
from unexpected_core.evaluation.doctor.examine import examine
from unexpected_core.evaluation.doctor.pairing import Pairs, pair
from unexpected_core.evaluation.doctor.rescaled import same_in_all
from unexpected_core.evaluation.doctor.threshold import tuned_on_test
from unexpected_core.evaluation.doctor.truth import summarise_contours, trace
from unexpected_core.evaluation.doctor.values import bits_of, coarseness, describe
from unexpected_core.evaluation.measure.method import measure
from unexpected_core.evaluation.measure.pixels import PixelReading
from unexpected_core.evaluation.results import DatasetFacts, compose
from unexpected_core.evaluation.settings import EvaluationSettings
from unexpected_core.evaluation.source import open_source
from unexpected_core.evaluation.threshold import Threshold
from unexpected_core.metrics.keys import MetricError
from unexpected_core.structs import Sample

SIZE = (160, 256)
SETTINGS = EvaluationSettings(resamples=100, workers=1)


def scene(seed):
    """(image, obstacle, score): rectangles of many greys, two of them obstacles; a blurred, noisy guess."""
    rng = np.random.default_rng(seed)
    image, obstacle = np.full(SIZE, 128.0), np.zeros(SIZE, np.uint8)
    obstacle[:20] = 255
    for i in range(30):
        y, x, h, w = rng.integers(20, 130), rng.integers(0, 220), rng.integers(12, 40), rng.integers(12, 40)
        image[y : y + h, x : x + w] = rng.integers(0, 256)
        obstacle[y : y + h, x : x + w] = i in (27, 29)
    image = (image + rng.normal(0, 4, SIZE)).clip(0, 255).astype(np.uint8)
    blurred = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 2) / 255
    score = 0.3 * np.abs(blurred - 0.5) + 0.2 * cv2.GaussianBlur((obstacle == 1).astype(np.float32), (0, 0), 4)
    return np.repeat(image[..., None], 3, 2), obstacle, (score + 0.01 * rng.random(SIZE)).astype(np.float32)


SCENES = [scene(seed) for seed in range(6)]
IMAGES = [image_edges(image) for image, _, _ in SCENES]


def fit_of(change):
    maps = [score_edges(np.ascontiguousarray(change(score))) for _, _, score in SCENES]
    return best_fit([align(edges, image, True) for edges, image in zip(maps, IMAGES, strict=True)], 0.05)


def test_scores_as_they_are_fit_best_in_any_scale():
    for change in (lambda s: s, lambda s: s * np.float32(1e-38), lambda s: -(s**2), lambda s: np.round(s * 20)):
        fit = fit_of(change)
        assert fit.other == "" and fit.own > 0.15


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda s: s[:, ::-1], "mirrored"),
        (lambda s: s[::-1], "upside down"),
        (lambda s: s[::-1, ::-1], "turned by 180 degrees"),
        (lambda s: cv2.resize(np.ascontiguousarray(s.T), SIZE[::-1]), "transposed"),
        (lambda s: cv2.resize(np.rot90(s).copy(), SIZE[::-1]), "turned by .*90 degrees"),
        (lambda s: np.roll(s, (0, 15), (0, 1)), "moved by 0 rows and 12 columns"),
        (lambda s: np.roll(s, -10, 0), "moved by -8 rows and 0 columns"),
        (lambda s: cv2.resize(cv2.copyMakeBorder(s, 20, 20, 32, 32, 1), SIZE[::-1]), "zoomed by 0.8"),
        (lambda s: cv2.resize(cv2.copyMakeBorder(s, 20, 20, 0, 0, 1), SIZE[::-1]), "squeezed by 0.8"),
    ],
)
def test_what_was_done_to_the_scores_is_named(change, name):
    assert re.match(name, fit_of(change).other)


def test_pairs_of_scores_and_images():
    keys = [str(i) for i in range(6)]
    maps = [halved(score_edges(score)) for _, _, score in SCENES]
    images = [halved(image) for image in IMAGES]
    assert pair(keys, maps, images, 0.12).strangers == ()
    assert len(pair(keys, maps[2:] + maps[:2], images, 0.12).strangers) == 6
    assert pair(keys, maps[2:] + maps[:2], images, 0.12).offset == 2
    assert pair(keys, [maps[1], maps[0], *maps[2:]], images, 0.12).strangers == ("0", "1")
    assert pair(keys[:2], maps[:2][::-1], images[:2], 0.12) == Pairs()


@pytest.mark.parametrize("pixels", [0, 4, 7, -4])
def test_contours_of_dilated_and_eroded_truth(pixels):
    kernel = np.ones((3, 3), np.uint8)

    def changed(obstacle):
        mask = (obstacle == 1).astype(np.uint8)
        return (cv2.dilate if pixels > 0 else cv2.erode)(mask, kernel, iterations=abs(pixels))

    frames = []
    for seed in range(4):
        rng, obstacle = np.random.default_rng(seed), np.zeros(SIZE, np.uint8)
        for x in (20, 100, 180):
            y, h, w = rng.integers(30, 90), rng.integers(16, 40), rng.integers(16, 40)
            obstacle[y : y + h, x : x + w] = 1
        image = (100 + 60 * obstacle[..., None] + rng.normal(0, 8, (*SIZE, 3))).astype(np.uint8)
        frames.append(trace(rng.random(SIZE), image, changed(obstacle)))
    assert abs(summarise_contours(frames).offset - pixels) <= 1


def test_truth_in_the_scores_jumps_at_its_contours():
    honest = summarise_contours([trace(score, image, obstacle) for image, obstacle, score in SCENES])
    leaked = summarise_contours([trace(score + (obstacle == 1), image, obstacle) for image, obstacle, score in SCENES])
    assert honest.jump < 3 and leaked.jump > 6 and leaked.sharp > 0.85 > 0.5 > honest.sharp


def test_mirrored_and_shuffled_truth():
    truths = [truth_edges(obstacle) for _, obstacle, _ in SCENES]
    mirrored = [
        align(np.ascontiguousarray(truth[:, ::-1]), image, False) for truth, image in zip(truths, IMAGES, strict=True)
    ]
    assert best_fit(mirrored, 0.03).other == "mirrored"
    straight = [align(truth, image, False) for truth, image in zip(truths, IMAGES, strict=True)]
    assert best_fit(straight, 0.03).other == ""


def test_scores_rescaled_frame_by_frame():
    def names(change):
        frames = [describe(np.float64(change(score.astype(np.float64))), image, o) for image, o, score in SCENES]
        return same_in_all(frames)

    assert names(lambda s: s) == () and names(lambda s: np.round(s * 50)) == ()
    assert names(lambda s: np.clip(3 * s, 0.05, 0.3)) == ()
    assert names(lambda s: (s - s.min()) / np.ptp(s)) == ("lowest and highest score",)
    assert any("highest score" in name for name in names(lambda s: s / s.max()))
    assert names(lambda s: (s - s.mean()) / s.std()) == ("mean", "deviation")
    clipped = names(lambda s: np.clip((s - np.percentile(s, 2)) / np.ptp(np.percentile(s, (2, 98))), 0, 1))
    assert clipped == ("lowest and highest score",)


def test_codes_of_few_bits():
    values = np.random.default_rng(0).random(20000)
    for scale, bits in ((255, 8), (127, 7), (63, 6), (100, 0), (20, 0), (65535, 0)):
        levels = np.unique(np.round(values * scale) / scale)
        assert bits_of(levels, levels[0], levels[-1]) == bits
    whole = np.unique(np.round(values * 255))
    assert bits_of(whole, 0, 255) == 8 and bits_of(whole * 1e-38, 0, 255e-38) == 8


@pytest.mark.parametrize("how", [cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
def test_enlarged_scores_have_the_rank_of_the_small_ones(how):
    score = np.random.default_rng(0).random((256, 512)).astype(np.float32)
    small = cv2.resize(score, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    assert coarseness(cv2.resize(small, score.shape[::-1], interpolation=how)) == pytest.approx(8, abs=1)
    twice = cv2.resize(cv2.resize(small, (128, 64)), score.shape[::-1])  # what networks of low resolution do
    assert coarseness(score) == coarseness(twice) == 0
    assert coarseness(np.exp(-8 * cv2.resize(small, score.shape[::-1]))) == 0


@pytest.mark.parametrize("levels", [3, 4, 6, 9, 14, 22, 32])
def test_scores_of_few_levels_are_not_taken_for_enlarged_ones(levels):
    """A few round things on a quiet road: large areas of one level, but edges at any pixel."""
    for seed in range(8):
        rng = np.random.default_rng(seed)
        peaks = np.zeros((256, 512), np.float32)
        peaks[rng.integers(100, 250, 9), rng.integers(0, 512, 9)] = rng.uniform(0.3, 1, 9)
        score = cv2.GaussianBlur(peaks, (0, 0), rng.uniform(4, 14))
        assert coarseness(np.float32(np.round(score / score.max() * levels) / levels)) < 2


@pytest.mark.parametrize(
    ("value", "source", "suspicious"),
    [
        (0.6234, "given", True),
        (0.623, "given", True),
        (0.62, "given", True),
        (0.6, "given", False),
        (0.63, "given", False),
        (0.624, "given", True),
        (0.65, "given", False),
        (0.62, "weights", False),
        (0.6234, "weights", True),
        (0.62341, "best_f1_on_test", False),
        (0.311, "given", True),
    ],
)
def test_thresholds_read_off_the_test_frames(value, source, suspicious):
    exact = SimpleNamespace(best_f1_threshold=0.62341, fpr95_threshold=0.31149)
    evidence = SimpleNamespace(low=0.0, high=1.0, distinct=1000)
    result = SimpleNamespace(threshold=Threshold(value, source), pixel={"exact": exact}, evidence=evidence)
    assert bool(tuned_on_test(result)) is suspicious


class Scenes(Dataset):
    """The scenes as frames to judge."""

    def __init__(self):
        super().__init__("scenes", [str(i) for i in range(len(SCENES))])

    def load(self, index):
        return Sample(self.keys[index], SCENES[index][0], obstacle=SCENES[index][1])


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_are_refused_inside_the_roi_and_do_not_matter_outside(number, tmp_path):
    def results(area):
        for i, (_, obstacle, score) in enumerate(SCENES):
            np.save(tmp_path / f"{i}.npy", np.where(area(obstacle), np.float32(number), score))
        measured = measure(Candidate(open_source(Scenes(), tmp_path), None), SETTINGS)
        return compose({"m": measured}, DatasetFacts("scenes", len(SCENES)), SETTINGS)

    honest, without = results(lambda obstacle: obstacle == 7), results(lambda obstacle: obstacle == 255)
    for name in ("pixel", "components"):
        assert getattr(without.methods["m"], name) == getattr(honest.methods["m"], name)
    assert [f.kind for f in examine(without)] == [f.kind for f in examine(honest)]
    with pytest.raises(MetricError, match=r"frame '\w+': \d+ scores inside the ROI are not finite numbers"):
        results(lambda obstacle: np.arange(obstacle.size).reshape(obstacle.shape) % 2 == 1)


@pytest.mark.parametrize(
    ("mode", "score", "kind"),
    [
        ("smiyc", np.float32(7e4), r"float16 \(at most 65504\)"),
        ("pooled", np.float64(1e39), "float32"),
        ("fishyscapes", np.float64(1e39), "float32"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_scores_that_a_mode_has_no_room_for_are_not_the_scorers_fault(mode, score, kind, tmp_path):
    key = Scenes().keys[0]
    np.save(tmp_path / f"{key}.npy", np.full(SCENES[0][1].shape, score))
    source = open_source(Scenes(), tmp_path)
    PixelReading(["exact"], tmp_path).add(source, key)
    message = rf"frame '{key}': mode {mode} judges scores as {kind}, .* scale them down, or leave {mode} out"
    with pytest.raises(MetricError, match=message):
        PixelReading([mode], tmp_path).add(source, key)


@pytest.fixture(scope="module")
def bench(repository):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(repository / "bench")
        return importlib.import_module("doctor_faults")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_faults_on_real_frames_are_seen_and_clean_runs_are_quiet(shared_data, bench, tmp_path):
    pytest.importorskip("torch")
    data = shared_data / "anomaly"
    cases = [bench.load(data, name, "fast", tmp_path) for name in ("lost_and_found", "road_obstacle21")]
    found = bench.run_faults(cases, seed=7)
    assert sum(map(bool, found.values())) >= 0.9 * len(found), [name for name, kinds in found.items() if not kinds]
    sets = ("lost_and_found", "road_obstacle21", "fs_static")
    honest = [bench.load(data, name, method, tmp_path) for name in sets for method in bench.METHODS]
    assert bench.run_clean(honest, 100, seed=7) == {}
