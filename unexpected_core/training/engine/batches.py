"""From examples to batches, where they may differ in size."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from torch.utils.data import default_collate

from unexpected_core.training.engine.task import Batch
from unexpected_core.training.errors import TrainingError

Arrays = dict[str, np.ndarray]
"""One example."""


def by_size(examples: list[Arrays]) -> list[Batch]:
    """Batches of neighbours that have one size."""
    return [default_collate(list(alike)) for _, alike in groupby(examples, _shapes)]


def of_one_size(examples: list[Arrays]) -> Batch:
    """The batch of all examples. Raises TrainingError."""
    if any(_shapes(example) != _shapes(examples[0]) for example in examples):
        sizes = dict.fromkeys("{}x{}".format(*next(iter(example.values())).shape[-2:]) for example in examples)
        raise TrainingError(
            f"the examples of one batch must have one size, found {', '.join(sizes)}: cut all to one with "
            "data.crop=[HEIGHT,WIDTH], or set loop.batch=1"
        )
    return default_collate(examples)


def _shapes(example: Arrays) -> dict[str, tuple[int, ...]]:
    return {name: values.shape for name, values in example.items()}
