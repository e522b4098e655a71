"""The generator of the `fast` detector: paints what the labels would look like in this photo's own light."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, pixel_shuffle

from unexpected_core.labels import NUM_CLASSES
from unexpected_core.networks.blocks import ConvNormReLU, Residual, double, join
from unexpected_core.networks.choices import SIZE, Size
from unexpected_core.networks.class_statistics import expected_values
from unexpected_core.networks.fast_segmenter import WIDTHS


class Appearance(NamedTuple):
    """What the classes of each pixel look like in this photo, all at 1/4 of its size.

    photo [B, 3, h, w]; near, wide, whole [B, 3, h, w]: expected colours in [0, 1]; deviation [B, 1, h, w]: expected
    distance from `wide`; shares [B, 2 C, h / 8, w / 8]: part of the surroundings that each class takes, near and wide.
    """

    photo: Tensor
    near: Tensor
    wide: Tensor
    whole: Tensor
    deviation: Tensor
    shares: Tensor


@torch.no_grad()
def appearance(images: Tensor, logits: Tensor) -> Appearance:
    """Images [B, 3, H, W] in [0, 1] and logits [B, C, H/4, W/4] -> Appearance, in float32."""
    photo = avg_pool2d(images.float(), 4)
    values = torch.cat([photo, photo.square().mean(1, keepdim=True)], 1)
    found = expected_values(logits.float().softmax(1), values)
    variance = found.wide[:, 3:] - found.wide[:, :3].square().mean(1, keepdim=True)
    deviation = variance.clamp(min=1e-4).sqrt()
    return Appearance(
        photo, found.near[:, :3], found.wide[:, :3], found.whole[:, :3], deviation, torch.cat(found.shares, 1)
    )


class FastGenerator(nn.Module):
    """From class probabilities and expected colours to the image without the surprise: works at 1/4, leaves at 1/2."""

    def __init__(self, num_classes: int = NUM_CLASSES, size: Size = SIZE) -> None:
        super().__init__()
        width = WIDTHS[size].paint
        self.encode4 = ConvNormReLU(num_classes + 10, width)
        self.encode8 = nn.Sequential(ConvNormReLU(width, 2 * width, stride=2), Residual(2 * width))
        self.decode4 = ConvNormReLU(3 * width, width)
        self.paint = nn.Conv2d(width, 3 * 4, 3, padding=1)
        nn.init.normal_(self.paint.weight, std=1e-3)  # begins with the expected colours themselves
        nn.init.zeros_(self.paint.bias)

    def forward(self, logits: Tensor, seen: Appearance) -> Tensor:
        """Logits [B, C, h, w] and appearance -> RGB float [B, 3, 2h, 2w] in [0, 1]; h and w multiples of 8."""
        expected = torch.cat([seen.near, seen.wide, seen.whole, seen.deviation], 1)
        given = torch.cat([logits.float().softmax(1), expected], 1).contiguous(memory_format=torch.channels_last)
        e4 = self.encode4(given.to(logits.dtype))
        e8 = self.encode8(e4)
        d4 = self.decode4(join(double(e8), e4))
        detail = pixel_shuffle(self.paint(d4).float(), 2)
        ground = interpolate(seen.near, scale_factor=2, mode="bilinear", align_corners=False)
        return (ground + detail).clamp(0, 1)
