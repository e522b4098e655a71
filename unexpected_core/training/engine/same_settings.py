"""config.json: the settings that a run folder was begun with, and which of them may differ when it goes on."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from unexpected_core.config import merge, settings_of, value_at
from unexpected_core.files import write_text
from unexpected_core.log import LOGGER
from unexpected_core.training.engine.checkpoint import BEST, LAST, STATE, read_progress
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.settings import TrainingSettings

CONFIG = "config.json"
FREE = (
    "loop.epochs",
    "loop.workers",
    "loop.device",
    "loop.devices",
    "loop.nodes",
    "loop.checkpoint_seconds",
    "loop.frames",
    "data.cache",
)
"""Settings that may differ between a training and its resumption: where and how long, not what."""


def keep_config(settings: TrainingSettings, folder: Path) -> None:
    """Write config.json, where it says something else. Raises TrainingError where it cannot be read."""
    path, now = folder / CONFIG, json.loads(settings.model_dump_json())
    if _read_config(path) != now:
        write_text(path, json.dumps(now, indent=2) + "\n")


def refuse_changes(settings: TrainingSettings, folder: Path, free: Collection[str] = FREE) -> str:
    """`changes_since`. Raises TrainingError where something differs and a step is finished."""
    changes = changes_since(settings, folder, free)
    progress = read_progress(folder) if changes else None
    if progress and (progress.epoch or progress.step):
        raise TrainingError(
            f"{folder} holds a training with other settings: {changes}. Use another "
            "--run for a new training, or the old settings to go on"
        )
    return changes


def changes_since(settings: TrainingSettings, folder: Path, free: Collection[str] = FREE) -> str:
    """What differs from config.json in words, '' for nothing. free: settings that may. Raises TrainingError."""
    now, kept = json.loads(settings.model_dump_json()), _read_config(folder / CONFIG)
    # A setting that the file lacks is newer than the training: its default is what went before.
    before = merge(json.loads(type(settings)().model_dump_json()), kept) if kept else now
    names = [setting.name for setting in settings_of(type(settings))]
    return "; ".join(
        f"{name} was {_value(before, name)}, now {_value(now, name)}"
        for name in names
        if name not in free
        and _value(before, name) != _value(now, name)
        and not (name == "task.start" and _moved(_value(before, name), _value(now, name), folder))
    )


def _moved(before: str, now: str, folder: Path) -> bool:
    """Whether both paths mean one file of the run folder, which was moved; `now` lies in it (an earlier stage's)."""
    if not Path(now).is_relative_to(folder.absolute()):
        return False
    inside = Path(now).relative_to(folder.absolute()).parts
    return Path(before).parts[-len(inside) :] == inside


def tell_other_sources(settings: TrainingSettings, folder: Path) -> None:
    """Warn of other data sets or roots than before. No error: the same data may only lie elsewhere now."""
    before = _read_config(folder / CONFIG).get("data", {}).get("sources", [])
    progress = read_progress(folder) if before and before != list(settings.data.sources) else None
    if progress and (progress.epoch or progress.step):
        LOGGER.warning(
            "%s has learned from %s: if %s is other data, another run folder (--run) is for that",
            folder,
            ", ".join(before),
            ", ".join(settings.data.sources),
        )


def start_anew(folder: Path, changes: str) -> None:
    """Delete what a training left that has not finished a step."""
    LOGGER.info("%s: no step was finished before; started anew (%s)", folder, changes)
    for name in (STATE, BEST, LAST):
        (folder / name).unlink(missing_ok=True)


def _read_config(path: Path) -> dict:
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainingError(f"cannot read {path}: {error}. Restore it, or use another --run") from error
    if not isinstance(content, dict) or not {"task", "loop"} <= content.keys():
        raise TrainingError(f"{path} holds no settings of a training, and would be replaced: use another --run")
    return content


def _value(values: dict, name: str) -> Any:
    value = value_at(values, name)
    if name == "data.sources" and value:  # the same data may lie elsewhere
        return [source.partition("=")[0] for source in value]
    return value
