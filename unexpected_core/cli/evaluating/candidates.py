"""The methods that `unexpected evaluate` judges: the scores of each, made now or given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from unexpected_core.cli.evaluating.networks import Networks
from unexpected_core.files import expand_home, sha256
from unexpected_core.log import LOGGER

if TYPE_CHECKING:
    from unexpected_core.datasets import Dataset
    from unexpected_core.evaluation.candidates import Candidate
    from unexpected_core.evaluation.settings import EvaluationSettings
    from unexpected_core.evaluation.source import Source
    from unexpected_core.evaluation.threshold import Threshold
    from unexpected_core.pipeline.detector import Detector

NORMAL = "normal_driving"
"""Folder of the scores of those frames: sets of folders bear the folders' names, which may be one."""


def score_candidate(
    name: str, dataset: Dataset, normal: Dataset | None, networks: Networks, settings: EvaluationSettings, out: Path
) -> Candidate:
    """A method's scores, written below `out` where they are missing or stale.

    normal: frames of normal driving that the threshold is chosen on.
    """
    from unexpected_core.evaluation.candidates import Candidate
    from unexpected_core.evaluation.threshold import check_unseen, normal_threshold

    detector = networks.open(name)
    identity = networks.identity(name, detector, bool(settings.limit))
    threshold = _threshold(settings, detector)
    source = _score(name, detector, dataset, settings, out)
    if normal is not None:
        scored = _score(name, detector, normal, settings, out / NORMAL)
        check_unseen(source, scored)
        threshold = normal_threshold(scored, settings.sizes.region, settings.false_alarms)
    return Candidate(source, threshold, identity)


def stored_candidate(name: str, dataset: Dataset, settings: EvaluationSettings, folder: Path) -> Candidate:
    """Somebody's scores of one method. Raises PredictionError."""
    from unexpected_core.evaluation.candidates import Candidate, Identity
    from unexpected_core.evaluation.pairing import foreign_source
    from unexpected_core.evaluation.store import label_of

    source = foreign_source(dataset, folder, label_of(name))
    return Candidate(source, _threshold(settings, None), Identity(limited=bool(settings.limit)))


def _score(name: str, detector: Detector, dataset: Dataset, settings: EvaluationSettings, out: Path) -> Source:
    from unexpected_core.evaluation.score import Answer, Method, write_scores
    from unexpected_core.evaluation.store import label_of, score_folder
    from unexpected_core.scorers.fingerprint import fingerprint, has_unknown_code, own_code

    label = label_of(name)
    if detector.scorer is not None and has_unknown_code(detector.scorer) and not detector.scorer.revision:
        LOGGER.warning(
            "%s has code from elsewhere, whose changes are not seen: its scores are not taken again; to keep them, "
            "give the scorer a `revision`, and another one with each change",
            name,
        )
    parts = (
        {"file": sha256(expand_home(name)), "code": own_code()}
        if detector.scorer is None
        else fingerprint(detector.scorer)
    )
    made_by = {
        "method": name,
        "model_id": detector.model_id,
        "scale": f"{detector.scale:g}",
        "device": detector.device.partition(":")[0],
        "precision": detector.precision,
        **{f"scorer {part}": text for part, text in parts.items()},
    }
    method = Method(name, lambda image: Answer(*detector.score(image)), made_by)
    folder = score_folder(out, label, dataset.name, settings.store)
    return write_scores(method, dataset, folder, out / label / dataset.name / "labels", settings.store)


def _threshold(settings: EvaluationSettings, detector: Detector | None) -> Threshold | None:
    from unexpected_core.evaluation.threshold import Threshold

    if settings.threshold is None:
        return None
    if settings.threshold != "weights":
        return Threshold(settings.threshold, "given")
    assert detector, "cli.evaluating.options asks"
    return Threshold(detector.settings.detect.threshold, "weights")
