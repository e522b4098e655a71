"""`unexpected evaluate SCORER[,SCORER...] DATASET --out DIR`: write scores to disk, measure from disk, report."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unexpected_core.cli.arguments import add_published_arguments, at_least_one, name_and_root, read_options
from unexpected_core.cli.candidates import candidate_of, check_known, label_of, opponents_of
from unexpected_core.cli.errors import UsageError
from unexpected_core.log import LOGGER

if TYPE_CHECKING:
    from unexpected_core.datasets import Dataset
    from unexpected_core.structs import RoadCamera

PAPER = ("iccv2019", "iccv2019_generator_only", "iccv2019_labels_only", "rbm", "dropout", "ensemble")
"""The paper's comparison: ours, resynthesis only, labels only, RBM, dropout, ensemble."""
FAST_PAPER = (
    "resynthesis",
    "fast_retrained",
    "fast_generator_only",
    "fast_labels_only",
    "fast_rbm",
    "fast_dropout",
    "fast_ensemble",
    "direct",
    "softmax",
    "max_logit",
)
"""The same on one detector of ours: itself, its comparer trained anew, its opponents, what its segmenter says."""
EPILOG = """\
examples:
  unexpected evaluate fast,softmax,max_logit obstacle_folder --root data/lost_and_found --out results
  unexpected evaluate fast lost_and_found --root /data/laf --split test --mode exact,smiyc --out results
  unexpected evaluate theirs obstacle_track --root /data/smiyc --from-scores predictions --out judged
  unexpected evaluate paper --data drawn --split obstacle --out paper          # the paper's comparison
  unexpected evaluate paper --data lost_and_found=/data/laf --weights experiments --out paper

In DIR: results.json, table.md, table.tex, curves.npz, roc.png, report.html, and METHOD/SET/scores. The same command
goes on after an interruption. Exit code: 0 done, 1 done but the doctor is alarmed, 2 refused."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.main."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("methods", metavar="SCORER[,SCORER...]", help="scorers, shipped detectors, weight files; or 'paper'")
    add("dataset", metavar="DATASET[=ROOT]", nargs="?", help="name of a data set, and its folder")
    add("--data", metavar="DATASET[=ROOT]", help="the same, as an option")
    add("--root", type=Path, help="folder of the data set, if not given above")
    add("--split", help="split of the data set")
    add("--option", action="append", default=[], metavar="NAME=VALUE", help="further options of the data set (YAML)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for scores and results")
    add("--from-scores", type=Path, metavar="DIR", help="judge stored scores (.npy, .npz, .hdf5, .png)")
    add("--detector", default="fast", help="whose networks the scorers stand on (default fast)")
    add_published_arguments(parser)
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N (default auto)")
    add("--scale", type=float, default=1.0, help="factor on the detector's working size (default 1)")
    add(
        "--store",
        default="float32",
        choices=("float32", "16bit", "hdf5"),
        help="score files; hdf5 is SegmentMeIfYouCan's, for submissions (default float32)",
    )
    add("--mode", default="exact", metavar="MODES", help="exact, smiyc, fishyscapes, pooled, per_image (default exact)")
    add("--sizes", default="obstacle", choices=("obstacle", "anomaly"), help="smallest components (default obstacle)")
    add(
        "--threshold",
        metavar="T",
        help="where pixels are called: a score, or 'weights' for the one on their card "
        "(default: best F1 of these frames, and said so)",
    )
    add("--normal-data", default="image_folder", metavar="DATASET", help="kind of --normal-root (default image_folder)")
    add("--normal-root", type=Path, help="frames of normal driving that the threshold is chosen on")
    add("--normal-split", help="split of --normal-data")
    add("--false-alarms", type=float, default=0.05, metavar="RATE", help="promised share of frames (default 0.05)")
    add("--clips", action="store_true", help="frames of one folder follow one another: measure flicker")
    add("--frame-rate", type=float, help="frames per second: also false regions per minute")
    add(
        "--camera",
        type=float,
        nargs=3,
        metavar=("METRES", "FOCAL", "HORIZON"),
        help="height over the road; focal length and row of the horizon as shares of the image height: recall by "
        "distance (Cityscapes, Lost and Found with their camera files, and drawn frames know theirs)",
    )
    add("--limit", type=at_least_one, help="only the first N frames")
    add("--resamples", type=at_least_one, default=2000, help="of the frame bootstrap (default 2000)")
    add(
        "--workers",
        type=at_least_one,
        default=min(4, os.cpu_count() or 1),
        help="processes that measure (default: up to 4)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Score, measure, report, diagnose."""
    from unexpected_core.cli.doctor import report_findings
    from unexpected_core.evaluation.judge import judge
    from unexpected_core.evaluation.measure import Plan
    from unexpected_core.evaluation.run import First
    from unexpected_core.metrics.components import TRACK_SIZES
    from unexpected_core.metrics.modes import check_modes

    modes = check_modes(arguments.mode.split(","))
    names = _methods(arguments)
    if arguments.dataset and arguments.data:
        raise UsageError(f"two data sets, '{arguments.dataset}' and --data {arguments.data}: give one")
    dataset = _open(arguments.dataset or arguments.data, arguments.root, arguments.split, arguments.option)
    if arguments.limit:
        dataset = First(dataset, arguments.limit)
    normal = None
    if arguments.normal_root or arguments.normal_data != "image_folder":
        if arguments.threshold is not None or arguments.from_scores:
            raise UsageError(
                "--normal-root and --normal-data choose the threshold by scoring frames of normal "
                "driving: give them without --threshold and --from-scores"
            )
        normal = _open(arguments.normal_data, arguments.normal_root, arguments.normal_split)
    plan = Plan(
        modes,
        TRACK_SIZES[arguments.sizes],
        None,
        arguments.clips,
        arguments.frame_rate,
        arguments.workers,
        arguments.resamples,
        camera=_camera(arguments.camera),
    )
    candidates = {label_of(name): candidate_of(name, dataset, normal, arguments, plan.sizes.region) for name in names}
    facts = {"name": dataset.name, "split": arguments.split, "frames": len(dataset)}
    findings = judge(candidates, plan, facts, arguments.out)
    print((arguments.out / "table.md").read_text(encoding="utf-8"))
    return 1 if report_findings(findings, str(arguments.out)) else 0


