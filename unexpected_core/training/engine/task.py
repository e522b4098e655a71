"""What one training teaches: the two protocols between the loop and the tasks.

The loop asks a task for networks, losses and pictures, and its examples for numbers; it knows nothing else of them.
Several networks and several losses are still one backward pass and one optimiser; tasks/generator.py says why that is
exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from torch import Tensor, nn

__all__ = ["Batch", "Examples", "OpenedTask", "Task", "to_image", "to_picture"]
Batch = dict[str, Tensor]
OpenedTask = tuple["Task", "Examples", "Examples"]
"""The task, the examples to learn from, the examples to validate with."""


class Task(Protocol):
    """One thing to learn.

    published: names of the networks that are used after training and written to chk_best.pth; a single one is written
    without prefix, several as 'name.key'. Networks that only teach (discriminator) are left out.

    A task may also have `rates`: first part of parameters' names -> factor on their learning rate.
    """

    published: tuple[str, ...]

    def build(self) -> nn.ModuleDict:
        """Networks by name with their starting weights. Those with requires_grad are trained. Seeded by the caller."""
        ...

    def losses(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """Losses float [] by name; 'loss' is minimised, the others are recorded.

        Called with networks in train mode for learning, in eval mode without gradients for validation, where the
        mean 'loss' over the validation examples decides chk_best.pth. Torch's random numbers are seeded per step.
        """
        ...

    def pictures(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, np.ndarray]:
        """What the networks (in eval mode) make of the sample frames: RGB uint8 [B, H, W, 3] by kind."""
        ...


class Examples(Protocol):
    """Training or validation examples of one task; random access, no state, picklable (loader workers copy it).

    They may also have `key_of(index, random)`: the key of what `example` makes then, where that may be another's.
    """

    keys: Sequence[str]

    def __len__(self) -> int: ...

    def example(self, index: int, random: np.random.Generator) -> dict[str, np.ndarray]:
        """Arrays by name, equal shapes for all indices of one batch; images RGB uint8 [3, H, W].

        Every random choice comes from `random`, seeded by (seed, epoch, index), or from torch's global generator,
        which is seeded alike: the example does not depend on workers, processes, resuming or other examples.
        Validation gives the same random numbers in each epoch.
        """
        ...


def to_image(image: Tensor) -> Tensor:
    """uint8 [B, 3, H, W] -> float in [0, 1]."""
    return image.float() / 255


def to_picture(image: Tensor) -> np.ndarray:
    """RGB [B, 3, H, W] in [0, 1] -> uint8 [B, H, W, 3] for people."""
    return (image.float().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
