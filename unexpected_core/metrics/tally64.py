"""Counts of float64 score keys, exact: sorted runs on disk, walked in ever smaller ranges of keys until one fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from unexpected_core.metrics import tallies
from unexpected_core.metrics.keys import from_keys, merge_sorted
from unexpected_core.metrics.tallies import Run, Step, append, merged


class Tally64:
    """Sorted keys of every frame on disk, uint64, obstacle pixels before normal ones; nothing in memory."""

    def add(self, positives: np.ndarray, negatives: np.ndarray, path: Path) -> Run:
        """Sort one frame's keys uint64 [P], [N] and append them to the file."""
        return Run(path, append(path, np.sort(positives), np.sort(negatives)), len(positives), len(negatives))

    def merge(self, other: Tally64) -> None:
        """There is nothing but files."""

    def steps(self, runs: list[Run]) -> Iterator[Step]:
        """Pieces from the highest scores down; scores between two obstacle scores may share one step."""
        frames = [_keys(run) for run in runs if run.positives + run.negatives]
        yield from _falling([keys[0] for keys in frames], [keys[1] for keys in frames], 0, 1 << 64)

    @classmethod
    def at_or_above(cls, run: Run, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of one frame with key >= each of keys (uint64 [K]): int64 [K] of obstacle, of normal."""
        positives, negatives = _keys(run) if run.positives + run.negatives else np.zeros((2, 0), np.uint64)
        return len(positives) - np.searchsorted(positives, keys), len(negatives) - np.searchsorted(negatives, keys)


def _keys(run: Run) -> tuple[np.ndarray, np.ndarray]:
    keys = np.memmap(run.path, np.uint64, "r", run.start, (run.positives + run.negatives,))
    return keys[: run.positives], keys[run.positives :]


def _falling(positives: list[np.ndarray], negatives: list[np.ndarray], low: int, high: int) -> Iterator[Step]:
    """Every frame's rising keys in low..high-1; a range of more than GROUP keys is halved, one single key counted."""
    total = sum(map(len, positives)), sum(map(len, negatives))
    if not sum(total):
        return
    if sum(total) <= tallies.GROUP:
        yield merged(*(merge_sorted(runs, np.uint64) for runs in (positives, negatives)))
    elif high - low == 1:
        yield from_keys(np.array([low], np.uint64)), np.array(total[:1]), np.array(total[1:])
    else:
        middle = (low + high) // 2
        halves = [
            [np.split(keys, [np.searchsorted(keys, np.uint64(middle))]) for keys in runs]
            for runs in (positives, negatives)
        ]
        for upper, edges in ((1, (middle, high)), (0, (low, middle))):
            yield from _falling(*([half[upper] for half in runs] for runs in halves), *edges)
