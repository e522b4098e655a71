"""The frozen segmenter and generator of a trained detector, on which further heads learn."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unexpected_core.networks.fast_generator import Appearance, appearance
from unexpected_core.networks.fast_segmenter import SegmenterOutput
from unexpected_core.training.tasks.fast import fast_networks


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
