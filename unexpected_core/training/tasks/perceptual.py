"""How different two pictures look to SqueezeNet or VGG: losses of generators, beside the difference of colours."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss
from torchvision.models import squeezenet1_1
from torchvision.models.vgg import cfgs, make_layers

from unexpected_core.files import expand_home
from unexpected_core.networks.normalise import ImageNetNormalise
from unexpected_core.training.errors import TrainingError

ENDS = (2, 5, 8)
"""Layers after which features are compared: after the first convolution, and before the second and third pooling."""

VGG_CUTS = (0, 2, 7, 12, 21, 30)
"""Cuts through vgg19's features that leave relu1_1, relu2_1, relu3_1, relu4_1, relu5_1."""
VGG_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)


class SqueezeNetDistance(nn.Module):
    """Mean L1 distance of normalised SqueezeNet 1.1 features (Iandola et al., 2016; after Zhang et al., CVPR 2018).

    weights: state dict of torchvision's squeezenet1_1. Frozen, always in eval mode. Raises TrainingError.
    """

    def __init__(self, weights: str) -> None:
        super().__init__()
        network = squeezenet1_1(weights=None)
        try:
            network.load_state_dict(torch.load(expand_home(weights), map_location="cpu", weights_only=True))
        except Exception as error:  # what is no file, no archive, or another network raises many kinds
            other = f"'{weights}' is of another network, or damaged"
            found = other if expand_home(weights).is_file() else f"no file '{weights}'"
            raise TrainingError(
                f"task.perceptual_weights: {found}; give the state dict of torchvision's squeezenet1_1 "
                "(squeezenet1_1-*.pth), or --set task.perceptual=0"
            ) from error
        cuts = pairwise((0, *ENDS))
        self.slices = nn.ModuleList(nn.Sequential(*network.features[start:end]) for start, end in cuts)
        self.normalise = ImageNetNormalise()
        self.requires_grad_(False)

    def forward(self, painted: Tensor, photo: Tensor) -> Tensor:
        """RGB [B, 3, h, w] in [0, 1] each -> scalar."""
        with torch.no_grad():
            expected = self._directions(photo)
        distances = [l1_loss(*pair) for pair in zip(self._directions(painted), expected, strict=True)]
        return torch.stack(distances).sum() * 8  # about the size of the difference of colours

    def _directions(self, x: Tensor) -> list[Tensor]:
        """Features of length 1 after each slice."""
        x, found = self.normalise(x), []
        for part in self.slices:
            x = part(x)
            found.append(x.float() * x.float().square().sum(1, keepdim=True).add(1e-6).rsqrt())
        return found


class VggDistance(nn.Module):
    """Two images [B, 3, H, W] in [-1, 1] -> weighted L1 distance of frozen VGG19 features (Johnson et al., ECCV 2016).

    The original feeds [-1, 1] without ImageNet normalisation; so do we.
    """

    def __init__(self) -> None:
        super().__init__()
        layers = make_layers(cfgs["E"])[: VGG_CUTS[-1]]
        for layer in layers:
            if isinstance(layer, nn.ReLU):
                layer.inplace = False
        self.slices = nn.ModuleList(nn.Sequential(*layers[a:b]) for a, b in pairwise(VGG_CUTS))
        self.requires_grad_(False)

    def start(self, state: dict[str, Tensor]) -> None:
        """Take the weights of torchvision's vgg19."""
        for first, part in zip(VGG_CUTS, self.slices, strict=False):
            for i, layer in enumerate(part):
                if isinstance(layer, nn.Conv2d):
                    layer.load_state_dict({name: state[f"features.{first + i}.{name}"] for name in ("weight", "bias")})

    def forward(self, painted: Tensor, photo: Tensor) -> Tensor:
        """See the class."""
        distance = painted.new_zeros(())
        for weight, part in zip(VGG_WEIGHTS, self.slices, strict=True):
            painted = part(painted)
            with torch.no_grad():
                photo = part(photo)
            distance = distance + weight * l1_loss(painted, photo)
        return distance
