"""`unexpected evaluate SCORER[,SCORER...] DATASET --out DIR`: write scores to disk, measure from disk, report."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unexpected_core.cli.arguments import add_settings, check_apart, given, name_and_root, read_options, to_path
from unexpected_core.cli.errors import UsageError
from unexpected_core.cli.evaluating.candidates import score_candidate, stored_candidate
from unexpected_core.cli.evaluating.methods import read_methods
from unexpected_core.cli.evaluating.networks import Networks
from unexpected_core.cli.evaluating.options import check_thresholds, check_used
from unexpected_core.config import build
from unexpected_core.evaluation.settings import EvaluationSettings
from unexpected_core.log import LOGGER
from unexpected_core.metrics.components import TRACK_SIZES
from unexpected_core.metrics.false_alarms import promised_threshold
from unexpected_core.pipeline.settings import PUBLISHED, DetectSettings, ModelSettings

if TYPE_CHECKING:
    from unexpected_core.datasets import Dataset
    from unexpected_core.evaluation.candidates import Candidate

DETECTOR = "fast"
SHOWN = {
    "mode": "MODES",
    "threshold": "T",
    "normal_data": "DATASET",
    "normal_root": "DIR",
    "normal_split": "SPLIT",
    "false_alarms": "RATE",
    "frame_rate": "HERTZ",
    "camera": ("METRES", "FOCAL", "HORIZON"),
    "limit": "N",
}
"""Field of EvaluationSettings -> what stands for its value in the help."""
EPILOG = """\
examples:
  unexpected evaluate fast,softmax,max_logit obstacle_folder --root data/lost_and_found --out results
  unexpected evaluate fast lost_and_found --root /data/laf --split test --mode exact,smiyc --out results
  unexpected evaluate theirs obstacle_track --root /data/smiyc --from-scores predictions --out judged
  unexpected evaluate paper --data drawn --split obstacle --out paper          # the paper's comparison
  unexpected evaluate paper --data lost_and_found=/data/laf --weights experiments --out paper

In DIR: results.json, table.md, table.tex, curves.npz, roc.png, report.html, and METHOD/SET/scores. The same command
goes on after an interruption. Of a set without ground truth only scores are written, for its benchmark with --store
hdf5. Exit code: 0 done, 1 done but the doctor is alarmed, 2 refused."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.main."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("methods", metavar="SCORER[,SCORER...]", help="scorers, shipped detectors, weight files; or 'paper'")
    add("dataset", metavar="DATASET[=ROOT]", nargs="?", help="name of a data set, and its folder")
    add("--data", metavar="DATASET[=ROOT]", help="the same, as an option")
    add("--root", type=to_path, help="folder of the data set, if not given above")
    add("--split", help="split of the data set")
    add("--option", action="append", default=[], metavar="NAME=VALUE", help="further options of the data set (YAML)")
    add("--out", type=to_path, required=True, metavar="DIR", help="folder for scores and results")
    add("--from-scores", type=to_path, metavar="DIR", help="judge stored scores (.npy, .npz, .hdf5, .png)")
    add("--detector", help=f"whose networks the scorers stand on (default {DETECTOR})")
    add_settings(parser, ModelSettings, (*PUBLISHED, "device"))
    add_settings(parser, DetectSettings, ("scale",))
    add_settings(parser, EvaluationSettings, shown=SHOWN, choices={"sizes": tuple(TRACK_SIZES)[::-1]})


def run(arguments: argparse.Namespace) -> int:
    """Score, measure, report, diagnose."""
    from unexpected_core.cli.doctor import report_findings
    from unexpected_core.evaluation.judge import judge
    from unexpected_core.evaluation.results import DatasetFacts

    settings = build(EvaluationSettings, given(arguments, EvaluationSettings))
    networks = _networks(arguments)
    names = read_methods(arguments, networks)
    check_used(arguments, settings, names)
    check_thresholds(names, settings, bool(arguments.from_scores))
    if arguments.dataset and arguments.data:
        raise UsageError(f"two data sets, '{arguments.dataset}' and --data {arguments.data}: give one")
    data = arguments.dataset or arguments.data
    dataset = _open(data, arguments.root, arguments.out, arguments.split, arguments.option)
    if dataset[0].obstacle is None and not arguments.from_scores:
        LOGGER.warning("'%s' has no obstacle labels: scores are written, and nothing is measured", dataset.name)
        return _tell_scores(_candidates(names, dataset, networks, settings, arguments))
    candidates = _candidates(names, dataset, networks, settings, arguments)
    frames = min(len(dataset), settings.limit or len(dataset))
    options = read_options(None, arguments.option) or None
    facts = DatasetFacts(dataset.name, frames, arguments.split, options)
    findings = judge(candidates, settings, facts, arguments.out)
    print((arguments.out / "table.md").read_text(encoding="utf-8"))
    return 1 if report_findings(findings, str(arguments.out)) else 0


def _tell_scores(candidates: Mapping[str, Candidate]) -> int:
    """Where the scores of a set without ground truth lie, such as a benchmark's."""
    for name, candidate in candidates.items():
        print(f"{name}: {len(candidate.source.scores)} scores in {candidate.source.folder}")
    return 0


def _candidates(
    names: Sequence[str], dataset: Dataset, networks: Networks, settings: EvaluationSettings, paths: argparse.Namespace
) -> dict[str, Candidate]:
    """Every method by its label, scored now or read from the stored scores."""
    from unexpected_core.evaluation.pairing import check_distinct
    from unexpected_core.evaluation.score import First
    from unexpected_core.evaluation.store import label_of

    dataset = First(dataset, settings.limit) if settings.limit else dataset
    stored, out = paths.from_scores, paths.out
    normal = _normal_driving(settings, stored, out)
    if stored is None:
        return {label_of(name): score_candidate(name, dataset, normal, networks, settings, out) for name in names}
    candidates = {label_of(name): stored_candidate(name, dataset, settings, stored) for name in names}
    check_distinct({name: candidate.source for name, candidate in candidates.items()})
    return candidates


def _normal_driving(settings: EvaluationSettings, stored: Path | None, out: Path) -> Dataset | None:
    """The frames that the threshold is chosen on, if it is to be. Raises UsageError, MetricError for too few."""
    if not settings.from_normal_driving:
        return None
    if settings.threshold is not None or stored:
        raise UsageError(
            "--normal-root and --normal-data choose the threshold by scoring frames of normal driving: "
            "give them without --threshold and --from-scores"
        )
    normal = _open(settings.normal_data, settings.normal_root, out, settings.normal_split)
    promised_threshold(np.zeros(len(normal)), settings.false_alarms)  # enough frames, before any is scored
    return normal


def _networks(arguments: argparse.Namespace) -> Networks:
    published = given(arguments, ModelSettings, PUBLISHED)
    chosen = given(arguments, ModelSettings, ("device",)) | given(arguments, DetectSettings, ("scale",))
    return Networks(arguments.detector or DETECTOR, published, chosen)


def _open(name: str | None, root: Path | None, out: Path, split: str | None, options: Sequence[str] = ()) -> Dataset:
    from unexpected_core.datasets import open_dataset
    from unexpected_core.datasets.cache import Spilled
    from unexpected_core.datasets.frames import folders_of

    if not name:
        raise UsageError("no data set: give its name behind the scorers, or --data NAME")
    name, root = name_and_root(name, root)
    dataset = open_dataset(name, root, **read_options(split, options))
    check_apart(folders_of(dataset), out)
    # To draw a frame takes longer than to score it, and every method and metric asks for it again.
    return Spilled(dataset) if name == "drawn" else dataset
