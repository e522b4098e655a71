"""results.json: every number with its data set, frame count, metric mode and version, commit and weights."""

from __future__ import annotations

import itertools
import json
import math
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unexpected_core import __version__
from unexpected_core.evaluation.hdf5 import PredictionError
from unexpected_core.evaluation.measure import Measured
from unexpected_core.files import commit, write_text
from unexpected_core.metrics.bootstrap import compare
from unexpected_core.metrics.modes import VERSION

FORMAT = 1
COMPARED = ("average_precision", "auroc", "fpr95", "best_f1", "siou", "ppv", "f1")


def compose(measured: Mapping[str, Measured], dataset: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """Results of all methods on one data set. dataset: name, split, frames, ...; plan: resamples, seed, modes, ..."""
    return {
        "format": FORMAT,
        "metric_version": VERSION,
        "package": __version__,
        "commit": commit(),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "dataset": dict(dataset),
        "plan": dict(plan),
        "methods": {name: each.result for name, each in measured.items()},
        "comparisons": _comparisons(measured),
    }


def _comparisons(measured: Mapping[str, Measured]) -> list[dict[str, Any]]:
    """Every pair of methods that was measured on the same number of frames, metric by metric."""
    pairs = [
        (a, b)
        for a, b in itertools.combinations(measured, 2)
        if measured[a].result["frames"] == measured[b].result["frames"]
    ]
    return [
        {"a": a, "b": b, "metric": metric}
        | compare(measured[a].resampled[metric], measured[b].resampled[metric])._asdict()
        for a, b in pairs
        for metric in COMPARED
    ]


def write_results(path: Path, results: Mapping[str, Any]) -> None:
    """JSON, whole or not at all; NaN and infinity, which JSON has not, become null."""
    write_text(path, json.dumps(_plain(results), indent=1) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_results(path: Path) -> dict[str, Any]:
    """results.json, or the folder that holds it; null becomes NaN. Raises PredictionError."""
    path = path / "results.json" if path.is_dir() else path
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PredictionError(f"no results at {path}: give the --out folder of 'unexpected evaluate'") from error
    except ValueError as error:
        raise PredictionError(f"{path} is damaged: {error}") from error
    if not isinstance(results, dict) or results.get("format") != FORMAT:
        raise PredictionError(f"{path} is not a results.json of this version (format {FORMAT})")
    return _with_nan(results)


def _with_nan(value: Any) -> Any:
    """null -> NaN inside numbers: results, not names."""
    if isinstance(value, dict):
        return {
            name: math.nan if each is None and name not in TEXTS else _with_nan(each) for name, each in value.items()
        }
    return [math.nan if each is None else _with_nan(each) for each in value] if isinstance(value, list) else value


TEXTS = {"model_id", "weights_sha256", "split", "promised_rate", "frame_rate"}
"""Names whose null means 'none'."""
