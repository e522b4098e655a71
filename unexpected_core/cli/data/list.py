"""`unexpected data list`: the data sets, and which of them are here."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.data."""
    parser.set_defaults(action=_list)


def _list(arguments: argparse.Namespace) -> int:
    from unexpected_core.datasets import DATASETS, DatasetError, open_dataset
    from unexpected_core.datasets.roots import config_files

    width = max(map(len, DATASETS))
    for name in DATASETS:
        try:
            state = f"{len(open_dataset(name))} frames"
        except DatasetError as error:
            state = "not here; " + " ".join(str(error).rpartition("Get it from: ")[1:])
        print(f"{name:{width}}  {state}")
    print(
        "To say where a set lies: --root, its environment variable, or a line 'NAME: FOLDER' in "
        + " or ".join(map(str, config_files()))
    )
    return 0
