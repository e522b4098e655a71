"""results.json as types: every number with its data set, frame count, metric mode and version, commit and weights."""

from __future__ import annotations

import itertools
import json
import math
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from unexpected_core import __version__
from unexpected_core.config import Number
from unexpected_core.evaluation.errors import PredictionError
from unexpected_core.evaluation.measure.result import MethodResult
from unexpected_core.evaluation.settings import EvaluationSettings
from unexpected_core.files import commit, write_text
from unexpected_core.metrics.bootstrap import compare
from unexpected_core.metrics.curves import PIXEL_METRICS
from unexpected_core.metrics.modes import VERSION

if TYPE_CHECKING:
    from unexpected_core.evaluation.measure.method import Measured

FORMAT = 2
COMPARED = (*PIXEL_METRICS, "siou", "ppv", "f1")


@dataclass(frozen=True)
class DatasetFacts:
    """What was judged on. options: the data set's own, such as its ROI, where they were given."""

    name: str
    frames: int
    split: str | None = None
    options: dict[str, Any] | None = None


@dataclass(frozen=True)
class PlanFacts:
    """How it was measured; see EvaluationSettings."""

    modes: tuple[str, ...]
    resamples: int
    seed: int
    clips: bool
    frame_rate: float | None = None


@dataclass(frozen=True)
class PairedDifference:
    """Method a minus method b in one metric, with 95 % interval and p; see metrics.bootstrap.compare."""

    a: str
    b: str
    metric: str
    difference: Number
    low: Number
    high: Number
    p: Number


@dataclass(frozen=True)
class Results:
    """All of results.json. methods: by name."""

    format: int
    metric_version: str
    package: str
    commit: str
    numpy: str
    python: str
    dataset: DatasetFacts
    plan: PlanFacts
    methods: dict[str, MethodResult]
    comparisons: tuple[PairedDifference, ...]


_JSON = TypeAdapter(Results)


def compose(measured: Mapping[str, Measured], dataset: DatasetFacts, settings: EvaluationSettings) -> Results:
    """Results of all methods on one data set."""
    plan = PlanFacts(settings.mode, settings.resamples, settings.seed, settings.clips, settings.frame_rate)
    return Results(
        format=FORMAT,
        metric_version=VERSION,
        package=__version__,
        commit=commit(),
        numpy=np.__version__,
        python=platform.python_version(),
        dataset=dataset,
        plan=plan,
        methods={name: each.result for name, each in measured.items()},
        comparisons=tuple(_comparisons(measured)),
    )


def _comparisons(measured: Mapping[str, Measured]) -> list[PairedDifference]:
    """Every pair of methods that was measured on the same frames, metric by metric."""
    frames = {name: [row.key for row in each.result.per_frame] for name, each in measured.items()}
    pairs = [(a, b) for a, b in itertools.combinations(measured, 2) if frames[a] == frames[b]]
    return [
        PairedDifference(a, b, metric, *compare(measured[a].resampled[metric], measured[b].resampled[metric]))
        for a, b in pairs
        for metric in COMPARED
    ]


def write_results(path: Path, results: Results) -> None:
    """JSON, whole or not at all; NaN and infinity, which JSON has not, become null; what is not known is left out."""
    write_text(path, json.dumps(_plain(asdict(results)), indent=1) + "\n")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _parsed(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PredictionError(f"no results at {path}: give the --out folder of 'unexpected evaluate'") from error
    except ValueError as error:
        raise PredictionError(f"{path} is damaged ({error}); run 'unexpected evaluate' again") from error


def read_results(path: Path) -> Results:
    """results.json, or the folder that holds it; null becomes NaN. Raises PredictionError."""
    path = path / "results.json" if path.is_dir() else path
    results = _parsed(path)
    if not isinstance(results, dict) or results.get("format") != FORMAT:
        raise PredictionError(f"{path} is not a results.json of this version (format {FORMAT}); evaluate again")
    try:
        return _JSON.validate_python(results)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        faults = f"{where}: {first['msg']} ({error.error_count()} faults)"
        raise PredictionError(f"{path} is damaged: {faults}; run 'unexpected evaluate' again") from None
