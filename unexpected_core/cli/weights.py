"""`unexpected weights list | inspect | verify`: what weight files are there, what they are, whether they are whole."""

from __future__ import annotations

import argparse
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.main."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the detectors that come with the package")
    listing.set_defaults(action=_list)
    inspect = actions.add_parser("inspect", help="show the card and the tensors of a weight file")
    inspect.add_argument("weights", help="shipped name, weight file or its folder")
    inspect.add_argument("--tensors", action="store_true", help="also list key, type, shape and range of every tensor")
    inspect.set_defaults(action=_inspect)
    verify = actions.add_parser("verify", help="compare weight files with their cards, and with their architecture")
    verify.add_argument("weights", nargs="+", help="shipped names, weight files or folders")
    verify.set_defaults(action=_verify)


def run(arguments: argparse.Namespace) -> int:
    """Carry out one action; results go to standard output."""
    return arguments.action(arguments)


def _list(_: argparse.Namespace) -> int:
    from unexpected_core.weights.cards import read_card
    from unexpected_core.weights.catalog import shipped

    for name, path in shipped().items():
        card = read_card(path)
        print(f"{name:12} {path.stat().st_size / 1e6:6.1f} MB  {card.architecture}, height {card.working_height}, "
              f"threshold {card.threshold:g}, trained on {', '.join(card.training_data) or 'not said'}")
    return 0


def _inspect(arguments: argparse.Namespace) -> int:
    from unexpected_core.weights.reading import read_weights

    weights = read_weights(arguments.weights)
    print(json.dumps(weights.card.model_dump(), indent=2))
    count = sum(tensor.numel() for tensor in weights.state.values())
    print(f"{len(weights.state)} tensors, {count:,} numbers")
    for key, tensor in weights.state.items() if arguments.tensors else ():
        span = f"{tensor.min():.4g} .. {tensor.max():.4g}" if tensor.numel() else "empty"
        print(f"{key:50} {list(tensor.shape)!s:20} {span}")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from unexpected_core.scorers import UnknownScorer, load_scorer
    from unexpected_core.weights.cards import WeightsError

    failed = 0
    for name in arguments.weights:
        try:
            scorer = load_scorer(name)
            print(f"{name}: whole, fits its architecture ({scorer.model_id})")
        except (WeightsError, UnknownScorer) as error:
            failed += 1
            print(f"{name}: {error}")
    return 1 if failed else 0
