"""The three discrepancy networks of Lis et al. (ICCV 2019): where does a photograph not show what its labels say?

They compare it with the resynthesis (experiment 0516), with the labels (0517), or with both (0521).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from unexpected_core.labels import NUM_CLASSES
from unexpected_core.networks.choices import WIDTH
from unexpected_core.networks.normalise import ImageNetNormalise
from unexpected_core.networks.one_hot import one_hot
from unexpected_core.networks.padding import crop_padding, pad_constant, pad_reflect, padding_to_multiple
from unexpected_core.networks.vgg_features import VggPyramid

LabelPadding = Literal["reflect", "road"]


class DiscrepancyNetwork(nn.Module):
    """Images and what they are compared with -> logits [B, 2, H, W]: channel 0 as expected, channel 1 unexpected.

    uses_resynthesis, uses_labels: what the photograph is compared with. num_classes: label classes. width: channels of
    the finest VGG map, even. label_padding: how labels grow to a multiple of 16; "road" is what the
    original did in its labels-only network.
    """

    uses_resynthesis: bool
    uses_labels: bool

    def __init__(
        self, num_classes: int = NUM_CLASSES, width: int = WIDTH, label_padding: LabelPadding = "reflect"
    ) -> None:
        super().__init__()
        uses_resynthesis, uses_labels = self.uses_resynthesis, self.uses_labels
        self.num_classes = num_classes
        self.label_padding = label_padding
        self.normalise = ImageNetNormalise()
        self.vgg_extractor = VggPyramid(width)
        if uses_labels:
            self.sem_extractor = _label_encoder(num_classes, width // 2)
        seen = self.vgg_extractor.channels[::-1]  # coarse to fine: 1/8, 1/4, 1/2, 1
        known = [channels // 2 for channels in seen]
        decoded = [4 * width, 4 * width, 2 * width, width]
        self.cmis = nn.ModuleList(
            _Mix(s * (1 + uses_resynthesis) + k * uses_labels, s) for s, k in zip(seen, known, strict=True)
        )
        self.decs = nn.ModuleList(
            _decoder(previous + uses_resynthesis + s, target, upwards=level < 3)
            for level, (previous, s, target) in enumerate(zip([0, *decoded], seen, decoded, strict=False))
        )
        self.final = nn.Conv2d(width, 2, 1)

    def forward_normalised(
        self, images: Tensor, resynthesis: Tensor | None = None, labels: Tensor | None = None
    ) -> Tensor:
        """The body, on images float [B, 3, H, W] that are ImageNet-normalised already -> logits [B, 2, H, W].

        (The raw resynthesis is left in [-1, 1].) labels: train ids uint8 [B, H, W]."""
        # Dot products of VGG features leave the range of float16, not that of bfloat16. Not enabled, this switches off
        # the autocast of a training too, which then learns in float32.
        half = images.dtype == torch.float16
        with torch.autocast(images.device.type, torch.bfloat16, enabled=half):
            if half:  # autocast has no rule for concatenating float16
                images, resynthesis = (x if x is None else x.bfloat16() for x in (images, resynthesis))
            return self._compare(images, resynthesis, labels)

    def _compare(self, images: Tensor, resynthesis: Tensor | None, labels: Tensor | None) -> Tensor:
        # Three halvings need multiples of 8; the original padded to 16 when predicting, and not while training.
        padding = padding_to_multiple(images.shape[-2:], 8 if self.training else 16)
        seen = [pad_reflect(x, padding) for x in (images, resynthesis)[: 1 + self.uses_resynthesis]]
        # All in one pass; unflattened, because chunk would tie an exported file to one number of images.
        pyramids = [features.unflatten(0, (len(seen), -1)).unbind() for features in self.vgg_extractor(torch.cat(seen))]
        compared = [list(pyramid) for pyramid in zip(*pyramids, strict=True)]
        if self.uses_labels:
            pad_labels = {"reflect": pad_reflect, "road": pad_constant}[self.label_padding]
            encoded = [one_hot(pad_labels(labels, padding), self.num_classes, images.dtype)]
            for layer in self.sem_extractor:
                encoded.append(layer(encoded[-1]))
            compared.append(encoded[1:])

        decoded: list[Tensor] = []
        for level, (mix, decode) in enumerate(zip(self.cmis, self.decs, strict=True)):
            features = [pyramid[3 - level] for pyramid in compared]
            if self.uses_resynthesis:
                decoded.append((features[0] * features[1]).sum(1, keepdim=True))  # correlation
            decoded = [decode(torch.cat([*decoded, mix(torch.cat(features, 1))], 1))]
        return crop_padding(self.final(decoded[0]), padding)


class DiscrepancyFull(DiscrepancyNetwork):
    """0521: compares with resynthesis and labels."""

    uses_resynthesis, uses_labels = True, True

    def forward(self, images: Tensor, resynthesis: Tensor, labels: Tensor) -> Tensor:
        """RGB [B, 3, H, W] in [0, 1] twice, train ids uint8 [B, H, W] -> logits [B, 2, H, W]."""
        return self.forward_normalised(self.normalise(images), self.normalise(resynthesis), labels)


class DiscrepancyGeneratorOnly(DiscrepancyNetwork):
    """0516: compares with the resynthesis alone."""

    uses_resynthesis, uses_labels = True, False

    def forward(self, images: Tensor, resynthesis: Tensor) -> Tensor:
        """RGB [B, 3, H, W] in [0, 1] twice -> logits [B, 2, H, W]."""
        return self.forward_normalised(self.normalise(images), self.normalise(resynthesis))


class DiscrepancyLabelsOnly(DiscrepancyNetwork):
    """0517: compares with the labels alone; nothing is painted."""

    uses_resynthesis, uses_labels = False, True

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """RGB [B, 3, H, W] in [0, 1], train ids uint8 [B, H, W] -> logits [B, 2, H, W]."""
        return self.forward_normalised(self.normalise(images), labels=labels)


def _label_encoder(num_classes: int, width: int) -> nn.Sequential:
    layers = [nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(num_classes, width, 7), nn.ReLU(inplace=True))]
    for level in range(3):
        source = width * 2**level
        layers.append(nn.Sequential(nn.Conv2d(source, 2 * source, 3, stride=2, padding=1), nn.ReLU(inplace=True)))
    return nn.Sequential(*layers)


class _Mix(nn.Module):
    def __init__(self, source: int, target: int) -> None:
        super().__init__()
        self.conv_1x1 = nn.Conv2d(source, target, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.conv_1x1(features)


def _decoder(source: int, target: int, upwards: bool) -> nn.Sequential:
    layers = [
        nn.Conv2d(source, target, 3, padding=1),
        nn.SELU(inplace=True),
        nn.Conv2d(target, target, 3, padding=1),
        nn.SELU(inplace=True),
    ]
    return nn.Sequential(*layers, *([nn.ConvTranspose2d(target, target, 2, stride=2)] if upwards else []))
