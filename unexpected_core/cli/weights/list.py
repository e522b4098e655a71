"""`unexpected weights list`: the shipped detectors, or the weight files of a folder."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.weights."""
    parser.add_argument("folder", nargs="?", help="folder of weight files")
    parser.set_defaults(action=_list)


def _list(arguments: argparse.Namespace) -> int:
    from unexpected_core.weights.cards import read_card
    from unexpected_core.weights.catalog import shipped, weight_files

    paths = weight_files(arguments.folder) if arguments.folder else list(shipped().values())
    width = max((len(path.stem) for path in paths), default=0)
    for path in paths:
        card = read_card(path)
        print(
            f"{path.stem:{width}} {path.stat().st_size / 1e6:6.1f} MB  {card.architecture}, "
            f"height {card.working_height or 'any'}, threshold {card.threshold:g}, "
            f"trained on {', '.join(card.training_data) or 'not said'}"
        )
    return 0
