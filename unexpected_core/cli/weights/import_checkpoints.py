"""`unexpected weights import PATH... --out DIR`: the authors' checkpoints as safetensors with cards."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from unexpected_core.cli.arguments import to_path
from unexpected_core.log import LOGGER

AUTHORS_LICENCE = "as its authors say (original code: GPL-3.0; pix2pixHD: CC BY-NC-SA 4.0)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.weights."""
    paths = "a checkpoint, an experiment's folder, or the folder that holds all experiments"
    parser.add_argument("paths", nargs="+", metavar="PATH", help=paths)
    parser.add_argument(
        "--out", type=to_path, required=True, metavar="DIR", help="folder for the weight files (--weights later)"
    )
    parser.add_argument("--half", action="store_true", help="store matrices as float16: half the size, not quite equal")
    parser.set_defaults(action=_import)


def _import(arguments: argparse.Namespace) -> int:
    """Import everything found, go on after a bad file. Returns 0 all done, 1 some, 2 none."""
    from unexpected_core.weights.authors_files import find_checkpoints
    from unexpected_core.weights.cards import WeightsError

    done, failed, out = 0, 0, arguments.out
    for path in arguments.paths:
        try:
            found = list(find_checkpoints(path))
        except WeightsError as error:
            LOGGER.error("%s", error)
            found, failed = [], failed + 1
        for experiment, file in found:
            try:
                print(_import_one(experiment, file, out, arguments.half))
                done += 1
            except WeightsError as error:
                LOGGER.error("%s: %s", experiment, error)
                failed += 1
    LOGGER.info("%d networks imported, %d not -> %s", done, failed, out)
    return 0 if not failed else 1 if done else 2


def _import_one(experiment: str, file: Path, out: Path, half: bool) -> str:
    from unexpected_core.weights.authors import read_checkpoint
    from unexpected_core.weights.cards import Card, WeightsError, taken
    from unexpected_core.weights.catalog import SUFFIX
    from unexpected_core.weights.experiments import EXPERIMENTS
    from unexpected_core.weights.reading import write_weights

    checkpoint = read_checkpoint(file)
    target = out / f"{experiment}{SUFFIX}"
    if lost := taken(target):
        raise WeightsError(f"{lost} exists already; delete it, or choose another --out")
    known = EXPERIMENTS.get(checkpoint.network)
    epoch = "" if checkpoint.epoch is None else f", epoch {checkpoint.epoch}"
    origin = _own_training(file) or {"licence": AUTHORS_LICENCE, "training_data": [known.data] if known else []}
    made = {"preset": f"{experiment}{epoch}", "command": f"imported from {file.name}"}
    card = Card(name=experiment, architecture=checkpoint.network, options=checkpoint.options, **made, **origin)
    write_weights(target, checkpoint.state, card, half)
    lost = known and not experiment.startswith(f"{known.number}_")
    return f"{target.name}: {checkpoint.report()}" + (f"; methods look for it as {known.number}_*" if lost else "")


def _own_training(file: Path) -> dict[str, Any]:
    """Data and licence for the card, where the run's config.json says that the network was trained here; else {}."""
    from unexpected_core.weights.cards import licence_of

    try:
        settings = json.loads((file.parent / "config.json").read_text(encoding="utf-8"))
        data = [source.partition("=")[0] for source in settings["data"]["sources"]]
        data += ["imagenet"] if _knows_imagenet(settings.get("task", {})) else []
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # the original's config, or none
        return {}
    return {"training_data": data, "licence": licence_of(data)}


def _knows_imagenet(task: dict[str, Any]) -> bool:
    """Whether ImageNet's weights were begun with, or judged what was painted."""
    judged = task.get("perceptual", 1) > 0  # of a generator; there is no judge in the other tasks
    return judged and bool(task.get("start") == "imagenet" or task.get("perceptual_weights"))
