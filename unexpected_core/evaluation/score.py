"""The first loop: scores of every frame to disk. Run it again to go on after an interruption."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unexpected_core.datasets.base import Dataset, Wrapped
from unexpected_core.evaluation.ledger import Ledger, Made, image_hash
from unexpected_core.evaluation.settings import FORMATS
from unexpected_core.evaluation.source import Source
from unexpected_core.evaluation.store import SUFFIXES, write_score
from unexpected_core.files import sha256
from unexpected_core.images import write_image
from unexpected_core.log import LOGGER, progress
from unexpected_core.structs import Sample


class Answer(NamedTuple):
    """A method's answer to one image: score float [H, W], predicted train ids uint8 [H, W] or None."""

    score: np.ndarray
    labels: np.ndarray | None = None


@dataclass(frozen=True)
class Method:
    """What can be asked for scores. answer: RGB uint8 [H, W, 3] -> Answer.

    made_by: all that decides its scores, by name, in words or hashes (weights, options, settings, code).
    """

    name: str
    answer: Callable[[np.ndarray], Answer]
    made_by: Mapping[str, str]


class First(Wrapped):
    """The first `count` frames of another data set."""

    def __init__(self, dataset: Dataset, count: int) -> None:
        super().__init__(dataset, dataset.keys[:count])


def write_scores(method: Method, dataset: Dataset, scores: Path, labels: Path, kind: str) -> Source:
    """Ask the method for every frame that has no score yet, or a stale one, and say which and why.

    Scores go to the folder `scores`, as `kind` of FORMATS; predicted labels to `labels`, if the data set has labels.
    Raises PredictionError.
    """
    ledger = Ledger(scores)
    maker = ledger.begin(method.made_by)
    files = {key: scores / f"{key}{FORMATS[kind]}" for key in dataset.keys}
    title = f"{method.name} on {dataset.name}"
    for key in progress(_to_ask(ledger, dataset, files, labels, maker, title), title):
        sample = dataset[key]
        answer = method.answer(sample.image)
        painted = None if sample.labels is None else _paint(labels / f"{key}.png", answer.labels)
        write_score(scores, key, answer.score, kind)
        for suffix in set(SUFFIXES) - {FORMATS[kind]}:  # of an evaluation that stored another format
            (scores / f"{key}{suffix}").unlink(missing_ok=True)
        ledger.note(key, Made(image_hash(sample.image), maker, sha256(files[key]), painted))
    return Source(dataset, files, labels if labels.is_dir() else None, folder=scores)


def _paint(path: Path, labels: np.ndarray | None) -> str:
    """Write predicted labels; SHA-256 of the file, '' where there are none."""
    if labels is None:
        path.unlink(missing_ok=True)  # an earlier method's
        return ""
    write_image(path, labels)
    return sha256(path)


def _to_ask(
    ledger: Ledger, dataset: Dataset, files: Mapping[str, Path], labels: Path, maker: str, title: str
) -> list[str]:
    """Frames without a score that would be made the same way now; the stale ones are counted by reason, and told."""
    again, reasons = {key for key, file in files.items() if not file.is_file()}, Counter[str]()
    there = [key for key in files if key not in again]
    for key in progress(there, f"checking {title}"):
        sample = dataset[key]
        reason = ledger.stale(key, files[key], image_hash(sample.image), maker)
        reason = reason or _lost(ledger.frames[key], sample, labels / f"{key}.png")
        if reason:
            again.add(key)
            reasons[reason] += 1
    for reason, count in reasons.items():
        LOGGER.warning("%s: %d of %d stored scores are computed again: %s", title, count, len(there), reason)
    return [key for key in dataset.keys if key in again]


def _lost(made: Made, sample: Sample, labels: Path) -> str | None:
    if made.labels is None and sample.labels is not None:
        return "their frames had no labels"
    return "their labels changed" if made.labels and (not labels.is_file() or sha256(labels) != made.labels) else None
