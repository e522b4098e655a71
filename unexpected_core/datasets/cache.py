"""Data sets whose samples are made once: all at the start, kept in memory; or each when first asked for, in files."""

from __future__ import annotations

import math
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from unexpected_core.datasets.base import Dataset, Wrapped
from unexpected_core.files import atomic_path
from unexpected_core.log import LOGGER, progress
from unexpected_core.structs import Sample

AHEAD = 8
"""Most samples that are read before the memory of those before is counted."""


class Cached(Wrapped):
    """Every sample of another data set, in memory: decoded before worker processes start, and shared by all of them.

    What it gives away are copies. Raises TooLarge where they take more than so many gibibytes.
    """

    def __init__(self, dataset: Dataset, gibibytes: float = math.inf) -> None:
        super().__init__(dataset)
        self._samples, held = [], 0.0
        with ThreadPoolExecutor(2) as pool:  # OpenCV lets go of the interpreter
            parts = (range(len(dataset))[first : first + AHEAD] for first in range(0, len(dataset), AHEAD))
            samples = (sample for part in parts for sample in pool.map(dataset.load, part))
            for sample in progress(samples, f"reading {dataset.name} into memory", len(dataset)):
                self._samples.append(sample)
                held += _gibibytes(sample)
                if held > gibibytes:
                    raise TooLarge(held)

    def load(self, index: int) -> Sample:
        """A copy of one sample."""
        sample = self._samples[index]
        return replace(sample, **{name: values.copy() for name, values in sample.maps().items()})


class TooLarge(Exception):
    """A data set that does not fit into the memory allowed; the argument says how much was needed up to there."""


def cached(dataset: Dataset, gibibytes: float) -> Dataset:
    """The data set in memory if all samples fit; else (or if 0) the data set itself.

    It is not begun with where it would not fit if all were as large as the first one.
    """
    if not gibibytes:
        return dataset
    needed = _gibibytes(dataset[0]) * len(dataset)
    if needed <= gibibytes:
        try:
            return Cached(dataset, gibibytes)
        except TooLarge as error:
            (needed,) = error.args
    LOGGER.info(
        "%s needs %.1f GiB of memory or more, allowed are %g: read from disk each time", dataset.name, needed, gibibytes
    )
    return dataset


class Spilled(Wrapped):
    """Another data set whose samples take long to make: each is made once, then read from a temporary file.

    Copies in other processes use the same files, so they must not outlive the original, which deletes them.
    """

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(dataset)
        self._temporary = tempfile.TemporaryDirectory(prefix="unexpected-frames-")
        self.folder = Path(self._temporary.name)

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_temporary": None}

    def load(self, index: int) -> Sample:
        """See Dataset.load."""
        path = self.folder / f"{index}.npz"
        if path.is_file():
            with np.load(path) as maps:
                return Sample(self.keys[index], **maps)
        sample = super().load(index)
        with atomic_path(path) as temporary:
            np.savez(temporary, **sample.maps())
        return sample


def _gibibytes(sample: Sample) -> float:
    return sum(values.nbytes for values in sample.maps().values()) / 2**30
