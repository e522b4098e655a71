"""`unexpected evaluate SCORER[,SCORER...] DATASET --out DIR`: write scores to disk, measure from disk, report."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unexpected_core.cli.dataset_arguments import at_least_one, name_and_root, read_options
from unexpected_core.cli.model_arguments import add_published_arguments

if TYPE_CHECKING:
    from unexpected_core.datasets import Dataset
    from unexpected_core.evaluation.judge import Candidate
    from unexpected_core.evaluation.measure import Threshold
    from unexpected_core.pipeline.detector import Detector
    from unexpected_core.structs import RoadCamera

PAPER = ("iccv2019", "iccv2019_generator_only", "iccv2019_labels_only", "rbm", "dropout", "ensemble")
"""The paper's comparison: ours, resynthesis only, labels only, RBM, dropout, ensemble."""
FAST_PAPER = ("resynthesis", "fast_retrained", "fast_generator_only", "fast_labels_only", "fast_rbm", "fast_dropout",
              "fast_ensemble", "direct", "softmax", "max_logit")
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


class UsageError(ValueError):
    """A command line that cannot be carried out."""


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
    add("--store", default="float32", choices=("float32", "16bit", "hdf5"),
        help="score files; hdf5 is SegmentMeIfYouCan's, for submissions (default float32)")
    add("--mode", default="exact", metavar="MODES", help="exact, smiyc, fishyscapes, pooled, per_image (default exact)")
    add("--sizes", default="obstacle", choices=("obstacle", "anomaly"), help="smallest components (default obstacle)")
    add("--threshold", metavar="T", help="where pixels are called: a score, or 'weights' for the one on their card "
                                         "(default: best F1 of these frames, and said so)")
    add("--normal-data", default="image_folder", metavar="DATASET", help="kind of --normal-root (default image_folder)")
    add("--normal-root", type=Path, help="frames of normal driving that the threshold is chosen on")
    add("--normal-split", help="split of --normal-data")
    add("--false-alarms", type=float, default=0.05, metavar="RATE", help="promised share of frames (default 0.05)")
    add("--clips", action="store_true", help="frames of one folder follow one another: measure flicker")
    add("--frame-rate", type=float, help="frames per second: also false regions per minute")
    add("--camera", type=float, nargs=3, metavar=("METRES", "FOCAL", "HORIZON"),
        help="height over the road; focal length and row of the horizon as shares of the image height: recall by "
             "distance (Cityscapes, Lost and Found with their camera files, and drawn frames know theirs)")
    add("--limit", type=at_least_one, help="only the first N frames")
    add("--resamples", type=at_least_one, default=2000, help="of the frame bootstrap (default 2000)")
    add("--workers", type=at_least_one, default=min(4, os.cpu_count() or 1),
        help="processes that measure (default: up to 4)")


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
            raise UsageError("--normal-root and --normal-data choose the threshold by scoring frames of normal "
                             "driving: give them without --threshold and --from-scores")
        normal = _open(arguments.normal_data, arguments.normal_root, arguments.normal_split)
    plan = Plan(modes, TRACK_SIZES[arguments.sizes], None, arguments.clips, arguments.frame_rate, arguments.workers,
                arguments.resamples, camera=_camera(arguments.camera))
    candidates = {_label(name): _candidate(name, dataset, normal, arguments, plan.sizes.region) for name in names}
    facts = {"name": dataset.name, "split": arguments.split, "frames": len(dataset)}
    findings = judge(candidates, plan, facts, arguments.out)
    print((arguments.out / "table.md").read_text(encoding="utf-8"))
    return 1 if report_findings(findings, str(arguments.out)) else 0


def _camera(values: list[float] | None) -> RoadCamera | None:
    from unexpected_core.structs import RoadCamera

    if values and min(values[:2]) <= 0:
        raise UsageError(f"--camera: height and focal length must be above 0, found {values[0]:g} and {values[1]:g}")
    return RoadCamera(*values) if values else None


def _label(name: str) -> str:
    """A scorer's name, or a weight file's, as a folder and a line of a table."""
    return Path(name).stem if name.endswith(".safetensors") else name.strip("/").replace("/", "_")


def _methods(arguments: argparse.Namespace) -> list[str]:
    if arguments.methods != "paper":
        names = [name for name in arguments.methods.split(",") if name]
        if not names or len({_label(name) for name in names}) < len(names):
            raise UsageError(f"expected one or more scorers of different names, found '{arguments.methods}'")
        if not arguments.from_scores:
            _check_known(names)
        return names
    if arguments.weights or arguments.random_weights or os.environ.get("DIR_EXPERIMENTS"):
        return list(PAPER)
    if not arguments.from_scores:
        _opponents(arguments)  # before hours of scoring
    return list(FAST_PAPER)


def _check_known(names: Sequence[str]) -> None:
    """Refuse the last of many methods before the first is scored."""
    from unexpected_core.config import unknown_name
    from unexpected_core.scorers import SCORERS
    from unexpected_core.weights.catalog import shipped

    known = {**SCORERS, **shipped()}
    for name in names:
        if name not in known and not Path(name).expanduser().exists():
            raise UsageError(f"{unknown_name('scorer', name, known)}; or give a weight file or its folder")


def _opponents(arguments: argparse.Namespace) -> Path:
    """Weight file of the opponents of --detector. Raises WeightsError."""
    from unexpected_core.weights.catalog import find_opponents, find_weights

    return find_opponents(find_weights(arguments.detector))


def _open(name: str | None, root: Path | None, split: str | None, options: Sequence[str] = ()) -> Dataset:
    from unexpected_core.datasets import open_dataset
    from unexpected_core.datasets.cache import Spilled

    if not name:
        raise UsageError("no data set: give its name behind the scorers, or --data NAME")
    name, root = name_and_root(name, root)
    dataset = open_dataset(name, root, **read_options(split, options))
    # To draw a frame takes longer than to score it, and every method and metric asks for it again.
    return Spilled(dataset) if name == "drawn" else dataset


def _candidate(name: str, dataset: Dataset, normal: Dataset | None, arguments: argparse.Namespace,
               min_area: int) -> Candidate:
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
        return Candidate(source, about, _given(arguments, None))
    detector = open_detector(name, arguments)
    about |= {"model_id": detector.model_id, "weights_sha256": _fingerprint(name, arguments)}
    threshold = _given(arguments, detector)  # before hours of scoring
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

    label = _label(name)
    scores = score_folder(arguments.out, label, dataset.name, arguments.store)
    labels = arguments.out / label / dataset.name / "labels"
    write_scores(answer, dataset, scores, labels, {
        "method": name, "model_id": detector.model_id, "dataset": dataset.name, "format": arguments.store,
        "scale": f"{arguments.scale:g}", "resynthesis_input": arguments.resynthesis_input,
        "compat": str(arguments.compat)})
    return open_source(dataset, scores, labels)


def _given(arguments: argparse.Namespace, detector: Detector | None) -> Threshold | None:
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
        raise UsageError(f"--threshold: expected a number, or 'weights' where a detector runs, found "
                         f"'{arguments.threshold}'")
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
        return sha256(_opponents(arguments))
    return sha256(find_weights(arguments.detector if entry is not None and entry.base else name))
