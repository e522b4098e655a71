"""The road autoencoder after Creusot & Munawar (IV 2015): what twenty numbers cannot redraw is no road.

The paper and its files call it RBM (experiment 0525); it is an autoencoder of one hidden layer with tied weights.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from unexpected_core.networks.choices import HIDDEN
from unexpected_core.networks.padding import Padding, pad_reflect

PATCH = 8
STRIDE = 6
TRAINING_NOISE = 0.005
"""Standard deviation of the noise put on normalised patches while training."""


class Reconstruction(NamedTuple):
    """Patches [..., 192]: normalised, redrawn (normalised too), and the mean in 0..255 that was taken off each."""

    normalised: Tensor
    redrawn: Tensor
    mean: Tensor

    def error(self) -> Tensor:
        """Mean absolute difference per patch, float [...]."""
        return (self.normalised - self.redrawn).abs().mean(-1)

    def patches(self) -> Tensor:
        """Redrawn patches [..., 192] in 0..255."""
        return (self.redrawn * 255 + self.mean).clamp(0, 255)


class RoadAutoencoder(nn.Module):
    """RGB [B, 3, H, W] in [0, 1] -> the same image redrawn from 8x8 patches, [B, 3, H, W] in [0, 1]."""

    def __init__(self, hidden: int = HIDDEN) -> None:
        super().__init__()
        values = 3 * PATCH * PATCH
        self.bias_visible = nn.Parameter(torch.zeros(values))
        self.linear_layer = nn.Linear(values, hidden)

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        padding = cover(images.shape[-2:])
        redrawn = self.reconstruct(cut_patches(pad_reflect(images, padding) * 255)).patches()
        height, width = images.shape[-2:]
        return join_patches(redrawn, (height + padding.bottom, width + padding.right))[..., :height, :width] / 255

    def reconstruct(self, patches: Tensor) -> Reconstruction:
        """Patches [..., 192] in 0..255, channel-major (all R, all G, all B)."""
        mean = patches.mean(-1, keepdim=True)
        n = (patches - mean) / 255
        noisy = n + TRAINING_NOISE * torch.randn_like(n) if self.training else n
        h = torch.sigmoid(self.linear_layer(noisy))
        d = functional.linear(h, self.linear_layer.weight.t(), self.bias_visible)
        return Reconstruction(n, d, mean)


def cover(size: tuple[int, int]) -> Padding:
    """Pixels to add below and right so that the patches reach the border of (height, width)."""
    bottom, right = (-(side - PATCH) % STRIDE if side > PATCH else PATCH - side for side in size)
    return Padding(0, bottom, 0, right)


def cut_patches(images: Tensor) -> Tensor:
    """Float [B, 3, H, W] -> [B, P, 192] overlapping patches, row by row; what is left over right and below is lost."""
    return functional.unfold(images, PATCH, stride=STRIDE).transpose(1, 2)


def join_patches(patches: Tensor, size: tuple[int, int]) -> Tensor:
    """Float [B, P, C * 64] -> [B, C, H, W]: mean where patches overlap, 0 where there is none."""
    total = functional.fold(patches.transpose(1, 2), size, PATCH, stride=STRIDE)
    ones = patches.new_ones(1, PATCH * PATCH, patches.shape[1])
    return total / functional.fold(ones, size, PATCH, stride=STRIDE).clamp(min=1)
