"""Counts of score keys, exact and in bounded memory: float16 in a table, float32 as sorted runs on disk.

float16 has 65 536 values, so a table of counters is the whole truth. float32 has 2^32 (float64: see tally64), so each
frame's keys are sorted and written to a file with an index by their upper 16 bits; the sweep then walks the key range
in groups of about two million keys over all frames (a merge sort that never holds more than one group), and counts a
crowded group by its lower 16 bits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unexpected_core.metrics.keys import from_keys, merge_sorted, sort_keys

CODES = 1 << 16
GROUP = 1 << 21
"""Keys merged at a time: 8 MB."""
Step = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Scores falling [K], obstacle pixels int64 [K], normal pixels int64 [K]."""


@dataclass(frozen=True, slots=True)
class Run:
    """Where one frame lies in a tally file: byte offset, and numbers of entries of obstacle and normal pixels."""

    path: Path
    start: int
    positives: int
    negatives: int


class Tally16:
    """Tables of 65 536 counters for obstacle and normal pixels; each frame on disk as (key, positives, negatives)."""

    ENTRY = np.dtype([("key", np.uint16), ("positives", np.uint32), ("negatives", np.uint32)])

    def __init__(self) -> None:
        self.positives = np.zeros(CODES, np.int64)
        self.negatives = np.zeros(CODES, np.int64)

    def add(self, positives: np.ndarray, negatives: np.ndarray, path: Path) -> Run:
        """Count one frame's keys uint16 [P], [N] and append them to the file."""
        counts = [np.bincount(keys, minlength=CODES) for keys in (positives, negatives)]
        self.positives += counts[0]
        self.negatives += counts[1]
        used = np.flatnonzero(counts[0] + counts[1])
        entries = np.empty(len(used), self.ENTRY)
        entries["key"], entries["positives"], entries["negatives"] = used, counts[0][used], counts[1][used]
        return Run(path, append(path, entries), len(used), 0)

    def merge(self, other: Tally16) -> None:
        """Add another tally's counts."""
        self.positives += other.positives
        self.negatives += other.negatives

    def steps(self, runs: list[Run]) -> Iterator[Step]:
        """One piece: every score that occurs, highest first."""
        used = np.flatnonzero(self.positives + self.negatives)[::-1]
        yield from_keys(used.astype(np.uint16)), self.positives[used], self.negatives[used]

    @classmethod
    def at_or_above(cls, run: Run, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of one frame with key >= each of keys (uint16 [K]): int64 [K] of obstacle, of normal."""
        entries = np.fromfile(run.path, cls.ENTRY, run.positives, offset=run.start)
        first = np.searchsorted(entries["key"], keys)
        falling = (np.cumsum(entries[name][::-1], dtype=np.int64) for name in ("positives", "negatives"))
        positives, negatives = (np.append(total[::-1], 0)[first] for total in falling)
        return positives, negatives


class Tally32:
    """Sorted keys of every frame on disk; in memory one count for each value of the upper 16 bits."""

    INDEX_BYTES = 2 * 4 * (CODES + 1)

    def __init__(self) -> None:
        self.coarse = np.zeros(CODES, np.int64)

    def add(self, positives: np.ndarray, negatives: np.ndarray, path: Path) -> Run:
        """Sort one frame's keys uint32 [P], [N] and append them, behind their index, to the file."""
        counts = [np.bincount(keys >> 16, minlength=CODES) for keys in (positives, negatives)]
        self.coarse += counts[0] + counts[1]
        index = np.zeros((2, CODES + 1), np.uint32)
        np.cumsum(counts, axis=1, out=index[:, 1:])
        start = append(path, index, sort_keys(positives), sort_keys(negatives))
        return Run(path, start, len(positives), len(negatives))

    def merge(self, other: Tally32) -> None:
        """Add another tally's counts."""
        self.coarse += other.coarse

    def steps(self, runs: list[Run]) -> Iterator[Step]:
        """Pieces from the highest scores down; scores between two obstacle scores may share one step."""
        files = {path: os.open(path, os.O_RDONLY) for path in {run.path for run in runs}}
        try:
            for low, high in _groups(self.coarse):
                if self.coarse[low:high].sum() > GROUP:
                    yield _crowded(files, runs, low)
                else:
                    yield merged(*(merge_sorted(list(_slices(files, runs, low, high, kind))) for kind in (0, 1)))
        finally:
            for handle in files.values():
                os.close(handle)

    @classmethod
    def at_or_above(cls, run: Run, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of one frame with key >= each of keys (uint32 [K]): int64 [K] of obstacle, of normal."""
        start = run.start + cls.INDEX_BYTES
        positives = np.fromfile(run.path, np.uint32, run.positives, offset=start)
        negatives = np.fromfile(run.path, np.uint32, run.negatives, offset=start + positives.nbytes)
        return len(positives) - np.searchsorted(positives, keys), len(negatives) - np.searchsorted(negatives, keys)


def append(path: Path, *arrays: np.ndarray) -> int:
    """Write arrays at the end of a file; returns where they begin."""
    with path.open("ab") as stream:
        start = stream.tell()
        for array in arrays:
            array.tofile(stream)
    return start


def _groups(coarse: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges low <= upper bits < high from the top down, each of at most GROUP keys or of one single value."""
    group: list[int] = []
    total = 0
    for code in np.flatnonzero(coarse)[::-1].tolist():
        if group and total + coarse[code] > GROUP:
            yield group[-1], group[0] + 1
            group, total = [], 0
        group.append(code)
        total += int(coarse[code])
    if group:
        yield group[-1], group[0] + 1


def _slices(files: dict[Path, int], runs: list[Run], low: int, high: int, kind: int) -> Iterator[np.ndarray]:
    """Each frame's keys (kind 0 obstacle, 1 normal) whose upper bits lie in low..high-1."""
    for run in runs:
        index = run.start + kind * Tally32.INDEX_BYTES // 2
        first, last = (int.from_bytes(os.pread(files[run.path], 4, index + 4 * code), "little") for code in (low, high))
        if last > first:
            keys = run.start + Tally32.INDEX_BYTES + 4 * (run.positives * kind + first)
            yield np.frombuffer(os.pread(files[run.path], 4 * (last - first), keys), "<u4")


def merged(positives: np.ndarray, negatives: np.ndarray) -> Step:
    """Rising keys, unsigned [n] and [m] -> a step for each obstacle score, with the normal pixels tied with it, and one
    for all normal pixels between it and the next, at the lowest of them."""
    keys, counts = np.unique(positives, return_counts=True)
    first, end = np.searchsorted(negatives, keys), np.searchsorted(negatives, keys, side="right")  # of those tied
    begin, stop = np.append(0, end), np.append(first, len(negatives))  # of the gaps below, between and above the keys
    filled = begin < stop
    gaps = negatives[begin[filled]]
    marks = np.concatenate([keys, gaps])
    true = np.concatenate([counts, np.zeros(len(gaps), np.int64)])
    false = np.concatenate([end - first, (stop - begin)[filled]])
    falling = np.argsort(marks, kind="stable")[::-1]  # two rising runs: merged, not sorted
    return from_keys(marks[falling]), true[falling], false[falling]


def _crowded(files: dict[Path, int], runs: list[Run], code: int) -> Step:
    """All keys with these upper 16 bits, counted by their lower 16."""
    counts = np.zeros((2, CODES), np.int64)
    for kind in (0, 1):
        for keys in _slices(files, runs, code, code + 1, kind):
            counts[kind] += np.bincount(keys & 0xFFFF, minlength=CODES)
    used = np.flatnonzero(counts.sum(0))[::-1]
    return from_keys((used + (code << 16)).astype(np.uint32)), counts[0][used], counts[1][used]
