"""Bayesian SegNet: a VGG19-BN U-Net whose dropout can be sampled (experiment 0120 of the paper).

After Kendall, Badrinarayanan & Cipolla, "Bayesian SegNet", BMVC 2017, in the form the ICCV 2019 system used: stride-2
transposed convolutions with skips in place of index unpooling, and decoder convolutions that are one shared module
applied several times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from unexpected_core.labels import NUM_CLASSES
from unexpected_core.networks.normalise import ImageNetNormalise
from unexpected_core.networks.padding import Padding, crop_padding, pad_reflect, padding_to_multiple

MULTIPLE = 32


class BayesSegNet(nn.Module):
    """RGB [B, 3, H, W] in [0, 1] -> logits [B, num_classes, H, W], never negative (the network ends in BN and ReLU).

    width: channels of the first block (64 as published).
    """

    def __init__(self, num_classes: int = NUM_CLASSES, width: int = 64) -> None:
        super().__init__()
        c1, c2, c3, c4 = (width * 2**level for level in range(4))
        self.num_classes = num_classes
        self.dropout_channels = (c3, c4, c4, c4, c3, c2)
        self.normalise = ImageNetNormalise()
        self.enc1 = _encoder(3, c1, 2)
        self.enc2 = _encoder(c1, c2, 2)
        self.enc3 = _encoder(c2, c3, 4)
        self.enc4 = _encoder(c3, c4, 4)
        self.enc5 = _encoder(c4, c4, 4)
        self.dec5 = nn.Sequential(nn.ConvTranspose2d(c4, c4, 2, stride=2), *(_convolution(c4, c4) * 4))
        self.dec4 = _Decoder(2 * c4, c4, c3, shared=2)
        self.dec3 = _Decoder(2 * c3, c3, c2, shared=2)
        self.dec2 = _Decoder(2 * c2, c2, c1, shared=0)
        self.dec1 = _Decoder(2 * c1, c1, num_classes, shared=0)

    def forward(self, images: Tensor, masks: Sequence[Tensor] | None = None) -> Tensor:
        """masks: one thinned network, an entry of `draw_masks`; None = all channels, or new dropout while training."""
        return self.forward_normalised(self.normalise(images), masks)

    def forward_normalised(self, images: Tensor, masks: Sequence[Tensor] | None = None) -> Tensor:
        """The same from ImageNet-normalised images, float [B, 3, H, W]."""
        return self._thinned(self._begin(images), self._dropout(masks))

    def forward_samples(self, images: Tensor, samples: Sequence[Sequence[Tensor]]) -> Iterator[Tensor]:
        """Logits [B, num_classes, H, W] of each thinned network; all before the first dropout is computed once."""
        begun = self._begin(self.normalise(images))
        return (self._thinned(begun, self._dropout(masks)) for masks in samples)

    def _begin(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Padding]:
        padding = padding_to_multiple(images.shape[-2:], MULTIPLE)
        e1 = self.enc1(pad_reflect(images, padding))  # [B, c1, H/2, W/2]
        e2 = self.enc2(e1)
        return e1, e2, self.enc3(e2), padding

    def _thinned(self, begun: tuple[Tensor, Tensor, Tensor, Padding], drop: Callable[[Tensor], Tensor]) -> Tensor:
        e1, e2, e3, padding = begun
        e3 = drop(e3)
        e4 = drop(self.enc4(e3))
        e5 = drop(self.enc5(e4))  # [B, c4, H/32, W/32]
        d5 = drop(self.dec5(e5))
        d4 = drop(self.dec4(e4, d5))
        d3 = drop(self.dec3(e3, d4))
        d2 = self.dec2(e2, d3)
        return crop_padding(self.dec1(e1, d2), padding)

    def _dropout(self, masks: Sequence[Tensor] | None) -> Callable[[Tensor], Tensor]:
        if masks is None:
            return lambda features: functional.dropout2d(features, 0.5, self.training)
        remaining = iter(masks)
        return lambda features: features * next(remaining).to(features).view(1, -1, 1, 1)

    def draw_masks(self, samples: int, seed: int) -> Iterator[list[Tensor]]:
        """`samples` networks thinned by dropout (p = 0.5): per network six float [channels], 0 or 2."""
        generator = torch.Generator().manual_seed(seed)
        for _ in range(samples):
            yield [2.0 * torch.randint(0, 2, (channels,), generator=generator) for channels in self.dropout_channels]


class _Decoder(nn.Module):
    """Joins encoder and decoder features, doubles their size and thins them out."""

    def __init__(self, joined: int, middle: int, target: int, shared: int) -> None:
        super().__init__()
        self.decode = nn.Sequential(
            nn.ConvTranspose2d(joined, joined, 2, stride=2),
            *_convolution(joined, middle),
            # Repeating the list repeats the modules themselves: their weights are shared, as published.
            *(_convolution(middle, middle) * shared),
            *_convolution(middle, target),
        )

    def forward(self, encoded: Tensor, decoded: Tensor) -> Tensor:
        return self.decode(torch.cat([encoded, decoded], 1))


def _convolution(source: int, target: int) -> list[nn.Module]:
    convolution = nn.Conv2d(source, target, 3, padding=1)
    nn.init.kaiming_normal_(convolution.weight)
    nn.init.zeros_(convolution.bias)
    return [convolution, nn.BatchNorm2d(target), nn.ReLU()]


def _encoder(source: int, target: int, convolutions: int) -> nn.Sequential:
    layers = _convolution(source, target)
    for _ in range(convolutions - 1):
        layers += _convolution(target, target)
    return nn.Sequential(*layers, nn.MaxPool2d(2))