def _camera(values: list[float] | None) -> RoadCamera | None:
    from unexpected_core.structs import RoadCamera

    if values and min(values[:2]) <= 0:
        raise UsageError(f"--camera: height and focal length must be above 0, found {values[0]:g} and {values[1]:g}")
    return RoadCamera(*values) if values else None


def _methods(arguments: argparse.Namespace) -> list[str]:
    if arguments.methods != "paper":
        names = [name for name in arguments.methods.split(",") if name]
        if not names or len({label_of(name) for name in names}) < len(names):
            raise UsageError(f"expected one or more scorers of different names, found '{arguments.methods}'")
        if not arguments.from_scores:
            check_known(names)
        return names
    if arguments.weights or arguments.random_weights:
        return list(PAPER)
    from unexpected_core.weights.experiments import ENVIRONMENT

    if os.environ.get(ENVIRONMENT):
        LOGGER.info(
            "the paper's comparison on the detector '%s'; for that of the networks in $%s: --weights %s",
            *(arguments.detector, ENVIRONMENT, os.environ[ENVIRONMENT]),
        )
    if not arguments.from_scores:
        opponents_of(arguments)  # before hours of scoring
    return list(FAST_PAPER)


def _open(name: str | None, root: Path | None, split: str | None, options: Sequence[str] = ()) -> Dataset:
    from unexpected_core.datasets import open_dataset
    from unexpected_core.datasets.cache import Spilled

    if not name:
        raise UsageError("no data set: give its name behind the scorers, or --data NAME")
    name, root = name_and_root(name, root)
    dataset = open_dataset(name, root, **read_options(split, options))
    # To draw a frame takes longer than to score it, and every method and metric asks for it again.
    return Spilled(dataset) if name == "drawn" else dataset
