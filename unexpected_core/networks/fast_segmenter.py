"""The compact segmenter of the `fast` detector: plain 3x3 convolutions, most of them at 1/8 and 1/16 of the size."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from unexpected_core.labels import NUM_CLASSES
from unexpected_core.networks.blocks import ConvNormReLU, Residual, double, join


class SegmenterOutput(NamedTuple):
    """logits [B, C, H/4, W/4].

    Features to share: half [B, c2, H/2, W/2], quarter [B, d4, H/4, W/4], eighth [B, d8, H/8, W/8], and joined
    [B, d8 + c4, H/4, W/4], which the last decoder reads.
    """

    logits: Tensor
    half: Tensor
    quarter: Tensor
    eighth: Tensor
    joined: Tensor


class FastSegmenter(nn.Module):
    """U-shaped network: c_k encodes and d_k decodes at 1/k of the size. H and W must be multiples of 16."""

    multiple = 16

    def __init__(
        self,
        num_classes: int = NUM_CLASSES,
        c2: int = 24,
        c4: int = 48,
        c8: int = 96,
        c16: int = 160,
        d8: int = 80,
        d4: int = 48,
    ):
        super().__init__()
        self.encode2 = ConvNormReLU(3, c2, stride=2)
        self.encode4 = nn.Sequential(ConvNormReLU(c2, c4, stride=2), Residual(c4))
        self.encode8 = nn.Sequential(ConvNormReLU(c4, c8, stride=2), Residual(c8), Residual(c8))
        self.encode16 = nn.Sequential(ConvNormReLU(c8, c16, stride=2), *(Residual(c16, rate) for rate in (1, 2, 4)))
        self.decode8 = ConvNormReLU(c16 + c8, d8)
        self.decode4 = ConvNormReLU(d8 + c4, d4)
        self.classify = nn.Conv2d(d4, num_classes, 1)
        self.register_buffer("mean", torch.tensor([0.36, 0.38, 0.36]).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor([0.25, 0.25, 0.26]).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> SegmenterOutput:
        """RGB float [B, 3, H, W] in [0, 1], H and W multiples of 16."""
        half = self.encode2((images - self.mean) / self.std)  # (B, c2, H/2, W/2)
        e4 = self.encode4(half)  # (B, c4, H/4, W/4)
        e8 = self.encode8(e4)  # (B, c8, H/8, W/8)
        e16 = self.encode16(e8)  # (B, c16, H/16, W/16)
        eighth = self.decode8(join(double(e16), e8))
        joined = join(double(eighth), e4)
        quarter = self.decode4(joined)
        return SegmenterOutput(self.classify(quarter), half, quarter, eighth, joined)
