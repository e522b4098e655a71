"""Facts of all frames -> the evidence of a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np

from unexpected_core.evaluation.doctor.alignment import best_fit
from unexpected_core.evaluation.doctor.evidence import Evidence, FrameFacts
from unexpected_core.evaluation.doctor.pairing import pair
from unexpected_core.evaluation.doctor.rescaled import same_in_all
from unexpected_core.evaluation.doctor.truth import summarise_contours

SCORE_MARGIN, TRUTH_MARGIN = 0.05, 0.03
"""Least gain in correlation from which another way to lay a score, a truth, onto its image counts."""
SCORE_WEAK, TRUTH_WEAK = 0.12, 0.05
"""Mean correlation of a score, a truth, with its image under which single frames cannot be told apart."""


def summarise(facts: Sequence[FrameFacts]) -> Evidence:
    """Facts of all frames -> the evidence of a result."""
    values = [fact.values for fact in facts if fact.values]
    spreads = [value.inside for value in values]
    keys, images = [fact.key for fact in facts], [fact.image_map for fact in facts]

    def mean(name: str) -> float:
        return float(np.mean([getattr(value, name) for value in values])) if values else float("nan")

    return Evidence(
        types=tuple(sorted({fact.type for fact in facts})),
        stored_sizes=_counted(fact.stored_size for fact in facts),
        enlarged_frames=sum(fact.size != fact.stored_size for fact in facts),
        ids=tuple(sorted({i for fact in facts for i in fact.ids})),
        roi_share=float(np.mean([fact.roi_share for fact in facts])),
        whole_frames=sum(fact.roi_share == 1 for fact in facts),
        scale=min(fact.stored_size[1] / fact.size[1] for fact in facts),
        obstacle_share=float(np.mean([fact.obstacle_share for fact in facts if fact.values])) if values else np.nan,
        fixed_obstacle=_fixed([fact.obstacle_thumb for fact in facts]),
        low=min((spread.low for spread in spreads), default=np.nan),
        high=max((spread.high for spread in spreads), default=np.nan),
        share_at_high=float(np.mean([spread.share_at_high for spread in spreads])) if values else np.nan,
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


MEANS = ("distinct", "near_one", "blanked", "brightness")
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
    times = Counter(fact.image_hash for fact in facts if fact.image_map.any())
    return tuple(fact.key for fact in facts if times[fact.image_hash] > 1)


def _likeness(scores: list[np.ndarray], images: list[np.ndarray]) -> float:
    """Median correlation of the scores of neighbouring frames whose images differ; NaN without such frames."""
    found = []
    for i in range(len(scores) - 1):
        image, following = images[i : i + 2]  # of another shape where the frames are
        differ = image.shape != following.shape or float(np.vdot(image, following)) < 0.5
        if differ and min(np.ptp(scores[i]), np.ptp(scores[i + 1])) > 0:
            found.append(np.corrcoef(scores[i].ravel(), scores[i + 1].ravel())[0, 1])
    return float(np.median(found)) if found else float("nan")
