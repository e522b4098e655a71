"""What every data set is: named frames, one sample at a time. NumPy arrays only; no torch.

A set is made of files (frames.py), of something that must be played (video, bag), or of another set (`Wrapped`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from unexpected_core.images import resize_image, resize_map
from unexpected_core.labels import NUM_CLASSES
from unexpected_core.structs import RoadCamera, Sample


class DatasetError(ValueError):
    """A data set that is not there or not as described; the message says what was looked for and where to get it."""


class Dataset:
    """Base of all data sets: `len`, `keys`, `[i]` and `[key]` -> Sample.

    name: for reports and file names. keys: unique, '/'-separated, in order. num_classes: classes of `Sample.labels`.
    Subclasses implement `load`. Data sets hold paths, not open files, so they travel to worker processes.
    """

    def __init__(self, name: str, keys: Iterable[str], num_classes: int = NUM_CLASSES) -> None:
        self.name = name
        self.keys = tuple(keys)
        self.num_classes = num_classes
        self._index = {key: i for i, key in enumerate(self.keys)}
        if not self.keys:
            raise DatasetError(f"data set '{name}' is empty")
        if len(self._index) != len(self.keys):
            twice = next(key for i, key in enumerate(self.keys) if self._index[key] != i)
            raise DatasetError(f"data set '{name}': two frames are called '{twice}'")

    def load(self, index: int) -> Sample:
        """Sample number `index`, 0..len-1. Raises ImageError for unreadable files, DatasetError for wrong contents."""
        raise NotImplementedError

    def camera(self, key: str) -> RoadCamera | None:
        """How a frame's camera stands over the road; None where the set does not say. Raises DatasetError."""
        return None

    def sequence(self, key: str) -> str | None:
        """Name of the drive or clip that a frame is of, whose frames are alike; None where the set does not say."""
        return None

    def index(self, key: str) -> int:
        """Position of a key. Raises KeyError naming the nearest key."""
        if key not in self._index:
            near = difflib.get_close_matches(key, self.keys, n=1, cutoff=0.0)[0]
            raise KeyError(f"data set '{self.name}' has no frame '{key}' among {len(self)}; the nearest is '{near}'")
        return self._index[key]

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, which: int | str) -> Sample:
        index = self.index(which) if isinstance(which, str) else range(len(self))[which]
        return self.load(index)

    def __iter__(self) -> Iterator[Sample]:
        return (self.load(i) for i in range(len(self)))


class Wrapped(Dataset):
    """Another data set, or some of its frames, and all that it says of them. Subclasses change `load`."""

    def __init__(self, dataset: Dataset, keys: Iterable[str] | None = None) -> None:
        super().__init__(dataset.name, dataset.keys if keys is None else keys, dataset.num_classes)
        self.dataset = dataset

    def load(self, index: int) -> Sample:
        """The other's sample of this key; see Dataset.load."""
        return self.dataset[self.keys[index]]

    def camera(self, key: str) -> RoadCamera | None:
        """See Dataset.camera."""
        return self.dataset.camera(key)

    def sequence(self, key: str) -> str | None:
        """See Dataset.sequence."""
        return self.dataset.sequence(key)


class Resized(Wrapped):
    """Another data set with every map at one size (height, width): area or bilinear for images, nearest for ids."""

    def __init__(self, dataset: Dataset, size: tuple[int, int]) -> None:
        super().__init__(dataset)
        self.size = size

    def load(self, index: int) -> Sample:
        """Load and resize; see Dataset.load."""
        sample = super().load(index)
        maps = {name: resize_map(values, self.size) for name, values in sample.maps().items() if name != "image"}
        return replace(sample, image=resize_image(sample.image, self.size), **maps)
