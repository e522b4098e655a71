"""All numbers of one method on one data set."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from unexpected_core.evaluation.candidates import Candidate
from unexpected_core.evaluation.doctor.summary import summarise
from unexpected_core.evaluation.measure.frames import over_frames
from unexpected_core.evaluation.measure.pixels import PixelReading, read_pixels
from unexpected_core.evaluation.measure.regions import RegionReading, read_regions
from unexpected_core.evaluation.measure.result import (
    ComponentResult,
    FalseAlarms,
    Flicker,
    FrameRow,
    MethodResult,
    PixelResult,
)
from unexpected_core.evaluation.measure.sequences import sequence_of
from unexpected_core.evaluation.settings import EvaluationSettings
from unexpected_core.evaluation.threshold import Threshold
from unexpected_core.metrics.bootstrap import (
    Interval,
    Resampled,
    frame_statistics,
    intervals,
    resample_components,
    resample_pixels,
    sequence_weights,
)
from unexpected_core.metrics.calibration import area_under_risk_coverage, calibration_error
from unexpected_core.metrics.clips import mean_change
from unexpected_core.metrics.components import ComponentCounts
from unexpected_core.metrics.curves import Curve, PixelNumbers
from unexpected_core.metrics.objects import join, recall_table
from unexpected_core.metrics.segmentation import class_iou, mean_iou
from unexpected_core.metrics.smiyc import BinnedCounts


@dataclass(frozen=True)
class Measured:
    """result: what goes into results.json. curves by mode; resampled by 'metric' (exact pixels and components)."""

    result: MethodResult
    curves: Mapping[str, Curve]
    resampled: Mapping[str, Resampled]


@dataclass(frozen=True)
class _Pixels:
    """The first reading as numbers. single_ap: average precision of each frame [frames]."""

    reading: PixelReading
    sequences: list[str]
    weights: np.ndarray
    numbers: Mapping[str, PixelNumbers]
    resampled: Mapping[str, Mapping[str, Resampled]]
    single_ap: np.ndarray


def measure(candidate: Candidate, settings: EvaluationSettings) -> Measured:
    """Read every frame twice. Raises MetricError, PredictionError, DatasetError."""
    source = candidate.source
    pixels = _measure_pixels(candidate, settings)
    exact = pixels.numbers["exact"]
    threshold = candidate.threshold or Threshold(exact.best_f1_threshold, "best_f1_on_test")
    smiyc = pixels.numbers["smiyc"].best_f1_threshold if "smiyc" in pixels.numbers else None
    read = partial(read_regions, source, settings, threshold.value, smiyc)
    regions = over_frames(read, source.keys, settings.workers, "measure components")
    components = resample_components(regions.exact, pixels.weights)
    if math.isnan(threshold.value):  # nothing was called: there is no best F1 without obstacles
        components = {name: Resampled(math.nan, np.full(settings.resamples, math.nan)) for name in components}
    result = MethodResult(
        **asdict(candidate.identity),
        frames=len(source.keys),
        sequences=len(set(pixels.sequences)),
        frames_expected=len(source.dataset),
        frames_stored=len(source.scores) + source.surplus,
        pixel={mode: _pixel_result(pixels, mode) for mode in settings.mode},
        threshold=threshold,
        components=_component_result(regions.exact, components, settings),
        components_smiyc=None
        if smiyc is None
        else _component_result(regions.smiyc, resample_components(regions.smiyc, pixels.weights), settings, smiyc),
        evidence=summarise(pixels.reading.facts),
        per_frame=_frame_rows(pixels, regions),
        **_further(pixels.reading, regions, exact.curve, threshold, settings),
    )
    curves = {mode: each.curve for mode, each in pixels.numbers.items()}
    return Measured(result, curves, {**pixels.resampled["exact"], **components})


def _measure_pixels(candidate: Candidate, settings: EvaluationSettings) -> _Pixels:
    with tempfile.TemporaryDirectory(prefix="unexpected-measure-") as spill:
        read = partial(read_pixels, candidate.source, settings.mode, spill)
        reading = over_frames(read, candidate.source.keys, settings.workers, "measure pixels")
        dataset, clips = candidate.source.dataset, settings.clips
        sequences = [sequence_of(dataset, fact.key, clips) for fact in reading.facts]
        weights = sequence_weights(sequences, settings.resamples, settings.seed)
        numbers = {mode: counts.numbers() for mode, counts in reading.counts.items()}
        resampled = {mode: resample_pixels(counts, numbers[mode], weights) for mode, counts in reading.counts.items()}
        single = frame_statistics(reading.counts["exact"], numbers["exact"])["average_precision"]
        return _Pixels(reading, sequences, weights, numbers, resampled, single)


def _pixel_result(pixels: _Pixels, mode: str) -> PixelResult:
    numbers, counts = pixels.numbers[mode], pixels.reading.counts[mode]
    return PixelResult(
        **intervals(pixels.resampled[mode]),
        best_f1_threshold=numbers.best_f1_threshold,
        fpr95_threshold=numbers.fpr95_threshold,
        positives=numbers.positives,
        negatives=numbers.negatives,
        frames=numbers.frames,
        order_range=counts.order_range() if isinstance(counts, BinnedCounts) else None,
    )


def _component_result(
    counts: ComponentCounts,
    resampled: Mapping[str, Resampled],
    settings: EvaluationSettings,
    threshold: float | None = None,
) -> ComponentResult:
    numbers, found = counts.numbers(), intervals(resampled)
    return ComponentResult(
        **found,
        obstacles=numbers.obstacles,
        regions=numbers.regions,
        sizes=settings.sizes,
        false_regions_per_minute=_per_minute(found["false_regions_per_frame"], settings.frame_rate),
        threshold=threshold,
    )


def _per_minute(per_frame: Interval, frame_rate: float | None) -> Interval | None:
    return Interval(*(frame_rate * 60 * value for value in asdict(per_frame).values())) if frame_rate else None


def _further(
    pixels: PixelReading, regions: RegionReading, curve: Curve, threshold: Threshold, settings: EvaluationSettings
) -> dict[str, Any]:
    """The last fields of MethodResult by name: those that need neither intervals nor modes."""
    obstacles = join(regions.obstacles)
    by = ("area", "row", *(["distance"] if np.isfinite(obstacles.distance).any() else []))
    further: dict[str, Any] = {
        **{f"recall_by_{name}": tuple(recall_table(obstacles, name)) for name in by},
        "risk_coverage_area": area_under_risk_coverage(curve.thinned()),
        "false_alarm_frames": _false_alarms(pixels, regions, threshold),
    }
    if all(table is not None for table in pixels.reliability):
        table = np.sum(pixels.reliability, axis=0)
        further |= {"calibration_error": calibration_error(table), "reliability": tuple(map(tuple, table.tolist()))}
    if pixels.confusion is not None:
        further |= {"mean_iou": mean_iou(pixels.confusion), "class_iou": tuple(class_iou(pixels.confusion).tolist())}
    if settings.clips:
        further["flicker"] = Flicker(*mean_change(regions.changes))
    return further


def _false_alarms(pixels: PixelReading, regions: RegionReading, threshold: Threshold) -> FalseAlarms:
    """Of the frames without obstacles, of which anything is judged: how many there are, and what share has a region."""
    counts = regions.exact.table()[:, 2]
    normal = counts[[fact.roi_share > 0 and fact.obstacle_share == 0 for fact in pixels.facts]]
    known = len(normal) > 0 and not math.isnan(threshold.value)
    return FalseAlarms(len(normal), float(np.mean(normal > 0)) if known else math.nan, threshold.promised_rate)


def _frame_rows(pixels: _Pixels, regions: RegionReading) -> tuple[FrameRow, ...]:
    """One line per frame, for the best and worst frames of the report."""
    table = regions.exact.table().astype(int)
    return tuple(
        FrameRow(
            key=fact.key,
            average_precision=float(pixels.single_ap[i]),
            obstacle_share=fact.obstacle_share,
            obstacles=int(table[i, 0]),
            regions=int(table[i, 2]),
            false_regions=int(table[i, 4]),
        )
        for i, fact in enumerate(pixels.reading.facts)
    )
