"""The command line that repeats a training: a preset, and the settings that differ from it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from unexpected_core.config import settings_of, value_at
from unexpected_core.training.engine.same_settings import FREE
from unexpected_core.training.presets import FROM_NOTHING, PRESETS
from unexpected_core.training.settings import TrainingSettings
from unexpected_core.yaml_values import format_yaml

NOT_WHAT = frozenset(FREE) - {"loop.epochs"} | {"data.sources"}
"""Settings that say where and how fast; data sets are named by --data, without their roots."""


def command_of(settings: TrainingSettings, folder: Path) -> str:
    """`unexpected train PRESET --data ... --set ...`, with the preset of the settings' name, else the nearest one.

    folder: the run folder; a task.start inside it is left out, as the training made it itself.
    """
    changes = {name: _changes(settings, preset, folder) for name, preset in PRESETS.items() if _is_base(name, settings)}
    preset = settings.name if settings.name in changes else min(changes, key=lambda name: len(changes[name]))
    data = [word for name in settings.data.names for word in ("--data", name)]
    sets = [word for change in changes[preset] for word in ("--set", change)]
    return shlex.join(["unexpected", "train", preset, *data, *sets])


def _is_base(name: str, settings: TrainingSettings) -> bool:
    """Whether the command line with this name would take this preset, and it has the same settings to change."""
    preset = PRESETS[name]
    alike = type(preset) is type(settings) and preset.task.kind == settings.task.kind
    return alike and (name, tuple(settings.data.names)) not in FROM_NOTHING


def _changes(settings: TrainingSettings, preset: TrainingSettings, folder: Path) -> list[str]:
    """'name=value' of all that differs."""
    now, before = (json.loads(each.model_dump_json()) for each in (settings, preset))
    names = [setting.name for setting in settings_of(type(settings)) if setting.name not in NOT_WHAT]
    changed = {name: value_at(now, name) for name in names if value_at(now, name) != value_at(before, name)}
    if Path(str(changed.get("task.start") or "/")).is_relative_to(folder.absolute()):
        changed.pop("task.start", None)
    return [f"{name}={_as_yaml(value)}" for name, value in changed.items()]


def _as_yaml(value: object) -> str:
    """In one line."""
    return format_yaml(value, flow=True).removesuffix("...\n").strip()
