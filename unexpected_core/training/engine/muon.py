"""Muon: an optimiser that moves a convolution as far in all directions, whatever its gradients' sizes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from unexpected_core.devices import native_bfloat16

MOMENTUM = 0.95
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of Jordan's quintic iteration: five times is enough, though singular values then lie anywhere from 0.7 to 1.2."""


class Muon(torch.optim.AdamW):
    """Weights of two and more dimensions follow their orthogonalised momentum, all others AdamW.

    Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024, with the scale of Liu et al., "Muon
    is scalable for LLM training", 2025, sec. 2.2: learning rate and weight decay mean what they mean for AdamW.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """One step; gradients of the orthogonalised weights are then None. See torch.optim.Optimizer."""
        if closure is not None:
            raise ValueError("Muon takes no closure: compute the gradients before the step")
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.ndim > 1 and weight.grad is not None:
                    self._move(weight, group["lr"], group["weight_decay"])
                    weight.grad = None  # AdamW leaves it alone
        return super().step()

    def _move(self, weight: nn.Parameter, rate: float, decay: float) -> None:
        state = self.state[weight]
        if not state:  # AdamW expects a count of steps in every state
            state |= {"momentum": torch.zeros_like(weight), "step": torch.zeros(())}
        state["step"] += 1
        momentum = state["momentum"].lerp_(weight.grad, 1 - MOMENTUM)
        ahead = weight.grad.lerp(momentum, MOMENTUM).flatten(1)
        size = 0.2 * max(ahead.shape) ** 0.5
        weight.mul_(1 - rate * decay).add_(orthogonalised(ahead).view(weight.shape), alpha=-rate * size)


def orthogonalised(matrix: Tensor) -> Tensor:
    """Float [m, n] -> the same singular vectors with singular values near 1, float32 [m, n]; 0 stays 0."""
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = wide.bfloat16() if native_bfloat16(matrix.device) else wide.float()
    x = x / x.norm().clamp(min=1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(5):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return (x if wide is matrix else x.T).float()
