"""What the doctor needs to know of every frame, noted while it is measured, and of all frames together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np

from unexpected_core.config import Number
from unexpected_core.evaluation.doctor.alignment import Alignment, Fit, align, best_fit
from unexpected_core.evaluation.doctor.constants import same_in_all
from unexpected_core.evaluation.doctor.edges import halved, image_edges, score_edges, truth_edges
from unexpected_core.evaluation.doctor.pairing import Pairs, pair
from unexpected_core.evaluation.doctor.truth import Contours, TruthFacts, summarise_contours, trace
from unexpected_core.evaluation.doctor.values import Values, describe
from unexpected_core.evaluation.source import Judged

THUMB = (32, 18)
SCORE_MARGIN, TRUTH_MARGIN = 0.05, 0.03
"""Least gain in correlation from which another way to lay a score, a truth, onto its image counts."""
SCORE_WEAK, TRUTH_WEAK = 0.12, 0.05
"""Mean correlation of a score, a truth, with its image under which single frames cannot be told apart."""


@dataclass(frozen=True)
class FrameFacts:
    """One frame. size, stored_size: (height, width) of the ground truth, of the stored score. values: None without ROI.

    score_hash, image_hash: of all values; score_thumb, obstacle_thumb: float32 [18, 32], ranks and shares; the halved
    edge maps are of edges.halved.
    """

    key: str
    size: tuple[int, int]
    stored_size: tuple[int, int]
    type: str
    roi_share: float
    obstacle_share: float
    ids: tuple[int, ...]
    values: Values | None
    score_hash: str
    image_hash: str
    score_thumb: np.ndarray
    obstacle_thumb: np.ndarray
    image_map: np.ndarray
    score_map: np.ndarray
    truth_map: np.ndarray
    score_alignment: Alignment
    truth_alignment: Alignment
    contours: Contours


@dataclass(frozen=True)
class Evidence:
    """Facts of all frames in small, plain numbers: means over frames, except for extremes and counts.

    constants: statistics that are the same in every frame; bits, coarse: see values.Values, 0 unless most frames have
    them; fixed_obstacle: share of the image that is obstacle in four of five frames; same_scores: frames with the
    scores of another image; same_images: frames with the image of another; one_map: how alike all scores are.
    """

    types: tuple[str, ...]
    sizes: dict[str, int]
    stored_sizes: dict[str, int]
    enlarged_frames: int
    ids: tuple[int, ...]
    frames_with_obstacles: int
    roi_share: Number
    whole_frames: int
    scale: Number
    obstacle_share: Number
    fixed_obstacle: Number
    low: Number
    high: Number
    distinct: Number
    distinct_share: Number
    share_at_low: Number
    share_at_high: Number
    near_one: Number
    blanked: Number
    obstacle_at_low: Number
    brightness: Number
    bits: int
    coarse: Number
    constants: tuple[str, ...]
    same_scores: tuple[str, ...]
    same_images: tuple[str, ...]
    one_map: Number
    score_fit: Fit
    truth_fit: Fit
    score_pairs: Pairs
    truth_pairs: Pairs
    truth: TruthFacts


def note_frame(key: str, judged: Judged) -> FrameFacts:
    """Facts about one frame's score, image and ground truth."""
    score, image, obstacle = judged.score, judged.sample.image, judged.sample.obstacle
    roi, positive = np.count_nonzero(obstacle != 255), np.count_nonzero(obstacle == 1)
    edges, of_score, of_truth = image_edges(image), score_edges(score), truth_edges(obstacle)
    return FrameFacts(
        key=key,
        size=obstacle.shape,
        stored_size=judged.stored.shape,
        type=str(score.dtype),
        roi_share=roi / obstacle.size,
        obstacle_share=positive / roi if roi else 0.0,
        ids=tuple(np.flatnonzero(np.bincount(obstacle.ravel(), minlength=256)).tolist()),
        values=describe(score, image, obstacle) if roi else None,
        score_hash=_hash(score),
        image_hash=_hash(image),
        score_thumb=_thumb(score.astype(np.float64)),
        obstacle_thumb=_thumb((obstacle == 1).astype(np.float32)),
        image_map=halved(edges),
        score_map=halved(of_score),
        truth_map=halved(of_truth),
        score_alignment=align(of_score, edges, zooms=True),
        truth_alignment=align(of_truth, edges, zooms=False),
        contours=trace(score, image, obstacle),
    )


def _hash(values: np.ndarray) -> str:
    return hashlib.blake2b(np.ascontiguousarray(values), digest_size=16).hexdigest()


def _thumb(values: np.ndarray) -> np.ndarray:
    return cv2.resize(values, THUMB, interpolation=cv2.INTER_AREA)


