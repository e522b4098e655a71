"""Arguments that several commands take: actions, a data set, numbers, and settings read off their fields."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

import yaml

from unexpected_core.cli.errors import UsageError
from unexpected_core.config import Setting, Settings, settings_of
from unexpected_core.yaml_values import parse_yaml, reason

if TYPE_CHECKING:
    from unexpected_core.datasets import Dataset

NO_OPTIONS = {
    "name": "give the data set as NAME or --data NAME",
    "root": "give the folder as NAME=ROOT or --root",
    "size": "say --size, where the command has it",
}
"""What `open_dataset` takes beside a set's own options -> how the command line says it."""


def add_actions(
    parser: argparse.ArgumentParser, actions: Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]]
) -> None:
    """Add a command's actions: name -> what it does, function that adds its arguments."""
    parsers = parser.add_subparsers(metavar="ACTION", required=True)
    for name, (summary, add) in actions.items():
        add(parsers.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + "."))


def add_dataset_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --data (also --dataset), --root, --split, --size and --option."""
    add, name = parser.add_argument, "data set, see `unexpected data list`, and its folder"
    add("--data", "--dataset", dest="dataset", required=True, metavar="NAME[=ROOT]", help=name)
    add("--root", type=to_path, metavar="DIR", help="its folder (default: environment variable or roots.yaml)")
    add("--split", metavar="NAME", help="train, val, test, ... (default: the set's first)")
    add("--size", type=parse_size, metavar="WxH", help="resize every map, such as 1024x512")
    own = "the set's own options, such as check_counts=false or frames=all"
    add("--option", action="append", default=[], metavar="NAME=VALUE", help=own)


def open_from(arguments: argparse.Namespace, wanted: Mapping[str, Any] = MappingProxyType({})) -> Dataset:
    """The data set of the arguments. wanted: options to set where the set has them. Raises DatasetError."""
    from unexpected_core.datasets import DATASETS, open_dataset

    options = dict(wanted)
    dataset, root = name_and_root(arguments.dataset, arguments.root)
    if dataset in DATASETS:
        accepted = inspect.signature(DATASETS[dataset]).parameters
        options = {name: value for name, value in wanted.items() if name in accepted}
    options |= read_options(arguments.split, arguments.option)
    return open_dataset(dataset, root, arguments.size, **options)


def check_apart(folders: Iterable[Path], out: Path) -> None:
    """Nothing is written below folders that photographs are read from. Raises UsageError."""
    for folder in folders:
        if out.resolve().is_relative_to(folder.resolve()):
            raise UsageError(
                f"--out {out} lies among the frames of {folder}, where pictures of results would count as some; "
                "name a place outside"
            )


def name_and_root(text: str, root: Path | str | None) -> tuple[str, Path | str | None]:
    """'NAME[=ROOT]' and --root -> name and root. Raises UsageError where both give one."""
    name, _, own = text.partition("=")
    if own and root:
        raise UsageError(f"two folders for the data set '{name}': {own} and --root {root}; give one")
    return name, own or root


def read_options(split: str | None, texts: Sequence[str]) -> dict[str, Any]:
    """--split and --option NAME=VALUE (YAML) -> keyword arguments of the data set. Raises UsageError."""
    options: dict[str, Any] = {"split": split} if split else {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--option expects NAME=VALUE, found '{text}'")
        if name in NO_OPTIONS:
            raise UsageError(f"--option {name} is none of a data set's own: {NO_OPTIONS[name]}")
        try:
            options[name] = parse_yaml(value)
        except yaml.YAMLError as error:
            raise UsageError(
                f"--option {name}: cannot read '{value}' as a YAML value ({reason(error)}); quote it"
            ) from error
    return options


def to_path(text: str) -> Path:
    """A file or folder, as a type for argparse; empty text would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError(
            "expected a file or folder, found nothing: is a variable of the shell not set?"
        )
    return Path(text)


def at_least_one(text: str) -> int:
    """A whole number of 1 or more, as a type for argparse."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, found '{text}'")
    return int(text)


def parse_size(text: str) -> tuple[int, int]:
    """'1024x512' (width x height) -> (512, 1024), as a type for argparse."""
    found = re.fullmatch(r"(\d+)x(\d+)", text.lower())
    if not found or not int(found[1]) or not int(found[2]):
        raise argparse.ArgumentTypeError(f"expected WIDTHxHEIGHT such as 1024x512, found '{text}'")
    return int(found[2]), int(found[1])


def add_settings(
    parser: argparse.ArgumentParser,
    model: type[Settings],
    only: Collection[str] = (),
    shown: Mapping[str, str | tuple[str, ...]] = {},
    choices: Mapping[str, Collection[str]] = {},
    defaults: Mapping[str, str] = {},
) -> None:
    """One option for each field of the model, or for those of `only`; one that is not given stays None.

    shown: field -> what stands for its value in the help (several for a field of several values). choices: field ->
    names that its validator takes, where the type does not say. defaults: field -> what is said of its default.
    """
    for setting in settings_of(model):
        if not only or setting.name in only:
            setting = setting._replace(default=defaults.get(setting.name, setting.default))
            words = _words(setting, shown.get(setting.name, "X"), choices.get(setting.name, ()))
            parser.add_argument(f"--{setting.name.replace('_', '-')}", **words)


def _words(setting: Setting, metavar: str | tuple[str, ...], choices: Collection[str]) -> dict[str, Any]:
    """What argparse is told of a setting."""
    kind = _without_none(setting.type)
    choices = tuple(choices or (get_args(kind) if get_origin(kind) is Literal else ()))
    words: dict[str, Any] = {"default": None, "help": _help(setting.description, setting.default, choices)}
    if setting.type is bool:
        return {**words, "action": "store_true"}
    if choices:
        return {**words, "choices": choices}
    return {**words, "metavar": metavar, "nargs": len(metavar) if isinstance(metavar, tuple) else None}


def given(arguments: argparse.Namespace, model: type[Settings], only: Collection[str] = ()) -> dict[str, Any]:
    """What the command line says of the model's fields, as text; `config.build` makes settings of it."""
    names = [name for name in model.model_fields if not only or name in only]
    return {name: value for name in names if (value := getattr(arguments, name)) is not None}


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        kinds = [each for each in get_args(kind) if each is not NoneType]
        return kinds[0] if len(kinds) == 1 else kind
    return kind


def _help(description: str, default: Any, choices: Sequence[str]) -> str:
    if default is None or default is False or default == "":
        return description
    text = ",".join(map(str, default)) if isinstance(default, tuple) else default
    return f"{description} (default {choices[0] if choices and text not in choices else text})"
