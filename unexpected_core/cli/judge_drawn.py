"""A detector's first numbers: drawn obstacles of families that no training has seen."""

from __future__ import annotations

import json
from pathlib import Path

from unexpected_core.drawing.tracks import DrawnRoads
from unexpected_core.files import write_text
from unexpected_core.log import progress
from unexpected_core.metrics.pixel import PixelCounts
from unexpected_core.pipeline.detector import load_detector

EVALUATION = "evaluation.json"
METHODS = ("fast", "direct", "softmax")
FRAMES = 40
SEED = 1000
"""Far from the seeds of training frames."""


def judge_drawn(folder: Path, size: tuple[int, int]) -> str:
    """Average precision and FPR at 95 % TPR on the obstacle track, in words; also written to EVALUATION."""
    plain = {"warmup": False, "runtime": "eager", "precision": "float32"}  # whatever this machine finds fast
    detectors = {method: load_detector(folder, scorer=method, **plain) for method in METHODS}
    counts = {method: PixelCounts() for method in METHODS}
    roads = DrawnRoads("obstacle", FRAMES, SEED, size)
    for sample in progress(roads, "judging", len(roads)):
        for method, detector in detectors.items():
            counts[method].add(detector.score(sample.image)[0], sample.obstacle)
    numbers = {method: each.numbers() for method, each in counts.items()}
    results = {method: {"average_precision": n.average_precision, "fpr95": n.fpr95} for method, n in numbers.items()}
    write_text(
        folder / EVALUATION,
        json.dumps({"data": f"drawn obstacle, {FRAMES} frames, seed {SEED}", "methods": results}, indent=2) + "\n",
    )
    lines = [f"  {method:8} AP {n.average_precision:6.1%}, FPR95 {n.fpr95:6.1%}" for method, n in numbers.items()]
    return "\n".join([f"on {FRAMES} drawn frames with obstacles of unseen kinds:", *lines])
