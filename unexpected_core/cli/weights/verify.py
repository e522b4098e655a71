"""`unexpected weights verify`: whether weight files are whole and fit their architecture."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.weights."""
    parser.add_argument("weights", nargs="+", help="shipped names, weight files or folders")
    parser.set_defaults(action=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    from unexpected_core.scorers import UnknownScorer
    from unexpected_core.weights.cards import WeightsError

    failed = 0
    for name in (name for given in arguments.weights for name in _files(given)):
        try:
            print(f"{name}: whole, fits its architecture ({_fits(name)})")
        except (WeightsError, UnknownScorer) as error:
            failed += 1
            print(f"{name}: {error}")
    return 1 if failed else 0


def _files(given: str) -> list[str]:
    """Of each weight file that is meant, its path; what means none, as it is: reading it says why."""
    from unexpected_core.weights.cards import WeightsError
    from unexpected_core.weights.catalog import weight_files

    try:
        return [str(path) for path in weight_files(given)]
    except WeightsError:
        return [given]


def _fits(name: str) -> str:
    """Load a detector's or a single network's weights; returns their id. Raises WeightsError, UnknownScorer."""
    from unexpected_core.networks import NETWORKS, build_network
    from unexpected_core.scorers import load_scorer
    from unexpected_core.weights.cards import read_card
    from unexpected_core.weights.catalog import find_weights
    from unexpected_core.weights.reading import load_into, read_weights

    if read_card(find_weights(name)).architecture not in NETWORKS:
        return load_scorer(name).model_id
    weights = read_weights(name)
    load_into(build_network(weights.card.architecture, **weights.card.options), weights)
    return weights.card.model_id
