"""The compact segmenter of the `fast` detector: plain 3x3 convolutions, most parameters at 1/16 and 1/32 of size."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from unexpected_core.labels import NUM_CLASSES
from unexpected_core.networks.blocks import ConvNormReLU, Residual, double, join
from unexpected_core.networks.choices import MULTIPLE, SIZE, Size


class Widths(NamedTuple):
    """Channels of the encoder (c_k) and of the decoder (d_k) at 1/k of the size, and of what stands on them."""

    c2: int
    c4: int
    c8: int
    c16: int
    c32: int
    d16: int
    d8: int
    d4: int
    paint: int
    compare: int


WIDTHS: dict[Size, Widths] = {
    "fast": Widths(c2=32, c4=48, c8=96, c16=192, c32=256, d16=128, d8=64, d4=48, paint=32, compare=48),
    "nano": Widths(c2=16, c4=32, c8=64, c16=96, c32=160, d16=80, d8=48, d4=32, paint=16, compare=32),
}
"""Multiples of 16: some processors compute other widths wrongly in bfloat16."""


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
    """U-shaped network that ends at 1/4 of the size. H and W must be multiples of 32."""

    multiple = MULTIPLE

    def __init__(self, num_classes: int = NUM_CLASSES, size: Size = SIZE) -> None:
        super().__init__()
        w = WIDTHS[size]
        self.encode2 = ConvNormReLU(3, w.c2, stride=2)
        self.encode4 = nn.Sequential(ConvNormReLU(w.c2, w.c4, stride=2), Residual(w.c4))
        self.encode8 = nn.Sequential(ConvNormReLU(w.c4, w.c8, stride=2), Residual(w.c8))
        self.encode16 = nn.Sequential(ConvNormReLU(w.c8, w.c16, stride=2), Residual(w.c16), Residual(w.c16))
        self.encode32 = nn.Sequential(
            ConvNormReLU(w.c16, w.c32, stride=2), *(Residual(w.c32, rate) for rate in (1, 2, 4))
        )
        self.whole = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(w.c32, w.c32, 1))
        self.decode16 = ConvNormReLU(w.c32 + w.c16, w.d16)
        self.decode8 = ConvNormReLU(w.d16 + w.c8, w.d8)
        self.decode4 = ConvNormReLU(w.d8 + w.c4, w.d4)
        self.classify = nn.Conv2d(w.d4, num_classes, 1)
        self.register_buffer("mean", torch.tensor([0.36, 0.38, 0.36]).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor([0.25, 0.25, 0.26]).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> SegmenterOutput:
        """RGB float [B, 3, H, W] in [0, 1], H and W multiples of 32."""
        # Eight bits of a photograph do not fit into bfloat16: the first convolutions, which are cheap, see them whole.
        with torch.autocast(images.device.type, enabled=False):
            normalised = (images - self.mean) / self.std
            half = self.encode2(normalised.to(self.encode2[0].weight.dtype))  # (B, c2, H/2, W/2)
            entered = self.encode4[0](half)
        e4 = self.encode4[1](entered)  # (B, c4, H/4, W/4)
        e8 = self.encode8(e4)  # (B, c8, H/8, W/8)
        e16 = self.encode16(e8)  # (B, c16, H/16, W/16)
        e32 = self.encode32(e16)  # (B, c32, H/32, W/32)
        e32 = e32 + self.whole(e32)  # what kind of scene this is
        d16 = self.decode16(join(double(e32), e16))
        eighth = self.decode8(join(double(d16), e8))
        joined = join(double(eighth), e4)
        quarter = self.decode4(joined)
        return SegmenterOutput(self.classify(quarter), half, quarter, eighth, joined)
