"""The methods that `unexpected evaluate` judges: their names, and the scores of each, made now or given."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unexpected_core.cli.errors import UsageError

if TYPE_CHECKING:
    from unexpected_core.datasets import Dataset
    from unexpected_core.evaluation.judge import Candidate
    from unexpected_core.evaluation.measure import Threshold
    from unexpected_core.pipeline.detector import Detector


def label_of(name: str) -> str:
    """A scorer's name, or a weight file's, as a folder and a line of a table."""
    return Path(name).stem if name.endswith(".safetensors") else name.strip("/").replace("/", "_")


def check_known(names: Sequence[str]) -> None:
    """Refuse the last of many methods before the first is scored."""
    from unexpected_core.config import unknown_name
    from unexpected_core.scorers import SCORERS
    from unexpected_core.weights.catalog import shipped

    known = {**SCORERS, **shipped()}
    for name in names:
        if name not in known and not Path(name).expanduser().exists():
            raise UsageError(f"{unknown_name('scorer', name, known)}; or give a weight file or its folder")


def opponents_of(arguments: argparse.Namespace) -> Path:
    """Weight file of the opponents of --detector. Raises WeightsError."""
    from unexpected_core.weights.catalog import find_opponents, find_weights

    return find_opponents(find_weights(arguments.detector))


def candidate_of(
    name: str, dataset: Dataset, normal: Dataset | None, arguments: argparse.Namespace, min_area: int
) -> Candidate:
    """Stored scores of one method: somebody's, or our own, written now where they are missing.

    normal: frames of normal driving that the threshold is chosen on.
    """
    from unexpected_core.evaluation.judge import Candidate
    from unexpected_core.evaluation.normal import normal_threshold
    from unexpected_core.evaluation.source import open_source
    from unexpected_core.evaluation.store import foreign_folder

    about: dict[str, Any] = {"model_id": None, "weights_sha256": None, "limited": bool(arguments.limit)}
    if arguments.from_scores:
        source = open_source(dataset, foreign_folder(arguments.from_scores, name, dataset.name))
        return Candidate(source, about, _threshold(arguments, None))
    detector = open_detector(name, arguments)
    about |= {"model_id": detector.model_id, "weights_sha256": _fingerprint(name, arguments)}
    threshold = _threshold(arguments, detector)  # before hours of scoring
    source = _score(name, detector, dataset, arguments)
    if normal is not None:
        threshold = normal_threshold(_score(name, detector, normal, arguments), min_area, arguments.false_alarms)
    return Candidate(source, about, threshold)


def open_detector(name: str, arguments: argparse.Namespace) -> Detector:
    """A scorer's name on the networks of --detector, a method of the paper, or a detector of its own."""
    from unexpected_core.pipeline.detector import load_detector
    from unexpected_core.pipeline.settings import PUBLISHED
    from unexpected_core.scorers import SCORERS

    entry = SCORERS.get(name)
    settings: dict[str, Any] = {"scale": arguments.scale, "max_regions": 0}
    if entry is not None and entry.published:
        published = {setting: getattr(arguments, setting) for setting in PUBLISHED}
        return load_detector(name, arguments.device, **published, **settings)
    on_others = entry is not None and entry.base
    path = "random" if arguments.random_weights else arguments.detector if on_others else name
    return load_detector(path, arguments.device, scorer=name if on_others else "", **settings)


def _score(name: str, detector: Detector, dataset: Dataset, arguments: argparse.Namespace) -> Any:
    from unexpected_core.evaluation.run import Answer, write_scores
    from unexpected_core.evaluation.source import open_source
    from unexpected_core.evaluation.store import score_folder

    def answer(image):
        detection = detector.detect(image, resynthesis=False)
        return Answer(detection.score, detection.labels)

    label = label_of(name)
    scores = score_folder(arguments.out, label, dataset.name, arguments.store)
    labels = arguments.out / label / dataset.name / "labels"
    write_scores(
        answer,
        dataset,
        scores,
        labels,
        {
            "method": name,
            "model_id": detector.model_id,
            "dataset": dataset.name,
            "format": arguments.store,
            "scale": f"{arguments.scale:g}",
            "resynthesis_input": arguments.resynthesis_input,
            "compat": str(arguments.compat),
        },
    )
    return open_source(dataset, scores, labels)


def _threshold(arguments: argparse.Namespace, detector: Detector | None) -> Threshold | None:
    from unexpected_core.evaluation.measure import Threshold

    if arguments.threshold is None:
        return None
    if arguments.threshold == "weights" and detector is not None:
        return Threshold(detector.settings.detect.threshold, "weights")
    try:
        value = float(arguments.threshold)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(
            f"--threshold: expected a number, or 'weights' where a detector runs, found '{arguments.threshold}'"
        )
    return Threshold(value, "given")


def _fingerprint(name: str, arguments: argparse.Namespace) -> str | None:
    """SHA-256 of the weight file, where the method stands on one."""
    from unexpected_core.files import sha256
    from unexpected_core.scorers import SCORERS
    from unexpected_core.weights.catalog import find_weights

    entry = SCORERS.get(name)
    if arguments.random_weights or name == "random" or (entry is not None and entry.published):
        return None
    if entry is not None and entry.opponent:
        return sha256(opponents_of(arguments))
    return sha256(find_weights(arguments.detector if entry is not None and entry.base else name))
