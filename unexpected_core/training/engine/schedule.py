"""The learning rate over time."""

from __future__ import annotations

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from unexpected_core.training.engine.settings import OptimizerSettings


def rate_factor(schedule: str, epoch: int, step: int, epochs: int, steps: int, warmup: int = 0) -> float:
    """Factor on the learning rate in [0, 1] at step 0..steps-1 of epoch 1..epochs, for the schedules without memory."""
    done = (epoch - 1) * steps + step
    factor = min(1.0, (done + 1) / warmup) if warmup else 1.0
    if schedule == "cosine":
        factor *= 0.5 * (1 + math.cos(math.pi * done / (epochs * steps)))
    if schedule == "half_linear":
        constant = epochs - epochs // 2
        factor *= 1 - max(0, epoch - 1 - constant) / (epochs // 2 or 1)
    return factor


class Schedule:
    """Sets the learning rate of an optimiser before each step, or after each validation (plateau)."""

    def __init__(self, settings: OptimizerSettings, optimizer: Optimizer, epochs: int, steps: int) -> None:
        self.settings, self.optimizer, self.epochs, self.steps = settings, optimizer, epochs, steps
        self.plateau = (
            ReduceLROnPlateau(optimizer, patience=settings.patience, factor=settings.factor, min_lr=settings.minimum)
            if settings.schedule == "plateau"
            else None
        )

    def before_step(self, epoch: int, step: int) -> None:
        """Set the rate for step 0..steps-1 of an epoch."""
        if self.plateau is None:
            s = self.settings
            factor = rate_factor(s.schedule, epoch, step, self.epochs, self.steps, s.warmup)
            for group in self.optimizer.param_groups:
                group["lr"] = s.learning_rate * factor * group.get("rate", 1.0)  # states of old have no rates

    def after_validation(self, loss: float) -> None:
        """Tell the plateau schedule the validation loss."""
        if self.plateau is not None:
            self.plateau.step(loss)

    def begin_from(self, loss: float) -> None:
        """Take this validation loss as the least so far: those before were of other examples."""
        if self.plateau is not None:
            self.plateau.best, self.plateau.num_bad_epochs = loss, 0

    @property
    def rate(self) -> float:
        """The learning rate now; of the first group that has any parameters."""
        return next(group["lr"] for group in self.optimizer.param_groups if group["params"])

    def state_dict(self) -> dict:
        """What the schedule remembers."""
        return self.plateau.state_dict() if self.plateau else {}

    def load_state_dict(self, state: dict) -> None:
        """Remember it again."""
        if self.plateau:
            self.plateau.load_state_dict(state)
