"""Random changes to training examples that keep all maps of an example on one another (torchvision transforms v2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from unexpected_core.training.errors import TrainingError
from unexpected_core.training.examples.settings import DataSettings

GRAIN = 8
"""Sides of proportional crops are multiples of this: the discrepancy networks halve three times."""


@dataclass(frozen=True)
class Augmentation:
    """Scale, crop, mirror, colour and blur as `data` says; random numbers come from torch's global generator.

    A crop may be the share of each side to keep, such as 0.75 (384x768 of 512x1024), and 0 keeps all. The zoom is never
    so small that the crop would not fit. Hue changes are a fifth of those of brightness, contrast and saturation.
    """

    data: DataSettings

    def __call__(self, maps: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Maps of one example by name: RGB uint8 [H, W, 3] or ids [H, W] -> RGB uint8 [3, h, w] or ids [h, w].

        Ids keep their dtype and are never mixed (nearest neighbour). Raises TrainingError when the crop does not fit.
        """
        sizes = {values.shape[:2] for values in maps.values()}
        if len(sizes) != 1:
            shapes = ", ".join(f"{name} {values.shape[1]}x{values.shape[0]}" for name, values in maps.items())
            raise TrainingError(f"the maps of an example differ in size: {shapes}")
        size = sizes.pop()
        crop = self._crop_of(size)
        changed = v2.Compose(list(self._transforms(crop, size)))({name: _wrap(values) for name, values in maps.items()})
        return {name: _unwrap(changed[name], values) for name, values in maps.items()}

    def _crop_of(self, size: tuple[int, int]) -> tuple[int, int]:
        if isinstance(self.data.crop, tuple):
            crop = self.data.crop if any(self.data.crop) else size
        else:
            crop = tuple(int(side * self.data.crop) // GRAIN * GRAIN for side in size) if self.data.crop else size
        if not all(0 < part <= side for part, side in zip(crop, size, strict=True)):
            raise TrainingError(
                f"a crop of {crop[0]}x{crop[1]} (height x width) does not fit an image of "
                f"{size[0]}x{size[1]}: choose a smaller crop (data.crop) or larger images"
            )
        return crop

    def _transforms(self, crop: tuple[int, int], size: tuple[int, int]) -> Iterator[v2.Transform]:
        if self.data.scale != (1.0, 1.0):
            least = max(crop[0] / size[0], crop[1] / size[1])
            yield RandomZoom(max(self.data.scale[0], least), max(self.data.scale[1], least))
        yield v2.RandomCrop(crop)
        if self.data.flip:
            yield v2.RandomHorizontalFlip()
        if self.data.colour:
            yield v2.ColorJitter(self.data.colour, self.data.colour, self.data.colour, min(self.data.colour / 5, 0.5))
        if self.data.blur:
            yield v2.RandomApply([v2.GaussianBlur(5, (0.1, 1.5))], self.data.blur)


class RandomZoom(v2.Transform):
    """Resize by a factor drawn evenly on a logarithmic scale; at least one pixel a side."""

    def __init__(self, least: float, most: float) -> None:
        super().__init__()
        self.least, self.most = least, most

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """One factor for all maps; see v2.Transform."""
        low, high = np.log(self.least), np.log(self.most)
        factor = float(np.exp(low + (high - low) * torch.rand(()).item()))
        # Rounded up, so that the crop that just fits still fits.
        return {"size": [int(np.ceil(side * factor - 1e-6)) for side in flat_inputs[0].shape[-2:]]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """See v2.Transform. Its own way with masks would lay them up to half a pixel beside the image."""
        if isinstance(inpt, tv_tensors.Mask):
            ids = inpt.as_subclass(torch.Tensor)[None]
            ids = v2.functional.resize(ids, params["size"], v2.InterpolationMode.NEAREST_EXACT)[0]
            return tv_tensors.wrap(ids, like=inpt)
        return self._call_kernel(v2.functional.resize, inpt, params["size"], antialias=True)


def _wrap(values: np.ndarray) -> tv_tensors.TVTensor:
    if values.ndim == 3:
        return tv_tensors.Image(torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1))))
    return tv_tensors.Mask(torch.from_numpy(np.ascontiguousarray(values)))


def _unwrap(changed: tv_tensors.TVTensor, original: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(changed.numpy()).astype(original.dtype, copy=False)
