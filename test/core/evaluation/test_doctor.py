"""The doctor on small synthetic frames; bench/doctor_faults.py has real ones."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from unexpected_core.datasets import Dataset
from unexpected_core.evaluation.candidates import Candidate, Identity
from unexpected_core.evaluation.doctor.examine import examine
from unexpected_core.evaluation.errors import PredictionError
from unexpected_core.evaluation.measure.method import measure
from unexpected_core.evaluation.results import DatasetFacts, compose, read_results, write_results
from unexpected_core.evaluation.settings import EvaluationSettings
from unexpected_core.evaluation.source import open_source
from unexpected_core.evaluation.store import write_score
from unexpected_core.evaluation.threshold import Threshold
from unexpected_core.metrics.components import Sizes
from unexpected_core.metrics.keys import MetricError
from unexpected_core.structs import Sample

SETTINGS = EvaluationSettings(sizes=Sizes(4, 2), resamples=100, workers=1)
FRAMES, SIZE = 8, (48, 80)


class Roads(Dataset):
    """Small frames in memory: ROI is the lower part, one to three boxes stand in it."""

    def __init__(self, seed, name="roads"):
        super().__init__(name, [f"{i:03d}" for i in range(FRAMES)])
        rng = np.random.default_rng(seed)
        self.maps = []
        for i in range(FRAMES):
            obstacle = np.full(SIZE, 255, np.uint8)
            obstacle[int(rng.integers(10, 18)) :] = 0
            for _ in range(rng.integers(1, 4) if i else 0):
                y, x, h, w = rng.integers(20, 38), rng.integers(0, 66), rng.integers(3, 10), rng.integers(3, 14)
                obstacle[y : y + h, x : x + w] = 1
            self.maps.append(obstacle)

    def load(self, index):
        return Sample(self.keys[index], np.zeros((*SIZE, 3), np.uint8), None, None, self.maps[index])


def honest_scores(roads, seed):
    """Smooth noise and more or less of the truth, in one of the shapes that methods give."""
    rng = np.random.default_rng(1000 + seed)
    strength, kind = rng.uniform(0.8, 4), seed % 5
    for obstacle in roads.maps:
        noise = cv2.GaussianBlur(rng.normal(size=SIZE), (0, 0), rng.uniform(0.5, 2))
        logit = noise / noise.std() + strength * cv2.GaussianBlur((obstacle == 1).astype(float), (0, 0), 0.8)
        if kind == 1:
            logit = 1 / (1 + np.exp(-logit))
        if kind == 2:  # calibrated and clipped at both ends
            logit = np.clip(0.25 + 0.2 * logit, 0, 1)
        if kind == 3:  # most pixels very near 0, as a good segmenter's 1 - max softmax
            logit = np.exp(2 * logit - 9)
        if kind == 4:
            logit = cv2.resize(logit, SIZE[::-1]) * 20 - 300
        yield logit.astype(np.float32)


def run(roads, scores, folder, threshold=None, kind="float32", identity=None):
    for key, score in zip(roads.keys, scores, strict=False):
        if kind is None:  # bytes as they are, float16 too
            np.save(folder / f"{key}.npy", score)
        else:
            write_score(folder, key, score, kind)
    measured = measure(Candidate(open_source(roads, folder), threshold, identity or Identity()), SETTINGS)
    results = compose({"method": measured}, DatasetFacts(roads.name, FRAMES), SETTINGS)
    write_results(folder / "results.json", results)
    return read_results(folder)


def alarms(results):
    return {finding.kind for finding in examine(results) if finding.alarm}


@pytest.mark.parametrize("seed", range(35))
def test_clean_runs_raise_no_alarm(seed, tmp_path):
    roads = Roads(seed)
    kind = ("float32", "16bit", "float32", "hdf5", "float32", "float32", "float32")[seed % 7]
    threshold = Threshold(0.5, "weights") if seed % 2 else None
    results = run(roads, honest_scores(roads, seed), tmp_path, threshold, kind)
    assert not alarms(results), examine(results)


def flip(roads, scores, rng):
    return [-score for score in scores]


def untrained(roads, scores, rng):
    return [cv2.GaussianBlur(rng.normal(size=SIZE), (0, 0), 1).astype(np.float32) for _ in scores]


def saturate(roads, scores, rng):
    return [1 / (1 + np.exp(-np.clip(40 * (score + 0.5), -50, 50))) for score in scores]


def halve(roads, scores, rng):
    return [(1 - 1e-3 * np.exp(-score)).astype(np.float16) for score in scores]


def lose_frames(roads, scores, rng):
    return scores[: int(rng.integers(3, FRAMES))]


def exchange_labels(roads, scores, rng):
    for obstacle in roads.maps:
        normal = obstacle == 0
        obstacle[obstacle == 1] = 0
        obstacle[normal] = 1
    return scores


def blank_other_roi(roads, scores, rng):
    for score in scores:
        score[30:] = -50
    return scores


def coarsen(roads, scores, rng):
    return [cv2.resize(score, (20, 12)) if i % 2 or rng.random() < 0.2 else score for i, score in enumerate(scores)]


def repeat(roads, scores, rng):
    return [scores[0]] * FRAMES


FAULTS = {
    "flipped scores": flip,
    "damaged scores": saturate,
    "damaged scores, half": halve,
    "frame count": lose_frames,
    "label coding": exchange_labels,
    "ROI": blank_other_roi,
    "size": coarsen,
    "repeated scores": repeat,
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fault", [*FAULTS, "tuned on test"])
def test_seeded_faults_are_caught(fault, seed, tmp_path):
    roads, rng = Roads(seed), np.random.default_rng(seed)
    scores = list(honest_scores(roads, 5 * seed))  # logits
    threshold = None
    if fault == "tuned on test":
        threshold = Threshold(run(roads, scores, tmp_path).methods["method"].threshold.value, "given")
    else:
        scores = FAULTS[fault](roads, scores, rng)
    results = run(roads, scores, tmp_path, threshold, None)
    assert fault.partition(",")[0] in alarms(results)


def test_a_method_that_cannot_be_told_from_chance_is_no_fault(tmp_path):
    roads = Roads(0)
    results = run(roads, untrained(roads, roads.maps, np.random.default_rng(0)), tmp_path)
    assert not alarms(results) and "chance" in {finding.kind for finding in examine(results)}


def test_wrong_ids_missing_ground_truth_and_other_shapes_are_refused(tmp_path):
    roads = Roads(0)
    scores = list(honest_scores(roads, 0))
    with pytest.raises(PredictionError, match=r"score is 48x80, ground truth 80x48; a cropped, padded or transposed"):
        run(roads, [score.T for score in scores], tmp_path)
    for cut in (np.s_[:47], np.s_[:, 1:]):  # as of a network that needs even sides: within 2 % of the shape
        with pytest.raises(PredictionError, match="a cropped, padded or transposed map cannot be measured; store it"):
            run(roads, [score[cut] for score in scores], tmp_path)
    roads.maps = [obstacle * 2 for obstacle in roads.maps]
    with pytest.raises(MetricError, match=r"ground truth holds \[254\]; expected 0 normal, 1 obstacle"):
        run(roads, scores, tmp_path)
    roads.maps = [None] * FRAMES
    with pytest.raises(PredictionError, match="data set 'roads' has no obstacle labels for '000'"):
        run(roads, scores, tmp_path)


def test_random_weights_other_pixels_and_published_roi_are_noticed(tmp_path):
    roads = Roads(0, "road_anomaly-test")
    results = run(roads, honest_scores(roads, 0), tmp_path, identity=Identity(random_weights=True))
    assert {"random weights", "ROI"} <= alarms(results)
    exact = replace(results.methods["method"].pixel["exact"], frames=7)
    results.methods["other"] = replace(results.methods["method"], pixel={"exact": exact})
    assert any("methods were judged on different pixels" in finding.text for finding in examine(results))


def test_masks_get_a_remark_and_no_alarm(tmp_path):
    roads = Roads(1)
    masks = [(cv2.blur((obstacle == 1).astype(np.float32), (3, 3)) > 0.9).astype(np.float32) for obstacle in roads.maps]
    results = run(roads, masks, tmp_path)
    assert not alarms(results) and any(finding.kind == "binary" for finding in examine(results))


def test_the_ground_truth_as_scores_is_too_good(tmp_path):
    roads = Roads(1)
    results = run(roads, [(obstacle == 1).astype(np.float32) for obstacle in roads.maps], tmp_path)
    assert "too good" in alarms(results) and results.methods["method"].components.f1.value == 1


@pytest.mark.parametrize("rows, alarm", [(4, False), (24, True)])
def test_a_bonnet_in_some_frames_is_no_missing_roi(tmp_path, rows, alarm):
    roads = Roads(2)
    for i, obstacle in enumerate(roads.maps):
        obstacle[obstacle == 255] = 0
        if i >= 3:
            obstacle[-rows:] = 255  # drawn or filmed with the car's own bonnet
    assert ("ROI" in alarms(run(roads, honest_scores(roads, 0), tmp_path))) is alarm
