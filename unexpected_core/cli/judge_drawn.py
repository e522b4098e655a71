"""A detector's first numbers: drawn obstacles of families that no training has seen."""

from __future__ import annotations

import json
from pathlib import Path

from unexpected_core.drawing.tracks import DrawnRoads
from unexpected_core.files import write_text
from unexpected_core.log import progress
from unexpected_core.metrics.pixel import PixelCounts
from unexpected_core.pipeline.detector import load_detector
from unexpected_core.weights.cards import read_card
from unexpected_core.weights.catalog import find_weights

EVALUATION = "evaluation.json"
METHODS = ("fast", "direct", "softmax")
FRAMES = 40
SEED = 1000
"""Far from the seeds of training frames."""


def is_judged(folder: Path) -> bool:
    """Whether EVALUATION is there, and of the weights that lie beside it. Raises WeightsError where none do."""
    try:
        judged = json.loads((folder / EVALUATION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(judged, dict) and judged.get("weights") == read_card(find_weights(folder)).sha256


def judge_drawn(folder: Path, size: tuple[int, int]) -> str:
    """Average precision and FPR at 95 % TPR on the obstacle track, in words; also written to EVALUATION.

    folder: with the weights of a `fast` training. size: (height, width) of the frames in pixels.
    """
    plain = {"warmup": False, "runtime": "eager", "precision": "float32"}  # whatever this machine finds fast
    detectors = {method: load_detector(folder, scorer=method, **plain) for method in METHODS}
    counts = {method: PixelCounts() for method in METHODS}
    roads = DrawnRoads("obstacle", FRAMES, SEED, size)
    for sample in progress(roads, "judging", len(roads)):
        for method, detector in detectors.items():
            counts[method].add(detector.score(sample.image)[0], sample.obstacle)
    numbers = {method: each.numbers() for method, each in counts.items()}
    results = {method: {"average_precision": n.average_precision, "fpr95": n.fpr95} for method, n in numbers.items()}
    judged = {"data": f"drawn obstacle, {FRAMES} frames, seed {SEED}", "weights": detectors["fast"].scorer.sha256}
    write_text(folder / EVALUATION, json.dumps(judged | {"methods": results}, indent=2) + "\n")
    lines = [f"  {method:8} AP {n.average_precision:6.1%}, FPR95 {n.fpr95:6.1%}" for method, n in numbers.items()]
    return "\n".join([f"on {FRAMES} drawn frames with obstacles of unseen kinds:", *lines])
