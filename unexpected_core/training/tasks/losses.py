"""Losses as functions of tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.distributed as processes
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    kl_div,
    l1_loss,
    max_pool2d,
    mse_loss,
)

from unexpected_core.labels import IGNORE
from unexpected_core.networks.rbm import Reconstruction


def pixel_cross_entropy(logits: Tensor, target: Tensor, class_weights: Sequence[float] = ()) -> Tensor:
    """Mean of -w[t] log p[t] over pixels, divided by the mean of w[t]; pixels with target 255 do not count.

    logits float [B, C, H, W]; target integer [B, H, W], 0..C-1 or 255. Zero where no pixel counts.
    """
    weights = logits.new_tensor(class_weights, dtype=torch.float32) if class_weights else None
    total = cross_entropy(logits.float(), target.long(), weights, ignore_index=IGNORE, reduction="sum")
    counted = target[target != IGNORE].long()
    weight = weights[counted].sum() if weights is not None else counted.new_tensor(counted.numel(), dtype=torch.float32)
    return total / over_processes(weight).clamp(min=1e-12)


def distillation(logits: Tensor, teacher: Tensor, valid: Tensor) -> Tensor:
    """Mean over valid pixels of the divergence KL(teacher || learner) of the labels (Hinton et al., 2015), float [].

    Logits float [B, C, H, W]; valid bool [B, H, W]. Zero where no pixel is valid.
    """
    names, taught = logits.float().log_softmax(1), teacher.float().log_softmax(1)
    total = (kl_div(names, taught, reduction="none", log_target=True).sum(1) * valid).sum()
    return total / over_processes(valid.sum().float()).clamp(min=1)


def over_processes(weight: Tensor) -> Tensor:
    """Mean of a weight, float [], over the processes of a training step.

    A sum divided by it, averaged over processes as DDP does, is the mean over the whole batch: a batch split over
    processes then gives the gradient of the batch in one piece. In validation each process has batches of its own.
    """
    if torch.is_grad_enabled() and processes.is_available() and processes.is_initialized():
        weight = weight.clone()
        processes.all_reduce(weight)
        return weight / processes.get_world_size()
    return weight


def least_squares_gan(verdicts: Sequence[Sequence[Tensor]], target: float) -> Tensor:
    """Sum over scales of the squared distance of the verdicts to target (Mao et al., ICCV 2017), float [].

    verdicts: feature maps float [B, C, h, w] by scale and layer; the last layer is the verdict."""
    return torch.stack([mse_loss(scale[-1], torch.full_like(scale[-1], target)) for scale in verdicts]).sum()


def feature_matching(fake: Sequence[Sequence[Tensor]], real: Sequence[Sequence[Tensor]]) -> Tensor:
    """Mean over scales of the L1 distances of all layers but the verdict (Wang et al., CVPR 2018, eq. 4), float [].

    fake, real: feature maps float [B, C, h, w] by scale and layer."""
    distances = [
        l1_loss(f, r.detach())
        for layers in zip(fake, real, strict=True)
        for f, r in zip(*(scale[:-1] for scale in layers), strict=True)
    ]
    return torch.stack(distances).sum() / len(fake)


def discrepancy_loss(logits: Tensor, discrepancy: Tensor, object_weight: float) -> Tensor:
    """Binary cross entropy, `object_weight` on pixels of 1, none on 255. Both [B, h, w]; float []."""
    weight = torch.where(discrepancy == 1, object_weight, 1.0) * (discrepancy != IGNORE)
    total = binary_cross_entropy_with_logits(logits, (discrepancy == 1).float(), weight, reduction="sum")
    return total / over_processes(weight.sum()).clamp(min=1)


def painting_loss(painted: Tensor, photo: Tensor, valid: Tensor) -> Tensor:
    """Mean absolute difference of colours, and of local contrast (greatest minus least in 5x5), over valid pixels.

    painted, photo [B, 3, h, w] in [0, 1]; valid bool [B, h, w].
    """
    with torch.no_grad():
        expected = _contrast(photo)
    contrast = (_contrast(painted) - expected).abs()
    total = ((painted - photo).abs() + 0.25 * contrast).mean(1)[valid].sum()
    return total / over_processes(valid.sum()).clamp(min=1)


def _contrast(x: Tensor) -> Tensor:
    return _greatest(x) + _greatest(-x)


def _greatest(x: Tensor) -> Tensor:
    """In 5x5, first down, then across: the same, sooner."""
    return max_pool2d(max_pool2d(x.contiguous(), (5, 1), 1, (2, 0)), (1, 5), 1, (0, 2))


def redrawing_loss(patches: Reconstruction) -> Tensor:
    """Mean squared error of patches float [N, 192], normalised; 0 where there is none."""
    total = (patches.redrawn - patches.normalised).float().square().sum()
    count = torch.tensor(float(patches.normalised.numel()), device=total.device)
    return total / over_processes(count).clamp(min=1)


def class_weights(frequencies: Sequence[float]) -> list[float]:
    """1 / ln(1.02 + p) for class frequencies p that sum to 1 (Paszke et al., ENet, 2016)."""
    return [1 / math.log(1.02 + p) for p in frequencies]
