"""Several data sets as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unexpected_core.datasets.base import Dataset, DatasetError
from unexpected_core.structs import RoadCamera, Sample


class Joined(Dataset):
    """Several data sets one after the other; keys are '<name>/<key>' where there is more than one.

    Raises DatasetError where they count different classes: the same id would mean different things; and where two have
    frames of one name.
    """

    def __init__(self, datasets: list[Dataset]) -> None:
        several = len(datasets) > 1
        keys = [f"{d.name}/{key}" if several else key for d in datasets for key in d.keys]
        classes = {d.num_classes: d.name for d in datasets}
        if len(classes) > 1:
            counts = ", ".join(f"'{name}' has {count} classes" for count, name in classes.items())
            raise DatasetError(f"data sets of different labels cannot be joined: {counts}; use them one by one")
        names = [d.name for d in datasets]
        twice = [name for name in names if names.count(name) > 1]
        if twice and len({*keys}) < len(keys):
            raise DatasetError(
                f"two data sets are called '{twice[0]}', and have frames of the same names: rename the folder of one"
            )
        super().__init__("+".join(d.name for d in datasets), keys, *classes)
        self.datasets = datasets
        self.starts = np.cumsum([0, *(len(d) for d in datasets)])

    def load(self, index: int) -> Sample:
        """See Dataset.load; the key is this set's."""
        dataset, own = self._place(index)
        return replace(dataset[own], key=self.keys[index])

    def camera(self, key: str) -> RoadCamera | None:
        """See Dataset.camera."""
        dataset, own = self._place(self.index(key))
        return dataset.camera(dataset.keys[own])

    def sequence(self, key: str) -> str | None:
        """See Dataset.sequence; the set's name stands before its own."""
        dataset, own = self._place(self.index(key))
        sequence = dataset.sequence(dataset.keys[own])
        return None if sequence is None else f"{dataset.name}/{sequence}"

    def _place(self, index: int) -> tuple[Dataset, int]:
        """The set that a frame comes from, and its index there."""
        which = int(np.searchsorted(self.starts, index, side="right")) - 1
        return self.datasets[which], index - int(self.starts[which])
