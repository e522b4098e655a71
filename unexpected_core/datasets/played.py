"""Data sets that are played from the start rather than opened at any place: videos and bags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from unexpected_core.datasets.base import Dataset, DatasetError
from unexpected_core.images import ImageError
from unexpected_core.structs import Sample


class PlayedDataset(Dataset):
    """Going forward plays on; going back starts again, since seeking is inexact in many formats.

    Subclasses implement `play`.
    """

    def __init__(self, name: str, keys: Iterable[str]) -> None:
        super().__init__(name, keys)
        self._images: Iterator[np.ndarray] | None = None
        self._next = 0

    def play(self) -> Iterator[np.ndarray | ImageError]:
        """The images of all keys, in order, RGB uint8 [H, W, 3]; ends early where the material breaks off.

        A frame that cannot be decoded comes as its error, and the next ones follow.
        """
        raise NotImplementedError

    def load(self, index: int) -> Sample:
        """Play up to this frame. Raises ImageError for a broken frame, and where the material breaks off."""
        if self._images is None or index < self._next:
            self._images, self._next = self.play(), 0
        for image in self._images:
            self._next += 1
            if self._next == index + 1:
                if isinstance(image, ImageError):
                    raise image
                return Sample(self.keys[index], image)
        broken, self._images = self._next, None
        raise ImageError(f"'{self.name}' breaks off after {broken} of {len(self)} frames")

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_images": None, "_next": 0}


def check_claim(path: Path, count: int) -> None:
    """Raise DatasetError where a file or folder claims more images than it has bytes: each would be given a name."""
    size = sum(file.stat().st_size for file in (path.iterdir() if path.is_dir() else [path]))
    if count > size:
        raise DatasetError(f"{path} claims {count} images in {size} bytes: it is damaged; copy or record it again")
