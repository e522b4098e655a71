"""Averages of the weights during a training: the moving one, which is validated, and the mean over its epochs."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def moving_average(networks: nn.Module, decay: float) -> AveragedModel | None:
    """An average that each step of `update_parameters` moves: decay * average + (1 - decay) * weights; 0 = none.

    After n steps the decay is at most (1 + n) / (10 + n), as in TensorFlow's ExponentialMovingAverage: otherwise the
    first steps would weigh most in a short training. Buffers (batch norm's statistics) are averaged like weights.
    """
    if not decay:
        return None

    def update(averaged: Sequence[Tensor], weights: Sequence[Tensor], steps: Tensor) -> None:
        n = int(steps)
        get_ema_multi_avg_fn(min(decay, (1 + n) / (10 + n)))(averaged, weights, steps)

    return AveragedModel(networks, multi_avg_fn=update, use_buffers=True)


def mean_of_epochs(networks: nn.Module) -> AveragedModel:
    """The mean of all weights and buffers that `update_parameters` is given.

    Stochastic weight averaging (Izmailov et al., UAI 2018), with what the training began with (Wortsman et al., "Robust
    fine-tuning of zero-shot models", CVPR 2022): what was known before is kept where little was learned.
    """

    def update(averaged: Sequence[Tensor], weights: Sequence[Tensor], given: Tensor) -> None:
        n = int(given)
        get_ema_multi_avg_fn(n / (n + 1))(averaged, weights, given)

    return AveragedModel(networks, multi_avg_fn=update, use_buffers=True)


def in_use(networks: nn.Module, average: AveragedModel | None) -> nn.Module:
    """What is validated and published: the averaged networks, once there is an average."""
    return average.module if average and average.n_averaged else networks
