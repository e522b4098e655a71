"""The frozen VGG16 pyramid with which the discrepancy networks look at a photograph and at its resynthesis."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from unexpected_core.networks.choices import WIDTH

CONVOLUTIONS = (2, 2, 3, 3)
"""3x3 convolutions of VGG16 in each slice; every slice but the first begins with a 2x2 max-pool."""


class VggPyramid(nn.Module):
    """relu1_2, relu2_2, relu3_3 and relu4_3 of VGG16 (Simonyan & Zisserman, ICLR 2015), frozen.

    Input: [B, 3, H, W], ImageNet-normalised, H and W multiples of 8. Output: four maps with width * (1, 2, 4, 8)
    channels at 1, 1/2, 1/4 and 1/8 of the size.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.channels = [width * 2**level for level in range(4)]
        sources = [3, *self.channels]
        self.slices = nn.ModuleList(
            _slice(source, target, count, pool=level > 0)
            for level, (source, target, count) in enumerate(zip(sources, self.channels, CONVOLUTIONS, strict=False))
        )
        self.requires_grad_(False)

    def forward(self, normalised: Tensor) -> list[Tensor]:
        """See the class."""
        features = [normalised]
        for part in self.slices:
            features.append(part(features[-1]))
        return features[1:]


def _slice(source: int, target: int, convolutions: int, pool: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.MaxPool2d(2)] if pool else []
    for index in range(convolutions):
        convolution = nn.Conv2d(target if index else source, target, 3, padding=1)
        nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(convolution.bias)
        layers += [convolution, nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def pyramid_state(vgg16_state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """torchvision's ``vgg16().state_dict()`` -> state dict of a VggPyramid, for a training that begins at ImageNet."""
    state, first = {}, 0
    for level, count in enumerate(CONVOLUTIONS):
        pool = int(level > 0)
        for index in range(count):
            inside = pool + 2 * index
            for name in ("weight", "bias"):
                state[f"slices.{level}.{inside}.{name}"] = vgg16_state[f"features.{first + inside}.{name}"]
        first += pool + 2 * count
    return state
