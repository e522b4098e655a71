"""Settings as options of a command: name, type, choices, default and help are read off the fields."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from unexpected_core.config import Settings, settings_of


def add_settings(
    parser: argparse.ArgumentParser,
    model: type[Settings],
    only: Collection[str] = (),
    shown: Mapping[str, str | tuple[str, ...]] = {},
    choices: Mapping[str, Collection[str]] = {},
) -> None:
    """One option for each field of the model, or for those of `only`; one that is not given stays None.

    shown: field -> what stands for its value in the help (several for a field of several values). choices: field ->
    names that its validator takes, where the type does not say.
    """
    for setting in settings_of(model):
        if only and setting.name not in only:
            continue
        kind = _without_none(setting.type)
        names = choices.get(setting.name) or (get_args(kind) if get_origin(kind) is Literal else None)
        words: dict[str, Any] = {"default": None, "help": _help(setting.description, setting.default, names)}
        if setting.type is bool:
            words["action"] = "store_true"
        elif names:
            words["choices"] = tuple(names)
        else:
            words["metavar"] = shown.get(setting.name, "X")
            words["nargs"] = len(words["metavar"]) if isinstance(words["metavar"], tuple) else None
        parser.add_argument(f"--{setting.name.replace('_', '-')}", **words)


def given(arguments: argparse.Namespace, model: type[Settings], only: Collection[str] = ()) -> dict[str, Any]:
    """What the command line says of the model's fields, as text; `config.build` makes settings of it."""
    names = [name for name in model.model_fields if not only or name in only]
    return {name: value for name in names if (value := getattr(arguments, name)) is not None}


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        kinds = [each for each in get_args(kind) if each is not NoneType]
        return kinds[0] if len(kinds) == 1 else kind
    return kind


def _help(description: str, default: Any, choices: Collection[str] | None) -> str:
    if default is None or default is False:
        return description
    text = ",".join(map(str, default)) if isinstance(default, tuple) else default
    return f"{description} (default {next(iter(choices)) if choices and text not in choices else text})"