def summarise(facts: Sequence[FrameFacts]) -> Evidence:
    """Facts of all frames -> the evidence of a result."""
    values = [fact.values for fact in facts if fact.values]
    spreads = [value.inside for value in values]
    keys, images = [fact.key for fact in facts], [fact.image_map for fact in facts]

    def mean(name: str) -> float:
        return float(np.mean([getattr(value, name) for value in values])) if values else float("nan")

    return Evidence(
        types=tuple(sorted({fact.type for fact in facts})),
        sizes=_counted(fact.size for fact in facts),
        stored_sizes=_counted(fact.stored_size for fact in facts),
        enlarged_frames=sum(fact.size != fact.stored_size for fact in facts),
        ids=tuple(sorted({i for fact in facts for i in fact.ids})),
        frames_with_obstacles=sum(fact.obstacle_share > 0 for fact in facts),
        roi_share=float(np.mean([fact.roi_share for fact in facts])),
        whole_frames=sum(fact.roi_share == 1 for fact in facts),
        scale=min(fact.stored_size[1] / fact.size[1] for fact in facts),
        obstacle_share=float(np.mean([fact.obstacle_share for fact in facts if fact.values])) if values else np.nan,
        fixed_obstacle=_fixed([fact.obstacle_thumb for fact in facts]),
        low=min((spread.low for spread in spreads), default=np.nan),
        high=max((spread.high for spread in spreads), default=np.nan),
        share_at_low=float(np.mean([spread.share_at_low for spread in spreads])) if values else np.nan,
        share_at_high=float(np.mean([spread.share_at_high for spread in spreads])) if values else np.nan,
        distinct_share=mean("distinct") / mean("sampled"),
        **{name: mean(name) for name in MEANS},
        bits=_of_most([value.bits for value in values]),
        coarse=_of_most([round(value.coarse, 1) for value in values]),
        constants=same_in_all(values),
        same_scores=_same_scores(facts),
        same_images=_same_images(facts),
        one_map=_likeness([fact.score_thumb for fact in facts], images),
        score_fit=best_fit([fact.score_alignment for fact in facts], SCORE_MARGIN),
        truth_fit=best_fit([fact.truth_alignment for fact in facts], TRUTH_MARGIN),
        score_pairs=pair(keys, [fact.score_map for fact in facts], images, SCORE_WEAK),
        truth_pairs=pair(keys, [fact.truth_map for fact in facts], images, TRUTH_WEAK),
        truth=summarise_contours([fact.contours for fact in facts]),
    )


MEANS = ("distinct", "near_one", "blanked", "obstacle_at_low", "brightness")
"""Fields of Values whose mean over frames is evidence."""


def _counted(sizes: Iterable[tuple[int, int]]) -> dict[str, int]:
    names = [f"{width}x{height}" for height, width in sizes]
    return {name: names.count(name) for name in sorted(set(names))}


def _fixed(obstacles: list[np.ndarray]) -> float:
    """Share of the image that is obstacle in four of five frames or more; 0 for fewer than three frames."""
    if len(obstacles) < 3:
        return 0.0
    return float(np.mean(np.mean([share > 0.5 for share in obstacles], axis=0) >= 0.8))


def _of_most[T: (int, float)](values: list[T]) -> T | int:
    """The median of those that are not 0, where they are more than two thirds."""
    found = [value for value in values if value]
    return sorted(found)[len(found) // 2] if len(found) > 2 / 3 * len(values) else 0


def _same_scores(facts: Sequence[FrameFacts]) -> tuple[str, ...]:
    """Keys of frames with the very scores of another frame, though their images differ or show nothing."""
    telling = [fact for fact in facts if fact.values and fact.values.distinct > 2]
    pairs = [(a, b) for a, b in combinations(telling, 2) if a.score_hash == b.score_hash]
    apart = [(a, b) for a, b in pairs if a.image_hash != b.image_hash or not a.image_map.any()]
    return tuple(sorted({fact.key for pair_of_facts in apart for fact in pair_of_facts}))


def _same_images(facts: Sequence[FrameFacts]) -> tuple[str, ...]:
    """Keys of frames whose image, which shows something, is that of another frame."""
    hashes = [fact.image_hash for fact in facts if fact.image_map.any()]
    return tuple(fact.key for fact in facts if hashes.count(fact.image_hash) > 1)


def _likeness(scores: list[np.ndarray], images: list[np.ndarray]) -> float:
    """Median correlation of the scores of neighbouring frames whose images differ; NaN without such frames."""
    found = []
    for i in range(len(scores) - 1):
        if float(np.vdot(images[i], images[i + 1])) < 0.5 and min(np.ptp(scores[i]), np.ptp(scores[i + 1])) > 0:
            found.append(np.corrcoef(scores[i].ravel(), scores[i + 1].ravel())[0, 1])
    return float(np.median(found)) if found else float("nan")
