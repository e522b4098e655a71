"""The first loop: scores of every frame to disk. Run it again to go on after an interruption."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unexpected_core.datasets.base import Dataset, Wrapped
from unexpected_core.evaluation.store import FORMATS, open_store, write_score
from unexpected_core.images import write_image
from unexpected_core.log import progress


class Answer(NamedTuple):
    """A method's answer to one image: score float32 [H, W], predicted train ids uint8 [H, W] or None."""

    score: np.ndarray
    labels: np.ndarray | None


class First(Wrapped):
    """The first `count` frames of another data set."""

    def __init__(self, dataset: Dataset, count: int) -> None:
        super().__init__(dataset, dataset.keys[:count])


def write_scores(
    method: Callable[[np.ndarray], Answer], dataset: Dataset, scores: Path, labels: Path, about: dict[str, str]
) -> int:
    """Ask the method for every frame that has no score yet; returns how many were asked.

    method: RGB uint8 [H, W, 3] -> Answer. about: what tells this run from others (method, model_id, format, ...);
    the fingerprint of an image is added, since two data sets, or two versions of one, may share name and keys.
    Scores go to the folder `scores`; predicted labels to `labels`, if the data set has labels. Raises PredictionError.
    """
    open_store(scores, about | {f"image {dataset.keys[0]}": _fingerprint(dataset[0].image)})
    suffix = FORMATS[about["format"]]
    missing = [key for key in dataset.keys if not (scores / f"{key}{suffix}").is_file()]
    for key in progress(missing, f"{about['method']} on {dataset.name}"):
        sample = dataset[key]
        answer = method(sample.image)
        if sample.labels is not None and answer.labels is not None:
            write_image(labels / f"{key}.png", answer.labels)
        write_score(scores, key, answer.score, about["format"])
    return len(missing)


def _fingerprint(image: np.ndarray) -> str:
    height, width = image.shape[:2]
    return f"{width}x{height} {hashlib.sha256(np.ascontiguousarray(image)).hexdigest()[:16]}"
