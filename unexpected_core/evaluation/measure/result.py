"""What one method scored on one data set: the part of results.json below its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unexpected_core.config import Number
from unexpected_core.evaluation.candidates import Identity
from unexpected_core.evaluation.doctor.evidence import Evidence
from unexpected_core.evaluation.threshold import Threshold
from unexpected_core.metrics.bootstrap import Interval
from unexpected_core.metrics.components import Sizes
from unexpected_core.metrics.smiyc import OrderRange

RecallLine = dict[str, Number]
"""from, to, obstacles, found; see metrics.objects.recall_table."""


@dataclass(frozen=True)
class PixelResult:
    """Pixel metrics in one mode, fractions in [0, 1] with intervals; thresholds are scores; what was counted.

    order_range: mode `smiyc` only, where the benchmark's own numbers depend on the order of its sort.
    """

    average_precision: Interval
    auroc: Interval
    fpr95: Interval
    best_f1: Interval
    best_f1_threshold: Number
    fpr95_threshold: Number
    positives: int
    negatives: int
    frames: int
    order_range: OrderRange | None = None


@dataclass(frozen=True)
class ComponentResult:
    """Component metrics, see metrics.components. threshold: mode `smiyc`'s own, else None."""

    siou: Interval
    ppv: Interval
    f1: Interval
    f1_25: Interval
    f1_50: Interval
    f1_75: Interval
    false_regions_per_frame: Interval
    obstacles: int
    regions: int
    sizes: Sizes
    false_regions_per_minute: Interval | None = None
    threshold: Number | None = None


@dataclass(frozen=True)
class FalseAlarms:
    """Frames without obstacles, and the share of them with a false alarm: as it turned out, and as promised or None.

    Frames that are ignored as a whole are none of them.
    """

    normal_frames: int
    realised_rate: Number
    promised_rate: float | None = None


@dataclass(frozen=True)
class Flicker:
    """Mean change of score and of mask from frame to frame, see metrics.clips; NaN without two frames of one clip."""

    score: Number
    mask: Number


@dataclass(frozen=True)
class FrameRow:
    """One frame: its AP, share of obstacle pixels in the ROI, and numbers of components."""

    key: str
    average_precision: Number
    obstacle_share: Number
    obstacles: int
    regions: int
    false_regions: int


@dataclass(frozen=True, kw_only=True)
class MethodResult(Identity):
    """All numbers of one method. frames_stored: scores there were, of any frame.

    sequences: drives or clips of the frames, each drawn whole for the intervals. None: not known.

    reliability: float [3, BINS], see metrics.calibration; class_iou: by train id.
    """

    sequences: int | None = None
    frames: int
    frames_expected: int
    frames_stored: int
    pixel: Mapping[str, PixelResult]
    threshold: Threshold
    components: ComponentResult
    evidence: Evidence
    per_frame: tuple[FrameRow, ...]
    recall_by_area: tuple[RecallLine, ...]
    recall_by_row: tuple[RecallLine, ...]
    risk_coverage_area: Number
    false_alarm_frames: FalseAlarms
    components_smiyc: ComponentResult | None = None
    recall_by_distance: tuple[RecallLine, ...] | None = None
    calibration_error: Number | None = None
    reliability: tuple[tuple[Number, ...], ...] | None = None
    mean_iou: Number | None = None
    class_iou: tuple[Number, ...] | None = None
    flicker: Flicker | None = None
