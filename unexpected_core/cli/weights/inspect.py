"""`unexpected weights inspect`: the card and the tensors of a weight file."""

from __future__ import annotations

import argparse
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.weights."""
    parser.add_argument("weights", help="shipped name, weight file or its folder")
    parser.add_argument("--tensors", action="store_true", help="also list key, type, shape and range of every tensor")
    parser.set_defaults(action=_inspect)


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
