"""How frequent each class is in a data set."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from unexpected_core.datasets import Dataset, DatasetError
from unexpected_core.discrepancy_data.altering import labels_of
from unexpected_core.discrepancy_data.swaps import Recipe
from unexpected_core.images import ImageError
from unexpected_core.labels import NUM_CLASSES
from unexpected_core.log import progress


def frequencies(dataset: Dataset, recipe: Recipe, workers: int) -> tuple[float, ...] | None:
    """Share of each class, float [19], where the recipe draws new classes by it; else None. Raises DatasetError."""
    if recipe.new_class == "uniform" or not recipe.swap_fraction:
        return None
    counts = class_counts(dataset, workers)
    return tuple((counts / counts.sum()).round(9).tolist())


def class_counts(dataset: Dataset, workers: int = 2) -> np.ndarray:
    """Pixels of each class over a whole data set, int64 [19]; unreadable frames are left out. Raises DatasetError."""

    def count(key: str) -> np.ndarray:
        try:
            return np.bincount(labels_of(dataset[key]).ravel(), minlength=256)[:NUM_CLASSES]
        except ImageError:
            return np.zeros(NUM_CLASSES, np.int64)

    with ThreadPoolExecutor(max(1, workers)) as pool:
        total = sum(progress(pool.map(count, dataset.keys), f"classes of {dataset.name}", len(dataset)))
    if np.count_nonzero(total) < 2:
        raise DatasetError(f"data set '{dataset.name}' has fewer than two classes to swap")
    return total
