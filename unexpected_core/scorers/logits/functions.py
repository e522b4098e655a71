"""Pure functions: logits [B, C, H, W] -> score float32 [B, H, W], higher = more unexpected."""

from __future__ import annotations

import math

from torch import Tensor


def softmax(logits: Tensor) -> Tensor:
    """Logits [B, C, H, W] -> float [B, H, W]: 1 - greatest class probability, in [0, 1 - 1/C] (Hendrycks and Gimpel,
    2017)."""
    logits = logits.float()
    top, predicted = logits.max(1, keepdim=True)
    # The sum of the others' probabilities, so that very sure pixels keep their order; 1 - max p would be 0 for all.
    others = (logits - top).exp().scatter(1, predicted, 0).sum(1)
    return others / (1 + others)


def entropy(logits: Tensor) -> Tensor:
    """Entropy of the class probabilities divided by log C, in [0, 1]."""
    log_p = logits.float().log_softmax(1)
    return -(log_p.exp() * log_p).sum(1) / math.log(logits.shape[1])


def max_logit(logits: Tensor) -> Tensor:
    """Logits [B, C, H, W] -> float [B, H, W]: minus the greatest logit, unbounded (Hendrycks et al., 2022)."""
    return -logits.float().amax(1)


def energy(logits: Tensor) -> Tensor:
    """Logits [B, C, H, W] -> float [B, H, W]: minus log sum exp, unbounded (Liu et al., 2020, with temperature 1)."""
    return -logits.float().logsumexp(1)
