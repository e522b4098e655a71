"""`unexpected data convert NAME SRC DST --size 1024x512`."""

from __future__ import annotations

import argparse

from unexpected_core.cli.arguments import parse_size, to_path
from unexpected_core.devices import processors


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.data."""
    parser.epilog = "Stopped half-way, the same command goes on. Exit code: 0 all done, 1 some files left out."
    parser.add_argument("dataset", metavar="NAME", help="cityscapes or lost_and_found")
    parser.add_argument(
        "source", type=to_path, metavar="SRC", help="its folder, with leftImg8bit and gtFine or gtCoarse"
    )
    parser.add_argument("target", type=to_path, metavar="DST", help="folder for the small copy, outside SRC")
    size = "default 1024x512, as in the paper"
    parser.add_argument("--size", type=parse_size, default="1024x512", metavar="WxH", help=size)
    parser.add_argument("--workers", type=int, default=processors(), metavar="N", help="default: one per core")
    parser.set_defaults(action=_run)


def _run(arguments: argparse.Namespace) -> int:
    from unexpected_core.datasets.convert import convert

    done = convert(arguments.dataset, arguments.source, arguments.target, arguments.size, arguments.workers)
    for group, count in done.counts.items():
        print(f"{count:7d}  {group}")
    print(f"{done.made} files written, {len(done.failed)} left out -> {arguments.target}")
    return 1 if done.failed else 0
