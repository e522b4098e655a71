"""The networks of a `fast` detector as trainings begin with them: all four, or two frozen ones that others stand on."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unexpected_core.networks.choices import SIZE, Size
from unexpected_core.networks.fast_generator import Appearance, appearance
from unexpected_core.networks.fast_parts import fast_parts
from unexpected_core.networks.fast_segmenter import SegmenterOutput
from unexpected_core.weights.reading import load_into, read_weights


def fast_networks(size: Size = SIZE, start: str = "") -> nn.ModuleDict:
    """The four parts; started from the detector that `start` names (shipped name, file or folder), if any.

    Raises WeightsError.
    """
    networks = nn.ModuleDict(fast_parts(size))
    if start:
        load_into(networks, read_weights(start))
    return networks.to(memory_format=torch.channels_last)


def frozen_parts(start: str) -> nn.ModuleDict:
    """segmenter and generator of a detector (shipped name, file or folder), without gradients. Raises WeightsError."""
    base = fast_networks(start=start).requires_grad_(False)
    return nn.ModuleDict({"segmenter": base["segmenter"], "generator": base["generator"]})


@torch.no_grad()
def seen_by(networks: nn.ModuleDict, images: Tensor) -> tuple[SegmenterOutput, Appearance, Tensor]:
    """Their outputs for images, float [B, 3, H, W] in [0, 1]; the last one is the resynthesis [B, 3, H/2, W/2]."""
    segmented = networks["segmenter"].eval()(images)
    seen = appearance(images, segmented.logits)
    return segmented, seen, networks["generator"].eval()(segmented.logits, seen)
