"""How a method of the paper is put together, on the command line."""

from __future__ import annotations

import argparse
from typing import get_args


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
