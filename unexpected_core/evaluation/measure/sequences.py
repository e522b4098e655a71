"""Which frames are of one sequence: flicker is measured between them, and statistically they are not independent."""

from __future__ import annotations

from unexpected_core.datasets.base import Dataset


def sequence_of(dataset: Dataset, key: str, clips: bool) -> str:
    """What the data set says; else with `clips` the frame's folder, without it the frame alone."""
    sequence = dataset.sequence(key)
    if sequence is None:
        sequence = key.rpartition("/")[0] if clips else key
    return sequence
