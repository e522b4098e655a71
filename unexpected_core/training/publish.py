"""From a finished training to weights that a detector loads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from unexpected_core.files import expand_home, visible
from unexpected_core.log import LOGGER
from unexpected_core.training.command import command_of
from unexpected_core.training.engine.checkpoint import BEST, LAST, MEAN, STATE, load
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.settings import TrainingSettings
from unexpected_core.training.tasks.settings_fast import PARTS, BaselineTraining, CuesTraining, FastFamily, FastTraining
from unexpected_core.weights.cards import Card, WeightsError, licence_of, read_card
from unexpected_core.weights.catalog import BASELINES, SUFFIX, find_weights
from unexpected_core.weights.reading import read_weights, verify, write_weights

CHECKPOINTS = {"best": BEST, "last": LAST, MEAN: LAST}
"""loop.publish -> file that says how far the training came; all but the mean's weights are there, too."""
OF_START = ("working_height", "max_logit_weight")
"""Settings of a `fast` training that are kept on the card."""


def publish_fast(settings: FastTraining, folder: Path, whole: TrainingSettings | None = None) -> Path:
    """The weights of a `fast` training -> fast.safetensors with its card, which ``load_detector(folder)`` opens.

    From the card of the detector that the training began with (task.start), this card takes the data that one had
    learned from, and where only some parts learned, also its options and those of OF_START that the settings leave at
    their defaults. The data of the teacher are added, and of all that stands on another detector, those of that one.
    whole: the training that this one is a stage of; the command on the card is then that of the whole.
    """
    learn, kept = settings.task.learn, settings.task.model_dump(include=set(OF_START))
    kept["options"] = {"size": settings.task.size}
    if settings.task.teacher:
        kept |= {"training_data": read_card(find_weights(settings.task.teacher)).training_data}
    if settings.task.start:
        began = read_card(find_weights(settings.task.start))
        kept["training_data"] = [*began.training_data, *kept.get("training_data", ())]
        if set(learn) < set(PARTS):
            kept |= {"options": began.options, **_left_as_it_was(settings, began)}
            if "segmenter" not in learn and kept["working_height"] == began.working_height:  # what they are of
                kept["logit_statistics"] = began.logit_statistics
    card = Card(name=settings.task.size, architecture="fast", **kept)
    return _publish(settings, folder, "fast", card, command_of(whole or settings, folder))


def _left_as_it_was(settings: FastTraining, began: Card) -> dict[str, Any]:
    """OF_START of the detector begun with, where the settings have their defaults; a value that differs is logged."""
    task, fields, kept = settings.task, type(settings.task).model_fields, {}
    for name in OF_START:
        usual, before = fields[name].default, getattr(began, name)
        if getattr(task, name) == usual and before is not None:
            kept[name] = before
            if before != usual:
                LOGGER.info("%s on the card is that of %s, %g: it may be changed there", name, task.start, before)
    return kept


def publish_baselines(settings: BaselineTraining, folder: Path) -> Path:
    """The weights of a training of baselines -> a weight file named after that of the detector they stand on.

    Raises TrainingError when that detector is not the one that the training began with.
    """
    base = read_weights(settings.task.start)
    trained_on = load(folder / STATE)["networks"]
    if any(not torch.equal(tensor, trained_on[key]) for key, tensor in base.state.items() if key in trained_on):
        raise TrainingError(
            f"{settings.task.start} is no longer the detector that {folder} began with: put that one "
            "back, or train its baselines anew with another --run"
        )
    name = find_weights(settings.task.start).stem + BASELINES
    options = {"members": settings.task.members}
    card = Card(
        name=name,
        architecture="fast_baselines",
        options=options,
        training_data=base.card.training_data,
        stands_on=base.card.sha256,
    )
    return _publish(settings, folder, name, card, command_of(settings, folder))


def publish_cues(settings: CuesTraining, folder: Path) -> Path:
    """The heads of a training of cues -> cues.safetensors."""
    base = read_card(find_weights(settings.task.start))
    card = Card(
        name="cues",
        architecture="fast_cues",
        options={"seeds": settings.task.seeds},
        training_data=base.training_data,
        stands_on=base.sha256,
    )
    return _publish(settings, folder, "cues", card, command_of(settings, folder))


def _publish(settings: FastFamily, folder: Path, name: str, card: Card, command: str) -> Path:
    content = load(folder / CHECKPOINTS[settings.loop.publish])
    data = list(dict.fromkeys([*card.training_data, *settings.data.names, *_pictures_beside(settings)]))
    learned = {
        "training_data": data,
        "preset": settings.name,
        "command": command,
        "licence": licence_of(data),
        "scores": _scores(content["state"]),
    }
    path = folder / f"{name}{SUFFIX}"
    weights = _mean(folder) if settings.loop.publish == MEAN else content["weights"]
    write_weights(path, weights, card.model_copy(update=learned))
    return path


def _mean(folder: Path) -> dict[str, Tensor]:
    """Of a `fast` training: the parts' weights, averaged over its epochs, without what taught them."""
    inside, parts = "module.", tuple(f"module.{part}." for part in PARTS)
    mean = load(folder / STATE)[MEAN]
    return {name.removeprefix(inside): value for name, value in mean.items() if name.startswith(parts)}


def _pictures_beside(settings: FastFamily) -> list[str]:
    """What was learned from beside the data sets: cut-outs, and what the judge of the painting knows."""
    task, found = settings.task, []
    if task.paste and task.pastes.things:
        found.append(f"cut-outs {expand_home(task.pastes.things).absolute().name}")
    if isinstance(settings, FastTraining) and task.perceptual and "generator" in task.learn:
        found.append(f"judge {Path(task.perceptual_weights).name}")
    return found


def is_published(settings: FastFamily, folder: Path) -> bool:
    """Whether the run folder holds an undamaged weight file of the newest checkpoint. Raises TrainingError."""
    scores = _scores(load(folder / CHECKPOINTS[settings.loop.publish])["state"])
    return any(_card_of(path).scores == scores for path in visible(folder, f"*{SUFFIX}"))


def _card_of(path: Path) -> Card:
    """The card of a weight file; an empty one where the file is damaged, or not the one that the card is for."""
    try:
        return verify(path)
    except WeightsError:
        return Card(name="", architecture="")


def _scores(reached: Mapping[str, Any]) -> dict[str, Any]:
    return {"least validation loss": reached["best_loss_val"], "epoch": reached["epoch_idx"]}
