"""Which methods `unexpected evaluate` judges, and whether what they stand on is there."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from unexpected_core.cli.errors import UsageError
from unexpected_core.cli.evaluating.networks import Networks, is_exported, kind_of
from unexpected_core.config import unknown_name
from unexpected_core.files import expand_home
from unexpected_core.log import LOGGER
from unexpected_core.scorers import SCORERS
from unexpected_core.scorers.settings import PublishedSettings

PAPER = tuple(name for name, entry in SCORERS.items() if entry.published)
"""The paper's comparison: ours, resynthesis only, labels only, RBM, dropout, ensemble."""
FAST_PAPER = (
    "resynthesis",
    "fast_retrained",
    "fast_generator_only",
    "fast_labels_only",
    "fast_rbm",
    "fast_dropout",
    "fast_ensemble",
    "direct",
    "softmax",
    "max_logit",
)
"""The same on one detector of ours: itself, its comparer trained anew, its baselines, what its segmenter says."""


def read_methods(arguments: argparse.Namespace, networks: Networks) -> list[str]:
    """The methods that are named on the command line. Raises UsageError, WeightsError."""
    if arguments.methods == "paper":
        return list(_paper(arguments, networks))
    from unexpected_core.evaluation.store import label_of

    names = [name.strip() for name in arguments.methods.split(",") if name.strip()]
    if not names or len({label_of(name) for name in names}) < len(names):
        raise UsageError(f"expected one or more scorers of different names, found '{arguments.methods}'")
    if not arguments.from_scores:
        _check_known(names)
        _check_weights(names, networks)
    return names


def _paper(arguments: argparse.Namespace, networks: Networks) -> Sequence[str]:
    """The methods of the paper's comparison: on the authors' networks where those are asked for, else on ours."""
    if arguments.weights or arguments.random_weights:
        if not arguments.from_scores:
            _check_weights(PAPER, networks)
        return PAPER
    from unexpected_core.weights.experiments import ENVIRONMENT

    if os.environ.get(ENVIRONMENT):
        LOGGER.info(
            "the paper's comparison on the detector '%s'; for that of the networks in $%s: --weights %s",
            *(networks.detector, ENVIRONMENT, os.environ[ENVIRONMENT]),
        )
    if not arguments.from_scores:
        networks.baselines()  # before hours of scoring
    return FAST_PAPER


def _check_known(names: Sequence[str]) -> None:
    """Every method is a scorer, or has a weight file. Raises UsageError, WeightsError."""
    from unexpected_core.weights.catalog import find_weights, shipped

    known = {**SCORERS, **shipped()}
    for name in names:
        if name not in known and not expand_home(name).exists():
            raise UsageError(f"{unknown_name('scorer', name, known)}; or give a weight file or its folder")
        if name not in known and not is_exported(name):
            find_weights(name)


def _check_weights(names: Sequence[str], networks: Networks) -> None:
    """What the methods stand on is there: the detector, its baselines, the experiments. Raises WeightsError.

    Whether it can be used is seen when it is opened.
    """
    from unexpected_core.weights.catalog import find_weights

    kinds = {kind_of(name) for name in names}
    if "published" in kinds and not networks.published.get("random_weights"):
        _check_experiments([name for name in names if kind_of(name) == "published"], networks)
    if "on detector" in kinds and not networks.random:
        find_weights(networks.detector, or_random=True)
        if any(SCORERS[name].baseline for name in names if name in SCORERS):
            networks.baselines()


def _check_experiments(names: Sequence[str], networks: Networks) -> None:
    """Every network of the paper's methods is in the folder of experiments. Raises WeightsError."""
    from unexpected_core.weights.catalog import find_weights
    from unexpected_core.weights.experiments import EXPERIMENTS, experiments_folder, find_network  # torch

    folder = experiments_folder(networks.published.get("weights", ""))
    segmenter = networks.published.get("segmenter", PublishedSettings().segmenter)
    needed = dict.fromkeys(network for name in names for network in SCORERS[name].networks)
    if any(name.startswith("iccv2019") for name in names):
        needed[segmenter] = None
    for network in needed:
        if network in EXPERIMENTS:
            find_network(folder, network)
        else:
            find_weights(network)
