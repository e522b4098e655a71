"""What the fast networks share: two blocks, and two ways to bring maps together."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate


class ConvNormReLU(nn.Sequential):
    """3x3 convolution, batch norm, ReLU: [B, C, H, W] -> [B, out, ceil(H / stride), ceil(W / stride)]."""

    def __init__(self, channels: int, out: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels, out, 3, stride, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    """Two 3x3 convolutions around which the input is carried (He et al., 2016)."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = ConvNormReLU(channels, channels, dilation=dilation)
        self.conv = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Float [B, C, H, W] -> the same shape."""
        return self.relu(x + self.norm(self.conv(self.first(x))))


def double(x: Tensor) -> Tensor:
    """Float [B, C, H, W] -> [B, C, 2H, 2W], bilinear."""
    return interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def join(*maps: Tensor) -> Tensor:
    """Maps float [B, C_i, H, W] -> [B, sum C_i, H, W] in the memory format of the first.

    torch.cat leaves channels_last as soon as one map, or a map of one channel, is not, and the next convolution then
    copies it all back: on a CPU that cost as much as a fifth of the convolutions.
    """
    if not maps[0].is_contiguous(memory_format=torch.channels_last):
        return torch.cat(maps, 1)
    return torch.cat([x.permute(0, 2, 3, 1) for x in maps], -1).permute(0, 3, 1, 2)
