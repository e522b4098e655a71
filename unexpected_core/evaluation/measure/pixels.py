"""First reading: pixel counts by mode, facts for the doctor, calibration, segmentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from unexpected_core.evaluation.doctor.evidence import FrameFacts, note_frame
from unexpected_core.evaluation.source import Judged, Source
from unexpected_core.labels import IGNORE
from unexpected_core.metrics.calibration import reliability
from unexpected_core.metrics.keys import MetricError, NotFiniteError
from unexpected_core.metrics.modes import pixel_counts
from unexpected_core.metrics.segmentation import confusion

JUDGED_AS = {"smiyc": "float16 (at most 65504)", "fishyscapes": "float32", "pooled": "float32"}
"""Mode -> the type that it takes scores as, whatever they are stored as."""


class PixelReading:
    """counts by mode; facts and reliability of each frame; confusion of all, None without labels."""

    def __init__(self, modes: Sequence[str], spill: str) -> None:
        self.counts = {mode: pixel_counts(mode, spill) for mode in modes}
        self.facts: list[FrameFacts] = []
        self.reliability: list[np.ndarray | None] = []
        self.confusion: np.ndarray | None = None

    def add(self, source: Source, key: str) -> None:
        """Read one frame. Counts come first: they refuse scores that are no numbers."""
        judged = source.frame(key)
        for mode, counts in self.counts.items():
            try:
                counts.add(judged.half() if mode == "smiyc" else judged.score, judged.sample.obstacle)
            except MetricError as error:
                raise MetricError(f"frame '{key}': {_fault(error, mode, judged)}") from error
        self.facts.append(note_frame(key, judged))
        self.reliability.append(reliability(judged.score, judged.sample.obstacle))
        predicted = source.predicted_labels(key)
        if predicted is not None and judged.sample.labels is not None:
            self._add_confusion(confusion(predicted, judged.sample.labels, source.dataset.num_classes))

    def merge(self, other: PixelReading) -> None:
        """See frames.Reading."""
        for mode, counts in self.counts.items():
            counts.merge(other.counts[mode])
        self.facts += other.facts
        self.reliability += other.reliability
        self._add_confusion(other.confusion)

    def _add_confusion(self, matrix: np.ndarray | None) -> None:
        if matrix is not None:
            self.confusion = matrix if self.confusion is None else self.confusion + matrix


def _fault(error: MetricError, mode: str, judged: Judged) -> str:
    """What is wrong with a frame; scores that are finite as they are stored need not be so in the type of a mode."""
    if isinstance(error, NotFiniteError) and np.isfinite(judged.score[judged.sample.obstacle != IGNORE]).all():
        return (
            f"mode {mode} judges scores as {JUDGED_AS[mode]}, and those inside the ROI do not fit into it; scale them "
            f"down, or leave {mode} out of --mode"
        )
    return str(error)


def read_pixels(
    source: Source, modes: Sequence[str], spill: str, keys: Sequence[str], shown: Iterable[str]
) -> PixelReading:
    """spill: folder for counts, see metrics.pixel. keys, shown: see frames.over_frames."""
    reading = PixelReading(modes, spill)
    for key in shown:
        reading.add(source, key)
    return reading
