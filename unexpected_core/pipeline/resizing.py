"""From the input's size to the size a scorer was made for, on the device."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

WIDEST = 4.0
"""Working images hold at most WIDEST x height^2 pixels, so that a strip of 64x4096 is not blown up to 512x32768."""
SMALLEST = 32


def working_size(height: int, width: int, working_height: int | None, scale: float = 1.0) -> tuple[int, int]:
    """(height, width) at which an image is scored: working_height (None = its own) times scale, aspect ratio kept."""
    factor = scale * (working_height or height) / height
    if working_height:
        factor = min(factor, scale * working_height * math.sqrt(WIDEST / (height * width)))
    return max(SMALLEST, round(height * factor)), max(SMALLEST, round(width * factor))


def to_working(images: Tensor, size: tuple[int, int], dtype: torch.dtype) -> Tensor:
    """RGB uint8 [B, H, W, 3] -> [B, 3, h, w] in [0, 1]; shrinking averages, growing is bilinear."""
    x = images.permute(0, 3, 1, 2)
    if x.shape[-2:] == size:
        return x.to(dtype).div_(255)
    shrinks = size[0] < x.shape[-2] or size[1] < x.shape[-1]
    x = x.float() if x.is_cuda else x  # the CPU resizes uint8 directly, and much faster
    x = interpolate(x, size=size, mode="bilinear", align_corners=False, antialias=shrinks)
    return x.to(dtype).div_(255).clamp_(0, 1)
