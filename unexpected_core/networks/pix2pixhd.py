"""pix2pixHD's global generator and its patch discriminator (Wang et al., CVPR 2018), as experiment 0405 used them."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from unexpected_core.images import ImageError
from unexpected_core.labels import NUM_FULL_IDS, TRAIN_TO_FULL
from unexpected_core.networks.choices import WIDTH
from unexpected_core.networks.one_hot import one_hot

RESIDUAL_BLOCKS = 9
HALVINGS = 4
SMALLEST_SIDE = 2**HALVINGS + 1
"""Below this the innermost map is one pixel wide, which instance normalisation and mirror padding cannot use."""


def tanh_to_image(painted: Tensor) -> Tensor:
    """Generator output in [-1, 1] -> RGB in [0, 1], by the original's 8-bit rule (x + 1) * 128 without its rounding."""
    return ((painted + 1) * (128 / 255)).clamp(0, 1)


def tanh_to_eight_bits(painted: Tensor) -> Tensor:
    """Generator output in [-1, 1] -> RGB in [0, 1] as 8-bit files hold it: (x + 1) * 128, clamped, cut to levels."""
    return ((painted.float() + 1) * 128).clamp(0, 255).floor() / 255


class FullIdOneHot(nn.Module):
    """Train ids uint8 [B, H, W] -> one-hot Cityscapes full ids [B, 35, H, W]; ignored pixels become 0, 'unlabeled'."""

    def __init__(self, channels: int = NUM_FULL_IDS) -> None:
        super().__init__()
        self.channels = channels
        self.register_buffer("full_ids", torch.tensor(TRAIN_TO_FULL.tolist(), dtype=torch.uint8), persistent=False)

    def forward(self, labels: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """See the class."""
        return one_hot(self.full_ids[labels.long()], self.channels, dtype)


class Pix2PixHdGenerator(nn.Module):
    """Labels (train ids) uint8 [B, H, W] -> resynthesis RGB [B, 3, H, W] in [0, 1]. H, W >= 17.

    channels: one-hot label channels; width: channels of the first layer.
    """

    def __init__(
        self, channels: int = NUM_FULL_IDS, width: int = WIDTH, residual_blocks: int = RESIDUAL_BLOCKS
    ) -> None:
        super().__init__()
        self.one_hot = FullIdOneHot(channels)
        widths = [width * 2**level for level in range(HALVINGS + 1)]
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(channels, width, 7), *_normalised_relu(width)]
        for source, target in pairwise(widths):
            layers += [nn.Conv2d(source, target, 3, stride=2, padding=1), *_normalised_relu(target)]
        layers += [_Residual(widths[-1]) for _ in range(residual_blocks)]
        for source, target in pairwise(widths[::-1]):
            layers += [
                nn.ConvTranspose2d(source, target, 3, stride=2, padding=1, output_padding=1),
                *_normalised_relu(target),
            ]
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())
        self.apply(_draw_weights)

    def forward(self, labels: Tensor) -> Tensor:
        """See the class. Raises ImageError for a smaller picture."""
        return tanh_to_image(self.forward_tanh(labels))

    def forward_tanh(self, labels: Tensor) -> Tensor:
        """Train ids uint8 [B, H, W] -> [B, 3, H, W] in [-1, 1], the network's own range."""
        return self.forward_one_hot(self.one_hot(labels, self.model[1].weight.dtype))

    def forward_one_hot(self, full_ids: Tensor) -> Tensor:
        """One-hot full ids float [B, channels, H, W] -> [B, 3, H, W] in [-1, 1]."""
        height, width = full_ids.shape[-2:]
        if min(height, width) < SMALLEST_SIDE:
            least = f"{SMALLEST_SIDE}x{SMALLEST_SIDE}"
            raise ImageError(f"the generator needs at least {least} pixels, found {width}x{height}")
        # The network rounds each side up to a multiple of 16.
        return self.model(full_ids)[..., :height, :width]


def _normalised_relu(channels: int) -> list[nn.Module]:
    return [nn.InstanceNorm2d(channels), nn.ReLU(inplace=True)]


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            *_normalised_relu(channels),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.conv_block(features)


def _draw_weights(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)


class Pix2PixHdDiscriminator(nn.Module):
    """Two PatchGANs, one at full and one at half resolution; needed only to train the generator.

    Labels (train ids) uint8 [B, H, W] and images RGB [B, 3, H, W] in [0, 1] -> per scale, full resolution first, the
    five feature maps of its layers; the last of them is the verdict, one number per patch.
    """

    SCALES = 2

    def __init__(self, channels: int = NUM_FULL_IDS, width: int = WIDTH) -> None:
        super().__init__()
        self.one_hot = FullIdOneHot(channels)
        for scale in range(self.SCALES):
            for index, layer in enumerate(_patch_layers(channels + 3, width)):
                setattr(self, f"scale{scale}_layer{index}", layer)
        self.halve = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
        self.apply(_draw_weights)

    def forward(self, labels: Tensor, images: Tensor) -> list[list[Tensor]]:
        """See the class."""
        return self.forward_one_hot(self.one_hot(labels, images.dtype), images * 2 - 1)

    def forward_one_hot(self, full_ids: Tensor, painted: Tensor) -> list[list[Tensor]]:
        """The same from one-hot full ids [B, channels, H, W] and RGB [B, 3, H, W] in [-1, 1]."""
        pair, verdicts = torch.cat([full_ids, painted], 1), []
        for scale in reversed(range(self.SCALES)):  # the last set of layers sees the full resolution, as published
            features = [pair]
            for index in range(5):
                features.append(getattr(self, f"scale{scale}_layer{index}")(features[-1]))
            verdicts.append(features[1:])
            pair = self.halve(pair)
        return verdicts


def _patch_layers(source: int, width: int) -> list[nn.Sequential]:
    convolution = partial(nn.Conv2d, kernel_size=4, padding=2)
    leaky = partial(nn.LeakyReLU, 0.2, inplace=True)
    layers = [nn.Sequential(convolution(source, width, stride=2), leaky())]
    for level, stride in enumerate((2, 2, 1)):
        target = width * 2 ** (level + 1)
        patch = convolution(target // 2, target, stride=stride)
        layers.append(nn.Sequential(patch, nn.InstanceNorm2d(target), leaky()))
    return [*layers, nn.Sequential(convolution(target, 1, stride=1))]
