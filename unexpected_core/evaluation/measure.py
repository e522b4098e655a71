"""The second loop: from scores on disk to numbers. Every frame is read twice: for its pixels, then, with the threshold
known, for its components."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import cv2
import numpy as np

from unexpected_core.evaluation.evidence import note_frame, summarise
from unexpected_core.evaluation.source import Judged, Source
from unexpected_core.log import progress
from unexpected_core.metrics.bootstrap import (
    Resampled,
    frame_statistics,
    frame_weights,
    intervals,
    resample_components,
    resample_pixels,
)
from unexpected_core.metrics.calibration import area_under_risk_coverage, calibration_error, reliability
from unexpected_core.metrics.clips import Change, change, mean_change
from unexpected_core.metrics.components import (
    TRACK_SIZES,
    ComponentCounts,
    Sizes,
    above,
    measure_components,
    strictly_above,
)
from unexpected_core.metrics.curves import Curve
from unexpected_core.metrics.false_alarms import alarm_level, realised_rate
from unexpected_core.metrics.modes import pixel_counts
from unexpected_core.metrics.objects import Obstacles, find_obstacles, join, recall_table
from unexpected_core.metrics.segmentation import class_iou, confusion, mean_iou
from unexpected_core.structs import RoadCamera


@dataclass(frozen=True)
class Threshold:
    """Where pixels are called, and how it was chosen: 'given', 'weights', 'normal_driving' or 'best_f1_on_test'.

    promised_rate: of false-alarm frames, for 'normal_driving'.
    """

    value: float
    source: str
    promised_rate: float | None = None


@dataclass(frozen=True)
class Plan:
    """What to measure.

    modes: names of PIXEL_MODES, 'exact' is always among them. threshold: None = best F1 of these very frames.
    clips: neighbouring frames of one folder (their keys up to the last '/') follow one another in time; frame_rate:
    frames per second, for false regions per minute.
    camera: of all frames, instead of what the data set says; for recall by distance.
    """

    modes: tuple[str, ...] = ("exact",)
    sizes: Sizes = TRACK_SIZES["obstacle"]
    threshold: Threshold | None = None
    clips: bool = False
    frame_rate: float | None = None
    workers: int = 1
    resamples: int = 2000
    seed: int = 0
    camera: RoadCamera | None = None


@dataclass
class Measured:
    """result: what goes into results.json. curves by mode; resampled by 'metric' (exact pixels and components)."""

    result: dict[str, Any]
    curves: dict[str, Curve] = field(default_factory=dict)
    resampled: dict[str, Resampled] = field(default_factory=dict)


def measure(source: Source, plan: Plan) -> Measured:
    """All numbers of one method on one data set. Raises MetricError, PredictionError, DatasetError."""
    modes = ("exact", *(mode for mode in plan.modes if mode != "exact"))
    with tempfile.TemporaryDirectory(prefix="unexpected-measure-") as spill:
        looks = _over_frames(partial(_look_at_pixels, source, modes, spill), source.keys, plan.workers, "pixels")
        look = looks[0]
        for other in looks[1:]:
            look.merge(other)
        weights = frame_weights(len(look.facts), plan.resamples, plan.seed)
        numbers = {mode: counts.numbers() for mode, counts in look.pixels.items()}
        resampled = {mode: resample_pixels(counts, numbers[mode], weights) for mode, counts in look.pixels.items()}
        singles = frame_statistics(look.pixels["exact"], numbers["exact"])
    threshold = plan.threshold or Threshold(numbers["exact"].best_f1_threshold, "best_f1_on_test")
    binned = numbers["smiyc"].best_f1_threshold if "smiyc" in modes else None
    parts = _over_frames(
        partial(_look_at_components, source, plan, threshold.value, binned), source.keys, plan.workers, "components"
    )
    found = parts[0]
    for other in parts[1:]:
        found.merge(other)
    components = resample_components(found.exact, weights)
    result = {
        "frames": len(look.facts),
        "frames_expected": len(source.dataset),
        "frames_stored": len(source.scores),
        "pixel": {mode: _pixel_result(numbers[mode], resampled[mode]) for mode in modes},
        "threshold": asdict(threshold),
        "components": _component_result(found.exact, components, plan),
        "evidence": summarise(look.facts),
        "per_frame": _frame_rows(look, found, singles),
        **_extras(look, found, numbers["exact"].curve, threshold, plan),
    }
    if binned is not None:
        result["components_smiyc"] = {"threshold": binned} | _component_result(
            found.smiyc, resample_components(found.smiyc, weights), plan
        )
    return Measured(result, {mode: each.curve for mode, each in numbers.items()}, resampled["exact"] | components)


def _over_frames[T](work: Callable[[Sequence[str], bool], T], keys: list[str], workers: int, title: str) -> list[T]:
    """Run `work` on contiguous shares of the frames, in this process or in several."""
    if workers <= 1 or len(keys) < 2 * workers:
        return [work(keys, True)]
    shares = np.array_split(np.array(keys, dtype=object), workers)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(work, share.tolist(), False) for share in shares]
        return [future.result() for future in progress(futures, f"measure {title}")]


class _PixelLook:
    """First reading: pixel counts by mode, facts for the doctor, calibration, segmentation."""

    def __init__(self, modes: Sequence[str], spill: str):
        self.pixels = {mode: pixel_counts(mode, spill) for mode in modes}
        self.facts: list[dict[str, Any]] = []
        self.reliability: list[np.ndarray | None] = []
        self.confusion: np.ndarray | None = None

    def merge(self, other: _PixelLook) -> None:
        for mode, counts in self.pixels.items():
            counts.merge(other.pixels[mode])
        self.facts += other.facts
        self.reliability += other.reliability
        self._add_confusion(other.confusion)

    def _add_confusion(self, matrix: np.ndarray | None) -> None:
        if matrix is not None:
            self.confusion = matrix if self.confusion is None else self.confusion + matrix

    def add(self, source: Source, key: str) -> None:
        judged = source.frame(key)
        self.facts.append(note_frame(key, judged))
        for mode, counts in self.pixels.items():
            counts.add(judged.half() if mode == "smiyc" else judged.score, judged.sample.obstacle)
        self.reliability.append(reliability(judged.score, judged.sample.obstacle))
        predicted = source.predicted_labels(key)
        if predicted is not None and judged.sample.labels is not None:
            self._add_confusion(confusion(predicted, judged.sample.labels, source.dataset.num_classes))


def _look_at_pixels(source: Source, modes: Sequence[str], spill: str, keys: Sequence[str], alone: bool) -> _PixelLook:
    look = _PixelLook(modes, spill)
    for key in _shown(keys, alone, "measure pixels"):
        look.add(source, key)
    return look


def _shown(keys: Sequence[str], alone: bool, title: str):
    if alone:
        return progress(keys, title)
    cv2.setNumThreads(1)
    return keys


class _ComponentLook:
    """Second reading, with the threshold known: components, obstacles, alarm levels, changes from frame to frame."""

    def __init__(self) -> None:
        self.exact, self.smiyc = ComponentCounts(), ComponentCounts()
        self.obstacles: list[Obstacles] = []
        self.levels: list[float] = []
        self.changes: list[Change] = []

    def merge(self, other: _ComponentLook) -> None:
        self.exact.merge(other.exact)
        self.smiyc.merge(other.smiyc)
        self.obstacles += other.obstacles
        self.levels += other.levels
        self.changes += other.changes


def _look_at_components(
    source: Source, plan: Plan, threshold: float, smiyc_threshold: float | None, keys: Sequence[str], alone: bool
) -> _ComponentLook:
    look, before = _ComponentLook(), _frame_before(source, keys[0]) if plan.clips else None
    for key in _shown(keys, alone, "measure components"):
        judged = source.frame(key)
        score, obstacle = judged.score, judged.sample.obstacle
        mask = above(score, threshold)
        look.exact.add(measure_components(mask, obstacle, plan.sizes))
        look.obstacles.append(find_obstacles(mask, obstacle, plan.camera or source.dataset.camera(key)))
        look.levels.append(alarm_level(score, obstacle == 0, plan.sizes.region))
        if smiyc_threshold is not None:
            look.smiyc.add(measure_components(strictly_above(judged.half(), smiyc_threshold), obstacle, plan.sizes))
        if before is not None and _clip(before.sample.key) == _clip(key):
            look.changes.append(change(before.score, score, threshold))
        before = judged if plan.clips else None
    return look


def _frame_before(source: Source, key: str) -> Judged | None:
    """Another process may look at it, but the change from it to this one is noted here."""
    index = source.keys.index(key)
    return source.frame(source.keys[index - 1]) if index else None


def _clip(key: str) -> str:
    return key.rpartition("/")[0]


def _pixel_result(numbers: Any, resampled: dict[str, Resampled]) -> dict[str, Any]:
    plain = {
        name: getattr(numbers, name)
        for name in ("best_f1_threshold", "fpr95_threshold", "positives", "negatives", "frames")
    }
    return {name: each._asdict() for name, each in intervals(resampled).items()} | plain


def _component_result(counts: ComponentCounts, resampled: dict[str, Resampled], plan: Plan) -> dict[str, Any]:
    numbers = counts.numbers()
    result = {name: each._asdict() for name, each in intervals(resampled).items()}
    if plan.frame_rate:
        result["false_regions_per_minute"] = {
            name: value * plan.frame_rate * 60 for name, value in result["false_regions_per_frame"].items()
        }
    return result | {"obstacles": numbers.obstacles, "regions": numbers.regions, "sizes": asdict(plan.sizes)}


def _extras(look: _PixelLook, found: _ComponentLook, curve: Curve, threshold: Threshold, plan: Plan) -> dict[str, Any]:
    obstacles = join(found.obstacles)
    normal = [level for level, fact in zip(found.levels, look.facts, strict=True) if fact["obstacle_share"] == 0]
    extras: dict[str, Any] = {
        "recall_by_area": recall_table(obstacles, "area"),
        "recall_by_row": recall_table(obstacles, "row"),
        "risk_coverage_area": area_under_risk_coverage(curve.thinned()),
        "false_alarm_frames": {
            "normal_frames": len(normal),
            "realised_rate": realised_rate(normal, threshold.value),
            "promised_rate": threshold.promised_rate,
        },
    }
    if np.isfinite(obstacles.distance).any():
        extras["recall_by_distance"] = recall_table(obstacles, "distance")
    if all(table is not None for table in look.reliability):
        table = np.sum(look.reliability, axis=0)
        extras |= {"calibration_error": calibration_error(table), "reliability": table.tolist()}
    if look.confusion is not None:
        extras |= {"mean_iou": mean_iou(look.confusion), "class_iou": class_iou(look.confusion).tolist()}
    if plan.clips:
        extras["flicker"] = mean_change(found.changes)._asdict()
    return extras


def _frame_rows(look: _PixelLook, found: _ComponentLook, singles: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """One line per frame, for the best and worst frames of the report."""
    table = found.exact.table()
    return [
        {
            "key": fact["key"],
            "average_precision": float(singles["average_precision"][i]),
            "obstacle_share": fact["obstacle_share"],
            "obstacles": int(table[i, 0]),
            "regions": int(table[i, 2]),
            "false_regions": int(table[i, 4]),
        }
        for i, fact in enumerate(look.facts)
    ]
