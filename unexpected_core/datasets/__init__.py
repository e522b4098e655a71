"""Data sets: frames with labels, behind one protocol. Imports no torch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

from unexpected_core.config import unknown_name
from unexpected_core.datasets.base import Dataset, DatasetError, Resized
from unexpected_core.datasets.camvid import camvid
from unexpected_core.datasets.folders import image_folder, obstacle_folder, paired_folder
from unexpected_core.datasets.idd import idd_lite

__all__ = ["DATASETS", "Dataset", "DatasetError", "Resized", "open_dataset"]

DATASETS: dict[str, Callable[..., Dataset]] = {
    "camvid": camvid,
    "idd_lite": idd_lite,
    "paired_folder": paired_folder,
    "obstacle_folder": obstacle_folder,
    "image_folder": image_folder,
}
"""Name -> function opening the set: ``f(root=None, split=..., ...)``; what each accepts is its signature."""


def open_dataset(name: str, root: str | Path | None = None, size: tuple[int, int] | None = None, **options) -> Dataset:
    """Open a data set by name; size (height, width) resizes every map. Raises DatasetError.

    options: the set's own keyword arguments, such as split="val".
    """
    if name not in DATASETS:
        raise DatasetError(unknown_name("data set", name, DATASETS))
    accepted = list(inspect.signature(DATASETS[name]).parameters)
    for option in options:
        if option not in accepted:
            raise DatasetError(f"data set '{name}': {unknown_name('option', option, accepted)}")
    dataset = DATASETS[name](root, **options)
    return Resized(dataset, size) if size else dataset
