"""Arguments that several commands take: a data set, how a method is put together, numbers."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

from unexpected_core.cli.errors import UsageError

if TYPE_CHECKING:
    from unexpected_core.datasets import Dataset


def add_dataset_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --data (also --dataset), --root, --split, --size and --option."""
    parser.add_argument(
        "--data",
        "--dataset",
        dest="dataset",
        required=True,
        metavar="NAME[=ROOT]",
        help="data set, see `unexpected data list`, and its folder",
    )
    parser.add_argument("--root", metavar="DIR", help="its folder (default: environment variable or roots.yaml)")
    parser.add_argument("--split", metavar="NAME", help="train, val, test, ... (default: the set's first)")
    parser.add_argument("--size", metavar="WxH", help="resize every map, such as 1024x512")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="the set's own options, such as check_counts=false or frames=all",
    )


def open_from(arguments: argparse.Namespace, wanted: Mapping[str, Any] = MappingProxyType({})) -> Dataset:
    """The data set of the arguments. wanted: options to set where the set has them. Raises DatasetError."""
    import inspect

    from unexpected_core.datasets import DATASETS, open_dataset

    options = dict(wanted)
    dataset, root = name_and_root(arguments.dataset, arguments.root)
    if dataset in DATASETS:
        accepted = inspect.signature(DATASETS[dataset]).parameters
        options = {name: value for name, value in wanted.items() if name in accepted}
    options |= read_options(arguments.split, arguments.option)
    return open_dataset(dataset, root, parse_size(arguments.size), **options)


def name_and_root(text: str, root: Path | str | None) -> tuple[str, Path | str | None]:
    """'NAME[=ROOT]' and --root -> name and root. Raises UsageError where both give one."""
    name, _, own = text.partition("=")
    if own and root:
        raise UsageError(f"two folders for the data set '{name}': {own} and --root {root}; give one")
    return name, own or root


def read_options(split: str | None, texts: Sequence[str]) -> dict[str, Any]:
    """--split and --option NAME=VALUE (YAML) -> keyword arguments of the data set. Raises UsageError."""
    import yaml

    options: dict[str, Any] = {"split": split} if split else {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--option expects NAME=VALUE, found '{text}'")
        try:
            options[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UsageError(f"--option {name}: cannot read '{value}' as a YAML value; quote it") from error
    return options


def at_least_one(text: str) -> int:
    """A whole number of 1 or more, as a type for argparse."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, found '{text}'")
    return int(text)


def parse_size(text: str | None) -> tuple[int, int] | None:
    """'1024x512' (width x height) -> (512, 1024). Raises UsageError."""
    if not text:
        return None
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise UsageError(f"--size expects WIDTHxHEIGHT such as 1024x512, found '{text}'")
    return int(height), int(width)


def add_published_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --weights, --random-weights, --segmenter, ... as ModelSettings defines them."""
    from unexpected_core.config import settings_of
    from unexpected_core.pipeline.settings import PUBLISHED, ModelSettings

    for setting in settings_of(ModelSettings):
        if setting.name not in PUBLISHED:
            continue
        option = f"--{setting.name.replace('_', '-')}"
        if setting.type is bool:
            parser.add_argument(option, action="store_true", help=setting.description)
        elif choices := get_args(setting.type):
            text = f"{setting.description} (default {setting.default})"
            parser.add_argument(option, default=setting.default, choices=choices, help=text)
        else:
            parser.add_argument(option, default=setting.default, metavar="X", help=setting.description)
