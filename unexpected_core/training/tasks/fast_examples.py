"""What the `fast` detector, its baselines and its cue heads learn from: the data sets of `data`, made into examples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from unexpected_core.config import changed
from unexpected_core.log import LOGGER
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.examples.fast import ExampleSource, FastExamples
from unexpected_core.training.examples.samples import open_data
from unexpected_core.training.tasks.settings_fast import FastFamily, FastTraining
from unexpected_core.weights.catalog import find_weights, refuse_without_baselines
from unexpected_core.weights.reading import verify


def fast_examples(settings: FastFamily) -> tuple[FastExamples, FastExamples]:
    """Examples to learn from and to validate with. Raises TrainingError, DatasetError, WeightsError."""
    if settings.task.start:  # now, not after minutes of reading data
        _check_start(settings)
    return _examples(settings, training=True), _examples(settings, training=False)


def _check_start(settings: FastFamily) -> None:
    """Raise TrainingError, WeightsError where the detector is damaged or not one that this training can begin with."""
    start = settings.task.start
    weights = find_weights(start)
    size = verify(weights).size
    if not isinstance(settings, FastTraining):
        refuse_without_baselines(weights)
    elif size != settings.task.size:
        raise TrainingError(
            f"{start} has task.size={size}, expected {settings.task.size}: --set task.size={size}, or another start"
        )


def _examples(settings: FastFamily, training: bool) -> FastExamples:
    data = settings.data
    if training:
        _tell_unused(settings)
    return FastExamples(
        _sources(settings, training), settings.task, training, limit=0 if training else data.val_examples
    )


def count_examples(settings: FastFamily, training: bool = True) -> int:
    """How many examples there are to learn from, or else to validate with. Raises TrainingError, DatasetError."""
    sources = _sources(changed(settings, {"data": {"cache": 0}}), training)
    return sum(len(source.dataset) * source.times for source in sources)


def _sources(settings: FastFamily, training: bool) -> list[ExampleSource]:
    data, task = settings.data, settings.task
    if not data.sources:
        raise TrainingError("no data to train on: give --data NAME=ROOT, or --data drawn")
    return [
        ExampleSource(
            open_data(data, name, root, data.train if training else data.val),
            aspect=_of(task.aspects, (name, root), 0.0),
            coarse=bool({name, Path(root).name} & {*task.coarse}),
            times=times if training else 1,
        )
        for name, root in data.named
        if (times := _of(task.repeats, (name, root), 1)) or not training  # 0: nor for a rare class
    ]


def _tell_unused(settings: FastFamily) -> None:
    """Warn of names in these settings that no data set has: a slip would leave frames squeezed."""
    names = dict.fromkeys(name for source in settings.data.named for name in (source[0], Path(source[1]).name) if name)
    for table in ("aspects", "repeats", "coarse"):
        usual = type(settings.task).model_fields[table].default  # not of these data in particular
        for name in getattr(settings.task, table):
            if name not in names and name not in usual:
                LOGGER.warning(
                    "task.%s: '%s' changes nothing, no data set and no folder of one is called so; there are %s",
                    *(table, name, ", ".join(names)),
                )


def _of[T](table: Mapping[str, T], source: tuple[str, str], default: T) -> T:
    """What a table says of a source, by the name of its folder or of its data set."""
    name, root = source
    return table.get(Path(root).name, table.get(name, default))
