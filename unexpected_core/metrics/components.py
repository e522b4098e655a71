"""Component metrics of SegmentMeIfYouCan: does each obstacle have its region, and each region its obstacle?

sIoU and PPV are those of Chan et al., "SegmentMeIfYouCan" (2021), section 3.2, computed from a table of overlaps, so
that the cost does not grow with the number of regions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from unexpected_core.metrics.keys import MetricError

SIOU_THRESHOLDS = np.linspace(0.25, 0.75, 11)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Smallest areas in pixels: predicted regions below `region` are deleted, obstacles below `obstacle` ignored."""

    region: int
    obstacle: int


TRACK_SIZES = {"anomaly": Sizes(500, 100), "obstacle": Sizes(50, 10)}
"""Sizes of SegEval-AnomalyTrack and SegEval-ObstacleTrack, for images of about two million pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameComponents:
    """One frame: sIoU float64 and area int64 of each obstacle [G]; precision and area of each predicted region [P].

    judged: whether anything of the frame is in the ROI.
    """

    siou: np.ndarray
    obstacle_area: np.ndarray
    precision: np.ndarray
    region_area: np.ndarray
    judged: bool = True


@dataclass(frozen=True, slots=True)
class ComponentNumbers:
    """Means over all components of all frames, fractions in [0, 1]; NaN where there is nothing to average.

    f1: mean over the sIoU thresholds 0.25, 0.30 .. 0.75. false_regions_per_frame: regions without any obstacle pixel,
    by the frames of which anything is judged.
    """

    siou: float
    ppv: float
    f1: float
    f1_25: float
    f1_50: float
    f1_75: float
    obstacles: int
    regions: int
    false_regions_per_frame: float
    frames: int


def above(score: np.ndarray, threshold: float) -> np.ndarray:
    """bool [H, W]: score >= threshold as real numbers (mode `exact`); no rounding of the threshold lets a pixel in."""
    limit = score.dtype.type(threshold)
    return score >= (np.nextafter(limit, score.dtype.type(np.inf)) if float(limit) < threshold else limit)


def strictly_above(score: np.ndarray, threshold: float) -> np.ndarray:
    """bool [H, W]: score > threshold, as in mode `smiyc`: a perfect 0/1 mask finds nothing at its threshold."""
    return score > score.dtype.type(threshold)


def measure_components(mask: np.ndarray, obstacle: np.ndarray, sizes: Sizes) -> FrameComponents:
    """mask bool [H, W] of predicted pixels, obstacle uint8 [H, W] (0, 1, 255) -> one frame. Raises MetricError.

    Components are 8-connected. Pixels outside the ROI, and obstacles that are too small, take no part.
    """
    if mask.shape != obstacle.shape:
        raise MetricError(f"mask {mask.shape} and ground truth {obstacle.shape} differ in size; resize the mask first")
    obstacles, obstacle_area = _components(obstacle == 1)
    regions, region_area = _components(mask & (obstacle != 255))
    pixels = np.flatnonzero(obstacles | regions)  # from here on, only pixels of components are touched
    k, c = obstacles.ravel()[pixels], regions.ravel()[pixels]
    kept = region_area >= sizes.region
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0)  # without gaps: there may be many thousands of small regions
    taking_part = (obstacle_area >= sizes.obstacle)[k]  # background too, as in the benchmark: it can be "too small"
    found = _overlaps(k[taking_part], numbers[c][taking_part])
    return replace(found, judged=bool((obstacle != 255).any()))


def _components(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """bool [H, W] -> int32 [H, W], 0 background, 1.. one number for each 8-connected component; and their areas."""
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    return numbers, stats[:, cv2.CC_STAT_AREA]


def _overlaps(obstacles: np.ndarray, regions: np.ndarray) -> FrameComponents:
    """Component numbers of the pixels that take part, two arrays [N]; 0 where there is none."""
    obstacle_area, region_area = np.bincount(obstacles, minlength=1), np.bincount(regions, minlength=1)
    both = np.flatnonzero((obstacles > 0) & (regions > 0))
    pairs, shared = np.unique(obstacles[both].astype(np.int64) * len(region_area) + regions[both], return_counts=True)
    k, c = np.divmod(pairs, len(region_area))  # obstacle k and region c share so many pixels

    covered = np.bincount(c, shared, len(region_area))  # of region c, by any obstacle
    hit = np.bincount(k, shared, len(obstacle_area))  # |k n K|
    others = np.bincount(k, covered[c] - shared, len(obstacle_area))  # |K n other obstacles|
    union = np.bincount(k, region_area[c], len(obstacle_area)) + obstacle_area - hit - others
    real, predicted = np.flatnonzero(obstacle_area[1:]) + 1, np.flatnonzero(region_area[1:]) + 1
    return FrameComponents(
        hit[real] / union[real],
        obstacle_area[real],
        covered[predicted] / region_area[predicted],
        region_area[predicted],
    )


class ComponentCounts:
    """State of the component metrics: one row of sums for each frame, so that frames can be resampled."""

    COLUMNS = 6 + 3 * len(SIOU_THRESHOLDS)

    def __init__(self) -> None:
        self.rows: list[np.ndarray] = []

    def add(self, frame: FrameComponents) -> None:
        """Note one frame."""
        true, missed = (
            np.array([np.count_nonzero(compare) for compare in comparisons])
            for comparisons in ([frame.siou >= t for t in SIOU_THRESHOLDS], [frame.siou < t for t in SIOU_THRESHOLDS])
        )
        false = np.array([np.count_nonzero(frame.precision < t) for t in SIOU_THRESHOLDS])
        sums = [
            len(frame.siou),
            frame.siou.sum(),
            len(frame.precision),
            frame.precision.sum(),
            np.count_nonzero(frame.precision == 0),
            frame.judged,
        ]
        self.rows.append(np.concatenate([sums, true, missed, false]))

    def merge(self, other: ComponentCounts) -> None:
        """Take over the frames of another state, after one's own."""
        self.rows += other.rows

    def table(self) -> np.ndarray:
        """float64 [frames, COLUMNS], the argument of component_statistics after summing over frames."""
        return np.array(self.rows).reshape(-1, self.COLUMNS)

    def numbers(self) -> ComponentNumbers:
        """The metrics over all frames. Raises MetricError if there are none."""
        if not self.rows:
            raise MetricError("no frames to measure; the data set or the folder of scores is empty")
        table = self.table()
        values = component_statistics(table.sum(0))
        return ComponentNumbers(
            **{name: float(value) for name, value in values.items()},
            obstacles=int(table[:, 0].sum()),
            regions=int(table[:, 2].sum()),
            frames=len(table),
        )


def component_statistics(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Sums over frames, float [..., COLUMNS] -> siou, ppv, f1, f1_25, f1_50, f1_75, false_regions_per_frame, [...]."""
    obstacles, siou, regions, precision, wrong, judged = (sums[..., i] for i in range(6))
    true, missed, false = np.split(sums[..., 6:], 3, axis=-1)
    with np.errstate(invalid="ignore"):
        f1 = 2 * true / (2 * true + missed + false)
        return {
            "siou": siou / obstacles,
            "ppv": precision / regions,
            "f1": f1.sum(-1) / len(SIOU_THRESHOLDS),
            "f1_25": f1[..., 0],
            "f1_50": f1[..., 5],
            "f1_75": f1[..., 10],
            "false_regions_per_frame": wrong / judged,
        }
