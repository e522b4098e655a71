"""The ImageNet normalisation that the published networks were trained with, inside the network."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ImageNetNormalise(nn.Module):
    """RGB [B, 3, H, W] in [0, 1] -> zero mean, unit deviation. Its numbers are no part of the state dict."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        return (images - self.mean) / self.std
