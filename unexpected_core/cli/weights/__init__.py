"""`unexpected weights ...`: what weight files are there, are they whole, what lies between two, how sure are they?"""

from __future__ import annotations

import argparse

from unexpected_core.cli.arguments import add_actions
from unexpected_core.cli.weights import average, import_checkpoints, inspect, list, statistics, verify

ACTIONS = {
    "list": ("the detectors that come with the package, or the files of a folder", list.add_arguments),
    "inspect": ("show the card and the tensors of a weight file", inspect.add_arguments),
    "verify": ("compare weight files with their cards, and with their architecture", verify.add_arguments),
    "average": ("weights between those of two trainings of the same networks", average.add_arguments),
    "statistics": (
        "put onto a detector's card what standardized_max_logit needs: each class's max logits on images it was "
        "trained on",
        statistics.add_arguments,
    ),
    "import": ("the ICCV 2019 authors' checkpoints, converted to weight files", import_checkpoints.add_arguments),
}
"""Action (a file in this folder) -> what it does, function adding its arguments and setting `action`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.main."""
    add_actions(parser, ACTIONS)


def run(arguments: argparse.Namespace) -> int:
    """Carry out one action; results go to standard output."""
    return arguments.action(arguments)
