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


def pixel_frequencies(examples: Examples, classes: int = 0) -> np.ndarray:
    """Share of each class among the pixels that are not ignored, float [C], C >= classes. Raises TrainingError."""
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
    return counts[: max(classes, np.flatnonzero(counts)[-1] + 1)] / counts.sum()


def describe_weights(settings: TrainingSettings) -> str:
    """The classes of a training's data with frequency and weight, and the setting where the task has one."""
    task, unchanged = settings.task, {"crop": 0.0, "flip": False}
    changes = {name: value for name, value in unchanged.items() if name in type(settings.data).model_fields}
    whole = settings.model_copy(update={"data": settings.data.model_copy(update=changes)})
    _, examples, _ = import_module(TASKS[task.kind]).open_task(whole)
    weighed = type(task).model_fields
    classes = 2 if "object_weight" in weighed else len(getattr(task, "class_weights", ()))
    frequencies = pixel_frequencies(examples, classes)
    weights = class_weights(frequencies.tolist())
    lines = [
        f"class {i}: {100 * p:.4g} % of the pixels, weight {w:.8f}"
        for i, (p, w) in enumerate(zip(frequencies, weights, strict=True))
    ]
    if "class_weights" in weighed:
        use = f"--set task.class_weights=[{','.join(f'{w:.8f}' for w in weights)}]"
    elif "object_weight" in weighed:
        use = f"--set task.object_weight={weights[1] / weights[0]:.8f}"
    else:
        use = f"the loss of '{task.kind}' weighs all classes alike: there is no setting for these weights"
    return "\n".join([*lines, use])
