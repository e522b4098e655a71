"""How often each class occurs in training data, and the loss weights that follow."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from unexpected_core.labels import IGNORE
from unexpected_core.log import progress
from unexpected_core.training.engine.run import TASKS
from unexpected_core.training.engine.task import Examples
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.settings import TrainingSettings
from unexpected_core.training.tasks.losses import class_weights

TARGETS = ("discrepancy", "labels")
"""What a task predicts per pixel: the first of these that its examples have."""


def pixel_frequencies(examples: Examples) -> np.ndarray:
    """Share of each class among the pixels that are not ignored, float [C]. Raises TrainingError."""
    counts = np.zeros(256, np.int64)
    for index in progress(range(len(examples)), "counting pixels"):
        example = examples.example(index, np.random.default_rng(index))
        target = next((example[name] for name in TARGETS if name in example), None)
        if target is None:
            raise TrainingError("the examples of this task have no classes to weight")
        counts += np.bincount(target.ravel(), minlength=256)
    counts[IGNORE] = 0
    if not counts.any():
        raise TrainingError("every pixel of these examples is ignored; nothing can be learned from them")
    return counts[: np.flatnonzero(counts)[-1] + 1] / counts.sum()


def describe_weights(settings: TrainingSettings) -> str:
    """The classes of a training's data with frequency and weight, and the setting for the command line."""
    whole = settings.model_copy(update={"data": settings.data.model_copy(update={"crop": 0.0, "flip": False})})
    _, examples, _ = import_module(TASKS[settings.task.kind]).open_task(whole)
    frequencies = pixel_frequencies(examples)
    weights = class_weights(frequencies.tolist())
    lines = [
        f"class {i}: {100 * p:.4g} % of the pixels, weight {w:.8f}"
        for i, (p, w) in enumerate(zip(frequencies, weights, strict=True))
    ]
    return "\n".join([*lines, f"--set task.class_weights=[{','.join(f'{w:.8f}' for w in weights)}]"])
