"""Where pixels are called obstacles, and how that was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from unexpected_core.config import Number
from unexpected_core.evaluation.errors import PredictionError
from unexpected_core.evaluation.ledger import Ledger
from unexpected_core.evaluation.source import Source
from unexpected_core.evaluation.store import read_score
from unexpected_core.images import resize_map
from unexpected_core.metrics.false_alarms import alarm_level, promised_threshold

Choice = Literal["given", "weights", "normal_driving", "best_f1_on_test"]


@dataclass(frozen=True)
class Threshold:
    """value: pixels with score >= value are called, NaN where there is no best F1. source: how it was chosen.

    promised_rate: of false-alarm frames, for 'normal_driving'.
    """

    value: Number
    source: Choice
    promised_rate: float | None = None


def check_unseen(judged: Source, normal: Source) -> None:
    """Raises PredictionError where a frame of normal driving is a judged one, which the threshold must not have seen.

    Images are told by the hashes beside scores that were made here (see ledger). Those of one colour, as a camera
    sends that sees nothing, are alike without being the same frame.
    """
    keys = {image: key for key, image in _images(judged).items()}
    alike = [(key, keys[image]) for key, image in _images(normal).items() if image in keys]
    same = [(key, other) for key, other in alike if np.ptp(normal.dataset[key].image, (0, 1)).any()]
    if same:
        raise PredictionError(
            f"frame '{same[0][0]}' of '{normal.dataset.name}' is '{same[0][1]}' of '{judged.dataset.name}' "
            f"({len(same)} in both): a threshold must come from frames that are not judged"
        )


def _images(source: Source) -> dict[str, str]:
    """Image hash by key."""
    frames = Ledger(source.folder).frames if source.folder else {}
    return {key: frames[key].image for key in source.keys if key in frames}


def normal_threshold(source: Source, min_area: int, rate: float) -> Threshold:
    """Threshold that at most `rate` of new frames like these reach on min_area pixels.

    The ROI is the data set's (obstacle 0), or the whole image where it has none; frames that it ignores as a whole do
    not count. Raises PredictionError if there are obstacles among the frames, MetricError if there are too few frames.
    """
    levels = [level for key in source.keys if (level := _alarm_level(source, key, min_area)) is not None]
    return Threshold(promised_threshold(np.array(levels), rate), "normal_driving", rate)


def _alarm_level(source: Source, key: str, min_area: int) -> float | None:
    obstacle, score = source.dataset[key].obstacle, read_score(source.scores[key])
    if obstacle is None:
        return alarm_level(score, np.ones(score.shape, bool), min_area)
    if (obstacle == 1).any():
        raise PredictionError(
            f"frame '{key}' of '{source.dataset.name}' has an obstacle; a threshold from "
            "normal driving needs frames without any"
        )
    if not (obstacle == 0).any():
        return None
    return alarm_level(score, resize_map(obstacle, score.shape) == 0, min_area)
