"""One training from its settings: opens data and task, runs the loop in a run folder of its own."""

from __future__ import annotations

import os
import traceback
from collections.abc import Collection
from importlib import import_module
from pathlib import Path

from unexpected_core.log import LOGGER
from unexpected_core.training.engine.alone import alone_in
from unexpected_core.training.engine.checkpoint import is_finished
from unexpected_core.training.engine.same_settings import (
    FREE,
    keep_config,
    refuse_changes,
    start_anew,
    tell_other_sources,
)
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.settings import TrainingSettings
from unexpected_core.weights.experiments import ENVIRONMENT

TASKS = {
    "segmentation": "unexpected_core.training.tasks.segmentation",
    "generator": "unexpected_core.training.tasks.generator",
    "discrepancy": "unexpected_core.training.tasks.discrepancy",
    "rbm": "unexpected_core.training.tasks.rbm",
    "fast": "unexpected_core.training.tasks.fast",
    "fast_cues": "unexpected_core.training.tasks.cues",
    "fast_baselines": "unexpected_core.training.tasks.baselines",
}
"""settings.task.kind -> module with ``open_task(settings) -> OpenedTask``."""


def resolve(settings: TrainingSettings) -> TrainingSettings:
    """An ensemble member's own name and seed. Raises TrainingError."""
    member = getattr(settings.task, "member", 0)
    loop = settings.loop.model_copy(update={"seed": settings.loop.seed + member})
    try:
        name = settings.name.format(member=member)
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        raise TrainingError(
            f"name={settings.name}: braces may only hold the member of an ensemble, such as {{member:02d}}"
        ) from error
    return settings.model_copy(update={"name": name, "loop": loop})


def experiments() -> Path:
    """The folder that trainings write below: $DIR_EXPERIMENTS, else ./exp."""
    return Path(os.environ.get(ENVIRONMENT) or "exp")


def run_folder(settings: TrainingSettings, folder: str | Path | None = None) -> Path:
    """Where a training writes: the folder given, or $DIR_EXPERIMENTS/<name> (default ./exp/<name>); absolute.

    For 'fast', said where weights are named, is the shipped detector, and not the run folder that is ./fast.
    Raises TrainingError where there is neither folder nor name.
    """
    if not folder and not settings.name:
        raise TrainingError(f"the training has no name, and would be written into {experiments()}: set one, or --run")
    return (Path(folder) if folder else experiments() / settings.name).absolute()


def run(settings: TrainingSettings, folder: Path, outer: Path | None = None, free: Collection[str] = FREE) -> bool:
    """Train, or go on; returns whether there was anything to do: a finished run is not touched.

    outer: run folder of the training that this is a stage of; a stop file there ends the stage, too.
    free: settings that may have changed since it was begun.
    Raises TrainingError; every exception is also written to training.log.
    """
    with alone_in(folder):
        return go_on(settings, folder, outer, free)


def go_on(settings: TrainingSettings, folder: Path, outer: Path | None = None, free: Collection[str] = FREE) -> bool:
    """`run`, for who holds the folder already: see alone_in."""
    from unexpected_core.training.engine.loop import Training
    from unexpected_core.training.engine.recorder import LOG, append

    if settings.data.train == settings.data.val:
        LOGGER.warning("data.val is data.train: the frames that are learned from decide the best epoch")
    if changes := refuse_changes(settings, folder, free):
        start_anew(folder, changes)
    else:
        tell_other_sources(settings, folder)
        if is_finished(folder, settings.loop.epochs):
            return False
    keep_config(settings, folder)
    try:
        task, examples, validation = import_module(TASKS[settings.task.kind]).open_task(settings)
        Training(settings, task, examples, validation, folder, outer).run()
        return True
    except Exception:
        append(folder / LOG, traceback.format_exc())
        raise
