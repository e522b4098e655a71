"""Labels as one channel per class."""

from __future__ import annotations

import torch
from torch import Tensor


def one_hot(labels: Tensor, classes: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """uint8 [B, H, W] -> [B, classes, H, W]; ids >= classes (255 among them) light no channel."""
    ids = torch.arange(classes, device=labels.device, dtype=torch.uint8).view(-1, 1, 1)
    return (labels.unsqueeze(1) == ids).to(dtype)
