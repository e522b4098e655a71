"""`unexpected weights average`: weights between those of two trainings."""

from __future__ import annotations

import argparse

from unexpected_core.cli.arguments import to_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.weights."""
    parser.add_argument("before", help="shipped name, weight file or run folder")
    parser.add_argument("after", help="the same: what a further training made of it, say")
    some = "average only this network of the detector, the others are the second's; several times for several"
    parser.add_argument("--part", action="append", default=[], metavar="PART", help=some)
    parser.add_argument("--share", type=float, default=0.5, help="of the second, 0..1 (default 0.5)")
    parser.add_argument("--out", type=to_path, required=True, metavar="FILE", help="weight file, *.safetensors")
    parser.set_defaults(action=_average)


def _average(arguments: argparse.Namespace) -> int:
    from unexpected_core.weights.average import average

    card = average(arguments.before, arguments.after, arguments.share, arguments.out, arguments.part)
    print(f"wrote {arguments.out}: {card.model_id}")
    return 0
