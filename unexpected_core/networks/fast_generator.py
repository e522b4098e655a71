"""The compact label-to-image generator of the `fast` detector."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import one_hot, pixel_shuffle

from unexpected_core.labels import NUM_CLASSES
from unexpected_core.networks.blocks import ConvNormReLU, Residual, double, join


class FastGenerator(nn.Module):
    """Paints an image from labels alone: works at 1/4 and coarser, leaves at 1/2 of the image's size."""

    def __init__(self, num_classes: int = NUM_CLASSES, width: int = 32):
        super().__init__()
        self.num_classes = num_classes
        self.encode4 = ConvNormReLU(num_classes + 1, width)
        self.encode8 = ConvNormReLU(width, 2 * width, stride=2)
        self.encode16 = nn.Sequential(
            ConvNormReLU(2 * width, 2 * width, stride=2), Residual(2 * width), Residual(2 * width, dilation=2)
        )
        self.decode8 = ConvNormReLU(4 * width, width)
        self.decode4 = ConvNormReLU(2 * width, width)
        self.paint = nn.Conv2d(width, 3 * 4, 3, padding=1)

    def forward(self, labels: Tensor) -> Tensor:
        """Labels at 1/4 of the image's size -> RGB float [B, 3, 2h, 2w] in [0, 1].

        labels: train ids, integer [B, h, w], 255 = unknown; h and w multiples of 4.
        """
        known = labels.clamp(max=self.num_classes).long()
        onehot = one_hot(known, self.num_classes + 1).permute(0, 3, 1, 2).to(self.paint.weight.dtype)  # (B, C+1, h, w)
        e4 = self.encode4(onehot)
        e8 = self.encode8(e4)
        e16 = self.encode16(e8)
        d8 = self.decode8(join(double(e16), e8))
        d4 = self.decode4(join(double(d8), e4))
        return pixel_shuffle(self.paint(d4), 2).sigmoid()
