"""What the files that settings name hold: they may be written anew under their names, and results depend on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from unexpected_core.files import expand_home, file_state, files_in, sha256
from unexpected_core.pipeline.settings import DetectSettings, ModelSettings
from unexpected_core.scorers import SCORERS
from unexpected_core.weights.cards import WeightsError, read_card
from unexpected_core.weights.catalog import find_baselines, find_weights


def named_files(model: ModelSettings, detect: DetectSettings) -> dict[str, Any]:
    """Settings that name files -> what is another where the file is, of JSON's types; {} where none does."""
    found = {"path": _weights(model.path), "roi": _picture(detect.roi), "ego_mask": _picture(detect.ego_mask)}
    if model.path in SCORERS and SCORERS[model.path].published and not model.random_weights:
        found |= {"weights": _experiments(model.weights), "segmenter": _weights(model.segmenter)}
    if model.scorer in SCORERS and SCORERS[model.scorer].baseline:
        found["baselines"] = _baselines(model.path)
    return json.loads(json.dumps({name: value for name, value in found.items() if value is not None}))


def _picture(text: str) -> str | None:
    known = file_state(text)  # of a polygon none; '' and 'road' may be folders
    return sha256(expand_home(text)) if known and expand_home(text).is_file() else None


def _weights(name_or_path: str) -> Any:
    """What a card says that detections depend on; without one, as exported files are, the file's state."""
    try:
        card = read_card(find_weights(name_or_path))
    except WeightsError:
        return file_state(name_or_path)
    return {**card.decides, "threshold": card.threshold, "logit_statistics": card.logit_statistics}


def _baselines(name_or_path: str) -> Any:
    try:
        return _weights(str(find_baselines(find_weights(name_or_path))))
    except WeightsError:
        return None


def _experiments(folder: str) -> Any:
    """Every file of a folder of experiments with its state; None where there is no such folder."""
    from unexpected_core.weights.experiments import experiments_folder  # loads torch

    try:
        root: Path = experiments_folder(folder)
    except WeightsError:
        return None
    return sorted((file.relative_to(root).as_posix(), file_state(str(file))) for file in files_in(root))
