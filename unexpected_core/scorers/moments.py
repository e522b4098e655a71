"""Mean and variance of class probabilities over several networks, one network at a time."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def mean_and_variance(samples: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Two tensors or more, float of one shape [...] -> their mean and unbiased variance (n - 1), float32.

    Welford's update (Technometrics 4, 1962) holds one sample, the mean and the sum of squares, however many come.
    """
    remaining = iter(samples)
    mean = next(remaining).float()
    squares, count = torch.zeros_like(mean), 1
    for count, sample in enumerate(remaining, 2):
        difference = sample.float() - mean
        mean = mean + difference / count
        squares = squares + difference * (sample.float() - mean)
    return mean, squares / (count - 1)
