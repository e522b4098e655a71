"""A data set kept in memory: decoded once, before worker processes start, and shared by all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from unexpected_core.datasets.base import Dataset
from unexpected_core.log import LOGGER, progress
from unexpected_core.structs import Sample

MAPS = ("image", "labels", "instances", "obstacle")


class Cached(Dataset):
    """Every sample of another data set, in memory. What it gives away are copies."""

    def __init__(self, dataset: Dataset, workers: int = 2) -> None:
        super().__init__(dataset.name, dataset.keys, dataset.num_classes)
        with ThreadPoolExecutor(workers) as pool:  # OpenCV lets go of the interpreter
            samples = pool.map(dataset.load, range(len(dataset)))
            self._samples = list(progress(samples, f"reading {dataset.name} into memory", len(dataset)))

    def load(self, index: int) -> Sample:
        """A copy of one sample."""
        sample = self._samples[index]
        return replace(sample, **{name: values.copy() for name, values in _maps(sample).items()})


def cached(dataset: Dataset, gibibytes: float) -> Dataset:
    """The data set in memory if all samples, as large as the first one, fit; else (or if 0) the data set itself."""
    if not gibibytes:
        return dataset
    needed = sum(values.nbytes for values in _maps(dataset[0]).values()) * len(dataset) / 2**30
    if needed <= gibibytes:
        return Cached(dataset)
    LOGGER.info("%s needs %.1f GiB of memory, allowed are %g: read from disk each time",
                dataset.name, needed, gibibytes)
    return dataset


def _maps(sample: Sample) -> dict[str, np.ndarray]:
    return {name: values for name in MAPS if (values := getattr(sample, name)) is not None}
