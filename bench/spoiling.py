"""Ways to spoil an evaluation (FAULTS), and ways in which an honest one may differ (CLEAN).

Each way changes a Case in place and draws what it needs from `rng`.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from unexpected_core.evaluation.threshold import Threshold
from unexpected_core.metrics.pixel import measure_pixels


@dataclass
class Case:
    """An evaluation that can be spoilt: one list entry per frame. threshold: None = best F1 of these frames."""

    name: str
    keys: list[str]
    images: list[np.ndarray]
    obstacles: list[np.ndarray]
    scores: list[np.ndarray]
    threshold: Threshold | None = None
    surplus: int = 0

    def change_scores(self, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self.scores = [change(score) for score in self.scores]

    def change_obstacles(self, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self.obstacles = [change(obstacle) for obstacle in self.obstacles]


def spoilt(case: Case, change, seed: int) -> Case:
    case = copy.copy(case)
    case.scores, case.obstacles = list(case.scores), list(case.obstacles)
    change(case, np.random.default_rng(seed))
    return case


def unit(score):
    score = score.astype(np.float64)
    return (score - score.min()) / (np.ptp(score) or 1)


def resized(score, shape, how=cv2.INTER_LINEAR):
    return cv2.resize(np.ascontiguousarray(score), shape[1::-1], interpolation=how)


def shuffled(case, rng):
    order = rng.permutation(len(case.scores))
    while np.mean(order == np.arange(len(order))) > 0.2:
        order = rng.permutation(len(case.scores))
    case.scores = [case.scores[i] for i in order]


def off_by_some(case, rng):
    step = int(rng.integers(1, 4))
    case.scores = case.scores[step:] + case.scores[:step]


def two_exchanged(case, rng):
    a, b = rng.choice(len(case.scores), 2, replace=False)
    case.scores[a], case.scores[b] = case.scores[b], case.scores[a]


def moved(case, rng):
    distance = (rng.integers(16, 41, 2) * rng.choice((-1, 1), 2)).tolist()
    distance[int(rng.integers(2))] *= int(rng.integers(2))
    case.change_scores(lambda score: np.roll(score, distance, (0, 1)))


def mirrored(case, rng):
    case.change_scores(lambda score: score[:, ::-1])


def upside_down(case, rng):
    case.change_scores(lambda score: score[::-1])


def turned(case, rng):
    turns = int(rng.integers(1, 4))
    case.change_scores(lambda score: resized(np.rot90(score, turns), score.shape))


def transposed(case, rng):
    case.change_scores(lambda score: resized(score.T, score.shape))


def squeezed_border(case, rng):
    """Scored with a border around the image that was not cut off again."""
    share = rng.uniform(0.08, 0.2)

    def change(score):
        pad = [round(share * size) for size in score.shape]
        wide = cv2.copyMakeBorder(score, pad[0], pad[0], pad[1], pad[1], cv2.BORDER_REPLICATE)
        return resized(wide, score.shape)

    case.change_scores(change)


def letterboxed(case, rng):
    share = rng.uniform(0.15, 0.4)

    def change(score):
        wide = cv2.copyMakeBorder(score, *[round(share * score.shape[0])] * 2, 0, 0, cv2.BORDER_CONSTANT, value=0)
        return resized(wide, score.shape)

    case.change_scores(change)


def sign_flipped(case, rng):
    case.change_scores(lambda score: (1 - score) if rng.integers(2) else -score)


def noise(case, rng):
    sigma = rng.uniform(0.8, 6)
    case.change_scores(lambda score: cv2.GaussianBlur(rng.normal(size=score.shape), (0, 0), sigma).astype(np.float32))


def saturated(case, rng):
    middle = np.median([np.median(score) for score in case.scores])
    width = np.mean([score.std() for score in case.scores])
    gain = rng.uniform(60, 200)
    case.change_scores(lambda s: (1 / (1 + np.exp(-np.clip(gain * (s - middle) / width, -80, 80)))).astype(np.float32))


def half_near_one(case, rng):
    case.change_scores(lambda score: (1 - 1e-3 * (1 - score)).astype(np.float16))


def eight_bits(case, rng):
    bits = int(rng.integers(2))
    case.change_scores(lambda s: np.round(s * 255).astype(np.uint8) if bits else np.float32(np.round(s * 255) / 255))


def stretched_frame_by_frame(case, rng):
    case.change_scores(lambda score: unit(score).astype(np.float32))


def standardised_frame_by_frame(case, rng):
    case.change_scores(lambda score: (score - score.mean(dtype=np.float64)) / score.std(dtype=np.float64))


def clipped_frame_by_frame(case, rng):
    low, high = rng.uniform(0.5, 3), rng.uniform(97, 99.5)

    def change(score):
        a, b = np.percentile(score, (low, high))
        return np.clip((score - a) / (b - a), 0, 1).astype(np.float32)

    case.change_scores(change)


def coarse(case, rng):
    factor = int(rng.choice((8, 8, 10, 12)))
    how = int(rng.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC)))
    case.change_scores(lambda s: resized(_shrunk(s, factor), s.shape, how))


def blocks(case, rng):
    factor = int(rng.choice((8, 16)))
    case.change_scores(lambda s: resized(_shrunk(s, factor), s.shape, cv2.INTER_NEAREST))


def _shrunk(score, factor):
    return resized(score, (score.shape[0] // factor, score.shape[1] // factor), cv2.INTER_AREA)


def brightness_stored(case, rng):
    case.scores = [image.mean(2).astype(np.float32) / 255 for image in case.images]


def one_for_all(case, rng):
    case.scores = [case.scores[int(rng.integers(len(case.scores)))]] * len(case.scores)


def buffer_not_copied(case, rng):
    for i in rng.choice(len(case.scores) - 1, 3, replace=False):
        case.scores[i] = case.scores[i + 1]


def place_only(case, rng):
    mean = np.mean(case.scores, axis=0)
    case.change_scores(lambda score: (mean + 0.01 * mean.std() * rng.normal(size=mean.shape)).astype(np.float32))


def roi_ignored(case, rng):
    case.change_obstacles(lambda obstacle: np.where(obstacle == 255, 0, obstacle).astype(np.uint8))


def outside_counted_as_obstacle(case, rng):
    case.change_obstacles(lambda obstacle: np.where(obstacle == 255, 1, obstacle).astype(np.uint8))


def truth_dilated(case, rng):
    width = 2 * int(rng.integers(3, 9)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    case.change_obstacles(lambda o: np.where(cv2.dilate((o == 1).astype(np.uint8), kernel) > 0, 1, o).astype(np.uint8))


def truth_eroded(case, rng):
    width = 2 * int(rng.integers(3, 5)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))

    def change(obstacle):
        kept = cv2.erode((obstacle == 1).astype(np.uint8), kernel) > 0
        return np.where((obstacle == 1) & ~kept, 0, obstacle).astype(np.uint8)

    case.change_obstacles(change)


def truth_exchanged(case, rng):
    case.change_obstacles(lambda o: np.where(o == 255, 255, 1 - np.minimum(o, 1)).astype(np.uint8))


def truth_shuffled(case, rng):
    step = int(rng.integers(1, len(case.obstacles)))
    case.obstacles = case.obstacles[step:] + case.obstacles[:step]


def truth_mirrored(case, rng):
    case.change_obstacles(lambda obstacle: np.ascontiguousarray(obstacle[:, ::-1]))


def truth_as_score(case, rng):
    case.scores = [(obstacle == 1).astype(np.float32) for obstacle in case.obstacles]


def truth_leaked(case, rng):
    share = rng.uniform(0.3, 1)
    case.scores = [
        score + np.float32(share * np.ptp(score)) * (obstacle == 1)
        for score, obstacle in zip(case.scores, case.obstacles, strict=True)
    ]


def truth_blurred(case, rng):
    sigma = rng.uniform(1, 3)
    case.scores = [
        cv2.GaussianBlur((obstacle == 1).astype(np.float32), (0, 0), sigma) + 1e-3 * score
        for score, obstacle in zip(case.scores, case.obstacles, strict=True)
    ]


def frames_lost(case, rng):
    case.scores = case.scores[: int(rng.integers(len(case.scores) // 2, len(case.scores)))]


def frames_too_many(case, rng):
    case.surplus = int(rng.integers(1, 5))


def tuned(case, rng):
    best = measure_pixels(zip(case.scores, case.obstacles, strict=True)).best_f1_threshold
    digits = int(rng.integers(2, 6))
    how = (round, lambda v, d: np.floor(v * 10**d) / 10**d)[int(digits > 3 and rng.integers(2))]
    case.threshold = Threshold(float(how(best, digits)), "given")


def blanked_elsewhere(case, rng):
    share = rng.uniform(0.45, 0.65)

    def change(score):
        score = score.copy()
        score[int(share * len(score)) :] = score.min() - 1
        return score

    case.change_scores(change)


def sizes_mixed(case, rng):
    for i in range(0, len(case.scores), 2):
        case.scores[i] = _shrunk(case.scores[i], 2)


def not_numbers(case, rng):
    case.scores[0] = case.scores[0].copy()
    case.scores[0][len(case.scores[0]) // 2 :] = np.nan


FAULTS = [
    *(shuffled, off_by_some, two_exchanged, moved, mirrored, upside_down, turned, transposed, squeezed_border),
    *(letterboxed, sign_flipped, noise, saturated, half_near_one, eight_bits, stretched_frame_by_frame),
    *(standardised_frame_by_frame, clipped_frame_by_frame, coarse, blocks, brightness_stored, one_for_all),
    *(buffer_not_copied, place_only, roi_ignored, outside_counted_as_obstacle, truth_dilated, truth_eroded),
    *(truth_exchanged, truth_shuffled, truth_mirrored, truth_as_score, truth_leaked, truth_blurred, frames_lost),
    *(frames_too_many, tuned, blanked_elsewhere, sizes_mixed, not_numbers),
]


def few_levels(case, rng):
    levels = int(rng.integers(4, 33))
    case.change_scores(lambda score: np.float32(np.round(score * levels) / levels))


def tiny(case, rng):
    case.change_scores(lambda score: score * np.float32(10.0 ** -rng.integers(36, 39)))


def logits(case, rng):
    case.change_scores(lambda score: np.float32(20 * np.log((score + 1e-6) / (1 - score + 1e-6)) - 5))


def clipped_alike(case, rng):
    low, high = np.percentile(case.scores[0], (rng.uniform(2, 10), rng.uniform(99, 99.9)))
    case.change_scores(lambda score: np.clip((score - low) / (high - low), 0, 1).astype(np.float32))


def as_half(case, rng):
    case.change_scores(lambda score: score.astype(np.float16))


def as_double(case, rng):
    case.change_scores(lambda score: np.sqrt(score.astype(np.float64)))


def some_threshold(case, rng):
    case.threshold = Threshold(float(rng.choice((0.5, 0.62, 0.25, 0.8))), str(rng.choice(("weights", "given"))))


def fewer_frames(case, rng):
    count = int(rng.integers(3, len(case.keys)))
    for name in ("keys", "images", "obstacles", "scores"):
        setattr(case, name, getattr(case, name)[:count])


def unscored_outside(case, rng):
    case.scores = [
        np.where(obstacle == 255, np.float32(rng.choice((np.nan, -np.inf))), score)
        for score, obstacle in zip(case.scores, case.obstacles, strict=True)
    ]


CLEAN = [
    lambda case, rng: None,
    few_levels,
    tiny,
    logits,
    clipped_alike,
    as_half,
    as_double,
    some_threshold,
    fewer_frames,
    unscored_outside,
]
"""What honest methods do to their scores, and people to their evaluations."""
