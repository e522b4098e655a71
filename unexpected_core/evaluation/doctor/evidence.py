"""What the doctor needs to know of every frame, noted while it is measured, and of all frames together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np

from unexpected_core.config import Number
from unexpected_core.evaluation.doctor.alignment import Alignment, Fit, align
from unexpected_core.evaluation.doctor.edges import halved, image_edges, score_edges, truth_edges
from unexpected_core.evaluation.doctor.pairing import Pairs
from unexpected_core.evaluation.doctor.truth import Contours, TruthFacts, trace
from unexpected_core.evaluation.doctor.values import Values, describe
from unexpected_core.evaluation.source import Judged

THUMB = (32, 18)


@dataclass(frozen=True)
class FrameFacts:
    """One frame. size, stored_size: (height, width) of the ground truth, of the stored score. values: None without ROI.

    score_hash, image_hash: of every ninth pixel; score_thumb, obstacle_thumb: float [18, 32]; the halved edge maps are
    of edges.halved.
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
    stored_sizes: dict[str, int]
    enlarged_frames: int
    ids: tuple[int, ...]
    roi_share: Number
    whole_frames: int
    scale: Number
    obstacle_share: Number
    fixed_obstacle: Number
    low: Number
    high: Number
    distinct: Number
    share_at_high: Number
    near_one: Number
    blanked: Number
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
    score, image, obstacle = _numbers(judged.score), judged.sample.image, judged.sample.obstacle
    roi, positive = np.count_nonzero(obstacle != 255), np.count_nonzero(obstacle == 1)
    edges, of_score, of_truth = image_edges(image), score_edges(score), truth_edges(obstacle)
    return FrameFacts(
        key=key,
        size=obstacle.shape,
        stored_size=judged.stored.shape,
        type=str(score.dtype),
        roi_share=roi / obstacle.size,
        obstacle_share=positive / roi if roi else 0.0,
        ids=tuple(np.flatnonzero(cv2.calcHist([np.ascontiguousarray(obstacle)], [0], None, [256], [0, 256])).tolist()),
        values=describe(score, image, obstacle) if roi else None,
        score_hash=_hash(score),
        image_hash=_hash(image),
        score_thumb=_thumb(score[::4, ::4].astype(np.float64)),
        obstacle_thumb=_thumb((obstacle[::2, ::2] == 1).astype(np.float32)),
        image_map=halved(edges),
        score_map=halved(of_score),
        truth_map=halved(of_truth),
        score_alignment=align(of_score, edges, zooms=True),
        truth_alignment=align(of_truth, edges, zooms=False),
        contours=trace(score, image, obstacle),
    )


def _numbers(score: np.ndarray) -> np.ndarray:
    """The score; outside the ROI it may be NaN or infinite, and is the lowest number there is then."""
    finite = np.isfinite(score)
    if finite.all():
        return score
    return np.where(finite, score, score[finite].min() if finite.any() else score.dtype.type(0))


def _hash(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values[::3, ::3])).hexdigest()


def _thumb(values: np.ndarray) -> np.ndarray:
    return cv2.resize(values, THUMB, interpolation=cv2.INTER_AREA)
