"""Second reading, with the threshold known: components, obstacles, changes from frame to frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from unexpected_core.evaluation.measure.sequences import sequence_of
from unexpected_core.evaluation.settings import EvaluationSettings
from unexpected_core.evaluation.source import Judged, Source
from unexpected_core.metrics.clips import Change, change
from unexpected_core.metrics.components import ComponentCounts, above, measure_components, strictly_above
from unexpected_core.metrics.objects import Obstacles, find_obstacles


class RegionReading:
    """exact, smiyc: components called by each mode's own threshold and rule; obstacles of every frame."""

    def __init__(self, settings: EvaluationSettings, threshold: float, smiyc_threshold: float | None) -> None:
        self.settings, self.threshold, self.smiyc_threshold = settings, threshold, smiyc_threshold
        self.exact, self.smiyc = ComponentCounts(), ComponentCounts()
        self.obstacles: list[Obstacles] = []
        self.changes: list[Change] = []

    def add(self, source: Source, judged: Judged) -> None:
        """Look at one frame."""
        score, obstacle, sizes = judged.score, judged.sample.obstacle, self.settings.sizes
        mask = above(score, self.threshold)
        self.exact.add(measure_components(mask, obstacle, sizes))
        camera = self.settings.camera or source.dataset.camera(judged.sample.key)
        self.obstacles.append(find_obstacles(mask, obstacle, camera))
        if self.smiyc_threshold is not None:
            self.smiyc.add(measure_components(strictly_above(judged.half(), self.smiyc_threshold), obstacle, sizes))

    def add_change(self, source: Source, before: Judged | None, judged: Judged) -> None:
        """From the frame before, where it is of the same sequence."""
        if before is None:
            return
        first, second = (sequence_of(source.dataset, each.sample.key, self.settings.clips) for each in (before, judged))
        if first == second:
            self.changes.append(_change(before, judged, self.threshold))

    def merge(self, other: RegionReading) -> None:
        """See frames.Reading."""
        self.exact.merge(other.exact)
        self.smiyc.merge(other.smiyc)
        self.obstacles += other.obstacles
        self.changes += other.changes


def _change(before: Judged, after: Judged, threshold: float) -> Change:
    first, second = before.sample.obstacle, after.sample.obstacle
    inside = (first != 255) & (second != 255) if first.shape == second.shape else None
    return change(before.score, after.score, threshold, inside)


def read_regions(
    source: Source,
    settings: EvaluationSettings,
    threshold: float,
    smiyc_threshold: float | None,
    keys: Sequence[str],
    shown: Iterable[str],
) -> RegionReading:
    """keys, shown: see frames.over_frames."""
    reading = RegionReading(settings, threshold, smiyc_threshold)
    before = _frame_before(source, keys[0]) if settings.clips else None
    for key in shown:
        judged = source.frame(key)
        reading.add(source, judged)
        reading.add_change(source, before, judged)
        before = judged if settings.clips else None
    return reading


def _frame_before(source: Source, key: str) -> Judged | None:
    """Another process may look at it, but the change from it to this one is noted here."""
    index = source.keys.index(key)
    return source.frame(source.keys[index - 1]) if index else None
