"""Stored scores beside their ground truth, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.datasets.base import Dataset
from unexpected_core.evaluation.errors import PredictionError
from unexpected_core.evaluation.store import read_score, stored_scores
from unexpected_core.images import read_map
from unexpected_core.structs import Sample


class Judged(NamedTuple):
    """One frame: score at the ground truth's size [H, W], the sample, and the score as stored [h, w]."""

    score: np.ndarray
    sample: Sample
    stored: np.ndarray

    def half(self) -> np.ndarray:
        """The score as SegmentMeIfYouCan sees it: stored in float16, enlarged in float32 if it was smaller [H, W]."""
        with np.errstate(over="ignore"):
            return fit(self.stored.astype(np.float16), self.score.shape)


@dataclass(frozen=True)
class Source:
    """Scores of one method on one data set.

    scores: file by key. labels: folder of predicted train ids, or None. surplus: scores there of no frame of the set.
    folder: where they were written, with the ledger; None where others made them.
    """

    dataset: Dataset
    scores: dict[str, Path]
    labels: Path | None = None
    surplus: int = 0
    folder: Path | None = None

    @property
    def keys(self) -> list[str]:
        """Frames that have both a score and a place in the data set, in the data set's order."""
        return [key for key in self.dataset.keys if key in self.scores]

    def frame(self, key: str) -> Judged:
        """Raises PredictionError if score and ground truth have different shapes, or there is no ground truth."""
        sample = self.dataset[key]
        if sample.obstacle is None:
            raise PredictionError(
                f"data set '{self.dataset.name}' has no obstacle labels for '{key}'; "
                "its scores can be written but not measured here"
            )
        stored = read_score(self.scores[key])
        return Judged(fit(stored, sample.obstacle.shape, str(self.scores[key])), sample, stored)

    def predicted_labels(self, key: str) -> np.ndarray | None:
        """Train ids uint8 [H, W] of the method's segmenter, or None."""
        path = self.labels / f"{key}.png" if self.labels else None
        return read_map(path) if path and path.is_file() else None


def fit(score: np.ndarray, size: tuple[int, int], name: str = "frame") -> np.ndarray:
    """Score float [h, w] -> [H, W] bilinear, where the two have one shape to within 2 %. Raises PredictionError.

    One side of equal length is a sign of what was cut or padded, and not resized.
    """
    if score.shape == size:
        return score
    stretch = (score.shape[0] * size[1]) / (score.shape[1] * size[0])
    if not 0.98 < stretch < 1.02 or score.shape[0] == size[0] or score.shape[1] == size[1]:
        raise PredictionError(
            f"{name}: score is {score.shape[1]}x{score.shape[0]}, ground truth {size[1]}x{size[0]}; "
            "a cropped, padded or transposed map cannot be measured; store it whole, at any size"
        )
    score = score if score.dtype == np.float64 else score.astype(np.float32)
    return cv2.resize(score, size[::-1], interpolation=cv2.INTER_LINEAR)


def open_source(dataset: Dataset, folder: Path) -> Source:
    """Scores below `folder`. Raises PredictionError if no name is the data set's."""
    files, known = stored_scores(folder), set(dataset.keys)
    scores = {key: path for key, path in files.items() if key in known}
    if not scores:
        raise PredictionError(
            f"{folder} has scores for {next(iter(files))} ..., data set '{dataset.name}' has frames "
            f"{dataset.keys[0]} ...: no name is in both. Give the data set and split that were scored, or name the "
            "scores as its frames are named"
        )
    return Source(dataset, scores, surplus=len(files) - len(scores))
