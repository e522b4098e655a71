"""A training in stages, each of which is a training like any other.

The segmenter alone, then the whole detector; and where `task.start` is the file of another training, that one before.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

from unexpected_core.config import SettingsError, read_yaml, settings_of
from unexpected_core.files import expand_home
from unexpected_core.log import LOGGER
from unexpected_core.training.engine import run as engine
from unexpected_core.training.engine.alone import alone_in, is_first_process
from unexpected_core.training.engine.checkpoint import MEAN, is_finished, read_progress
from unexpected_core.training.engine.same_settings import FREE, changes_since, refuse_changes, tell_other_sources
from unexpected_core.training.engine.sampler import Share, steps_per_epoch
from unexpected_core.training.engine.setup import leave_at_exit, open_fabric, processes_of
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.presets import PRESETS, derive
from unexpected_core.training.publish import is_published, publish_fast
from unexpected_core.training.settings import TrainingSettings
from unexpected_core.training.tasks.fast import check_helpers
from unexpected_core.training.tasks.fast_examples import count_examples
from unexpected_core.training.tasks.settings_fast import PARTS, FastTraining
from unexpected_core.weights.catalog import SUFFIX

FIRST, BEFORE = "segmenter", "before"
"""Folders of the first stage, and of the training before, inside that of the training."""
NAMES = {
    "loop.epochs": "first.epochs",
    "loop.batch": "first.batch",
    "task.crop": "first.crop",
    "task.balance": "first.balance",
    "task.rare": "first.rare",
    "optimizer.learning_rate": "first.learning_rate",
}
"""Setting of the first stage -> the setting of the whole training that it comes from."""

_LATER = "sources coarse object_weight taught compare direct paint perceptual_weights working_height max_logit_weight"
UNUSED = (
    *(f"task.{name}" for name in _LATER.split()),
    *(setting.name for setting in settings_of(FastTraining) if setting.name.startswith(("task.pastes.", "first."))),
)
"""Settings that the first stage does not learn from: they may change once it has begun, or it would bar their cure."""


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


def run(settings: TrainingSettings, folder: Path, outer: Path | None = None) -> tuple[TrainingSettings, bool] | None:
    """Train all stages, or go on where they ended. Raises TrainingError, SettingsError.

    Returns the settings of the last stage, and whether there was anything left to train in it; None where a stop file
    ended the training before that stage had learned for an epoch. outer: folder of the training that this one comes
    before; a stop file there ends this one, too.
    """
    refuse_random_parts(settings)
    with alone_in(folder):
        whole, before, first = settings, training_before(settings), first_stage(settings)  # one of the two at most
        if before or first:
            start = folder.absolute() / (BEFORE if before else FIRST) / f"fast{SUFFIX}"
            settings = derive(settings, task={"start": str(start)})
            refuse_changes(settings, folder)  # now, not after hours of what goes before
            if not is_finished(folder, settings.loop.epochs):
                _read_helpers(settings, folder)
                _open_data(settings)
                if before:
                    _refuse_another_size(before, whole)
                    ended = _before_learned(before, folder / BEFORE, outer or folder)
                else:
                    ended = _segmenter_learned(first, folder, whole, outer or folder)
                if not ended:
                    return None
        trained = engine.go_on(settings, folder, outer)
        if not trained:
            LOGGER.info("%s is finished: a higher loop.epochs goes on", folder)
        learned = not settings.loop.epochs or read_progress(folder).epoch
        return (settings, trained) if learned else None


def training_before(settings: TrainingSettings, after: tuple[Path, ...] = ()) -> FastTraining | None:
    """The training whose file `task.start` names; None where it names no such file. Raises SettingsError.

    after: files of trainings that come after it, none of which may come before it, too.
    """
    if not isinstance(settings, FastTraining) or not settings.task.start.endswith((".yaml", ".yml")):
        return None
    before = engine.resolve(read_yaml(settings.task.start, PRESETS))
    if not isinstance(before, FastTraining):
        raise SettingsError(f"task.start={settings.task.start} is a training of {before.task.kind}, expected fast")
    file = Path(settings.task.start).resolve()
    if file in after:
        raise SettingsError(f"task.start={settings.task.start} would come before itself: name what it begins with")
    training_before(before, (*after, file))  # now, not after hours of what goes before
    return before


def refuse_random_parts(settings: TrainingSettings) -> None:
    """Raise TrainingError where a `fast` detector would keep random weights that it begins with, or a share of them."""
    if not isinstance(settings, FastTraining) or settings.task.start:
        return
    if settings.loop.publish == MEAN:
        raise TrainingError(
            "loop.publish=mean would average random weights with learned ones: name the detector that the training "
            "goes on from, such as task.start=fast, or publish the last"
        )
    learned = {*settings.task.learn, *([FIRST] if settings.first.epochs else [])}
    if random := [part for part in PARTS if part not in learned]:
        raise TrainingError(
            f"{', '.join(random)} would keep random weights with task.learn={list(settings.task.learn)}: name the "
            "detector they come from, such as task.start=fast, or let them learn"
        )


def _read_helpers(settings: FastTraining, folder: Path) -> None:
    """Read the files that the last stage needs now, not after hours of the first. Raises what that stage would."""
    teacher = expand_home(settings.task.teacher).absolute() if settings.task.teacher else None
    own = (folder / FIRST).absolute()  # it may teach, and is yet to learn
    check_helpers(settings.task, taught=teacher not in (own, own / f"fast{SUFFIX}"))


def _open_data(settings: FastTraining) -> None:
    """Raise now what the last stage would of its data and batches, after hours of what goes before."""
    loop = settings.loop
    Share(loop.batch, loop.accumulate, world=math.prod(processes_of(loop)))
    steps_per_epoch(count_examples(settings), loop.batch, loop.epoch_examples)
    count_examples(settings, training=False)


def _refuse_another_size(before: FastTraining, settings: FastTraining) -> None:
    """Raise TrainingError where the training before makes a detector that this one could not begin with."""
    if before.task.size != settings.task.size:
        raise TrainingError(
            f"task.start={settings.task.start} trains task.size={before.task.size}, expected {settings.task.size}: "
            "set both alike"
        )


def _segmenter_learned(first: FastTraining, folder: Path, whole: TrainingSettings, outer: Path) -> bool:
    """Train and publish the first stage, as far as that is still to be done; returns whether it has ended."""
    inside, epochs = folder / FIRST, first.loop.epochs
    taken = is_finished(inside, epochs) and is_published(first, inside)
    if taken:
        _tell_changes(first, inside)
    try:
        trained = not taken and engine.run(first, inside, outer, (*FREE, *UNUSED))
    except TrainingError as error:
        raise TrainingError(_named(str(error))) from error
    if not trained:
        LOGGER.info("%s is finished: a higher first.epochs goes on, until what comes after it has learned", inside)
    if is_first_process() and is_finished(inside, epochs) and not taken:
        publish_fast(first, inside, whole)
    _wait_for_the_first(first, trained)
    return is_finished(inside, epochs)


def _before_learned(before: FastTraining, folder: Path, outer: Path) -> bool:
    """Train and publish the training before, as far as that is still to be done; returns whether it has ended."""
    ended = run(before, folder, outer)
    if not ended or not is_finished(folder, before.loop.epochs):
        return False
    last, trained = ended
    if is_first_process() and (trained or not is_published(last, folder)):
        publish_fast(last, folder, before)
    _wait_for_the_first(last, trained)
    return True


def _wait_for_the_first(settings: FastTraining, trained: bool) -> None:
    """Until what the first process has written is there for all."""
    if trained or "LOCAL_WORLD_SIZE" in os.environ:  # else further processes are yet to be started, by the next stage
        open_fabric(settings.loop).barrier()
        leave_at_exit()  # where no further stage comes


def _tell_changes(first: FastTraining, inside: Path) -> None:
    """Say that a finished first stage is taken as it is, and what it learned with that is other now."""
    if changes := changes_since(first, inside, (*FREE, *UNUSED)):
        LOGGER.warning(
            "%s is taken as it was trained: %s. To train it anew, use another --run", inside, _named(changes)
        )
    tell_other_sources(first, inside)


def _named(text: str) -> str:
    """With the names of the settings of the whole training."""
    return re.sub(rf"\b({'|'.join(map(re.escape, NAMES))})\b", lambda found: NAMES[found[0]], text)
