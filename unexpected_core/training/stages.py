"""A training in stages: what goes before, and in which folder. Each stage is a training like any other."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.training.engine import run as engine
from unexpected_core.training.presets import derive
from unexpected_core.training.publish import is_published, publish_fast
from unexpected_core.training.settings import TrainingSettings
from unexpected_core.training.tasks.settings_fast import FastTraining
from unexpected_core.weights.catalog import SUFFIX

FIRST = "segmenter"
"""Folder of the first stage, inside that of the training."""


def first_stage(settings: TrainingSettings) -> FastTraining | None:
    """The segmenter alone, on frames as they are; None where a training has no such stage, or begins elsewhere."""
    if not isinstance(settings, FastTraining) or not settings.first.epochs or settings.task.start:
        return None
    first = settings.first
    frames = {"paste": False, "crop": first.crop, "balance": first.balance, "rare": first.rare}
    return derive(
        settings,
        name=f"{settings.name}_{FIRST}",
        first={"epochs": 0},
        task={"learn": (FIRST,), "teacher": "", "perceptual": 0.0, "segmenter_rate": 1.0, **frames},
        loop={"epochs": first.epochs, "batch": first.batch, "publish": "last"},
        optimizer={"learning_rate": first.learning_rate},
    )


def run(settings: TrainingSettings, folder: Path) -> tuple[TrainingSettings, bool]:
    """Train all stages, or go on where they ended. Raises TrainingError.

    Returns the settings of the last stage, and whether there was anything left to train in it.
    """
    first = first_stage(settings)
    if first is not None:
        inside = folder / FIRST
        trained = engine.run(first, inside)
        if engine.is_first_process() and (trained or not is_published(first, inside)):
            publish_fast(first, inside)
        settings = derive(settings, task={"start": str((inside / f"fast{SUFFIX}").absolute())})
    return settings, engine.run(settings, folder)
