"""What runs a detector's networks, whatever the library: bytes of images in, maps out. Loads no torch."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

SMALL = (64, 128)
"""(height, width) of the blank image where any will do."""


class DetectorError(RuntimeError):
    """A detection that could not be made; the message says the cause and the cure. The detector stays usable."""


class OutOfMemory(DetectorError):
    """Memory ended while an image was scored; what could be freed was."""


class RuntimeMissing(RuntimeError):
    """A runtime that cannot run here, or not these networks; the message says why and the cure."""


class Maps(NamedTuple):
    """score float32 [B, h, w], labels uint8 [B, h, w] or None, resynthesis uint8 [B, h, w, 3] or None."""

    score: np.ndarray
    labels: np.ndarray | None
    resynthesis: np.ndarray | None


class Runner(ABC):
    """Networks on a device.

    name, model_id, working_height, step, threshold, random_weights: as of the scorer. device: 'cpu', 'cuda:0', ...
    runtime, precision: what runs and with which numbers. reason: why. scorer: the torch module, None where there is
    none. prepares_sizes: whether the first image of a size is much slower than the next. fixed_size: (height, width)
    of the only size that it scores, None = any.
    """

    name: str
    model_id: str
    working_height: int | None
    step: int = 1
    threshold: float
    random_weights: bool = False
    device: str
    runtime: str
    precision: str
    reason: str = ""
    scorer: Any = None
    prepares_sizes: bool = True
    fixed_size: tuple[int, int] | None = None

    @property
    @abstractmethod
    def description(self) -> str:
        """Device, runtime and precision in words."""

    @abstractmethod
    def prepare(self, images: Sequence[np.ndarray], working: tuple[int, int]) -> Any:
        """RGB uint8 [H, W, 3] of one size -> a batch for `score`, to be scored at (h, w) = working."""

    @abstractmethod
    def score(self, batch: Any, resynthesis: bool = True) -> Maps:
        """A prepared batch -> maps at the working size, or already at the images' own. Raises DetectorError."""

    def warm_up(self, size: tuple[int, int]) -> None:
        """Score one blank image, so that the first real one, of (height, width), is not slow."""
        size = self.fixed_size or (size if self.prepares_sizes else SMALL)
        self.score(self.prepare([np.zeros((*size, 3), np.uint8)], size))

    def checked(self, maps: Maps) -> Maps:
        """The maps, if their scores are numbers. Raises DetectorError."""
        if not math.isfinite(maps.score.sum(dtype=np.float32)):
            half = self.precision != "float32"
            cure = "set precision=float32" if half else "its weights are damaged"
            raise DetectorError(f"{self.name} gave scores that are not numbers; {cure}")
        return maps
