"""`unexpected data list | show | convert | discrepancy | draw | to-bag`: the data sets and what is made from them."""

from __future__ import annotations

import argparse

from unexpected_core.cli.arguments import add_actions
from unexpected_core.cli.data import convert, discrepancy, draw, list, show, to_bag

ACTIONS = {
    "list": ("the data sets, and which of them are on this machine", list.add_arguments),
    "show": ("write a contact sheet of a data set or a discrepancy set", show.add_arguments),
    "convert": ("make a small copy of Cityscapes or Lost and Found", convert.add_arguments),
    "discrepancy": ("make training data with altered labels", discrepancy.add_arguments),
    "draw": ("draw roads with exact labels, with or without surprising objects", draw.add_arguments),
    "to-bag": ("make a rosbag2 drive of a data set or a folder of images", to_bag.add_arguments),
}
"""Action (a file of its name in this folder) -> what it does, function adding its arguments and setting `action`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.main."""
    add_actions(parser, ACTIONS)


def run(arguments: argparse.Namespace) -> int:
    """Carry out one action."""
    return arguments.action(arguments)
