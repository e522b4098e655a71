"""Several data sets as one."""

from __future__ import annotations

import numpy as np

from unexpected_core.datasets.base import Dataset
from unexpected_core.structs import Sample


class Joined(Dataset):
    """Several data sets one after the other; keys are '<name>/<key>' where there is more than one."""

    def __init__(self, datasets: list[Dataset]) -> None:
        several = len(datasets) > 1
        keys = [f"{d.name}/{key}" if several else key for d in datasets for key in d.keys]
        super().__init__("+".join(d.name for d in datasets), keys)
        self.datasets = datasets
        self.starts = np.cumsum([0, *(len(d) for d in datasets)])

    def load(self, index: int) -> Sample:
        """See Dataset.load; the key is this set's."""
        which = int(np.searchsorted(self.starts, index, side="right")) - 1
        sample = self.datasets[which][index - int(self.starts[which])]
        return Sample(self.keys[index], sample.image, sample.labels, sample.instances, sample.obstacle)
