"""Padding images and labels to a multiple of a number, and cutting the result back."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class Padding(NamedTuple):
    """Pixels added on each side."""

    top: int
    bottom: int
    left: int
    right: int


def padding_to_multiple(size: tuple[int, int], multiple: int) -> Padding:
    """What size (height, width) lacks to the next multiple; the odd pixel goes to the bottom or the right."""
    missing_h, missing_w = (-size[0] % multiple, -size[1] % multiple)
    return Padding(missing_h // 2, missing_h - missing_h // 2, missing_w // 2, missing_w - missing_w // 2)


def pad_reflect(values: Tensor, padding: Padding) -> Tensor:
    """Mirror [..., H, W] of any dtype outwards. Unlike torch's own, the padding may be wider than the image."""
    height, width = values.shape[-2:]
    always = torch.compiler.is_exporting()  # the example's padding must not decide for other sizes
    if always or padding.top or padding.bottom:
        values = values.index_select(-2, _mirrored(height, padding.top, padding.bottom, values.device))
    if always or padding.left or padding.right:
        values = values.index_select(-1, _mirrored(width, padding.left, padding.right, values.device))
    return values


def _mirrored(size: int, before: int, after: int, device: torch.device) -> Tensor:
    period = max(2 * (size - 1), 1)
    steps = torch.arange(-before, size + after, device=device)
    steps = steps.remainder(torch.full_like(steps, period))  # of a number, ONNX has it for one size only
    return torch.minimum(steps, period - steps) if size > 1 else torch.zeros_like(steps)


def pad_constant(values: Tensor, padding: Padding, constant: float = 0) -> Tensor:
    """Surround [..., H, W] of any dtype with a constant."""
    return functional.pad(values, (padding.left, padding.right, padding.top, padding.bottom), value=constant)


def crop_padding(values: Tensor, padding: Padding) -> Tensor:
    """Take the padding off [..., H, W] of any dtype again."""
    height, width = values.shape[-2:]
    return values[..., padding.top : height - padding.bottom, padding.left : width - padding.right]
