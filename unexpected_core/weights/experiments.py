"""The networks of the ICCV 2019 system in a folder of experiments: as published, imported, or trained here.

In the folder, an experiment is a sub-folder with a checkpoint or an imported weight file; its name begins with the
experiment's number: ``0521_Diff_SwapFgd_ImgAndLabelVsGen_semGT/chk_best.pth``, ``0521_*.safetensors``, ...
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from torch import nn

from unexpected_core.files import expand_home, visible
from unexpected_core.log import LOGGER
from unexpected_core.networks import build_network
from unexpected_core.weights.authors import read_checkpoint
from unexpected_core.weights.authors_files import CHECKPOINTS
from unexpected_core.weights.cards import Card, WeightsError, card_path, read_card
from unexpected_core.weights.catalog import SUFFIX
from unexpected_core.weights.reading import Weights, load_into, read_weights

ENVIRONMENT = "DIR_EXPERIMENTS"
ARCHIVE = "https://drive.switch.ch/index.php/s/xywBQNLoDxBVuxe/download"


class Experiment(NamedTuple):
    """number: how names begin. name: as published. data: what it learned from. network: entry of NETWORKS it holds."""

    number: str
    name: str
    data: str
    network: str


_SWAPS = "Cityscapes, swapped labels"
EXPERIMENTS = {
    experiment.network: experiment
    for experiment in (
        Experiment("0120", "0120_BayesSegNet_BDD", "BDD100K", "bayes_segnet"),
        Experiment("0121", "0121_PSPEns_BDD_00", "BDD100K", "pspnet"),
        Experiment("0405", "0405_pix2pixHD512_nostyle_ctc_crop", "Cityscapes", "pix2pixhd_generator"),
        Experiment("0516", "0516_Diff_SwapFgd_ImgVsGen_semGT", _SWAPS, "discrepancy_generator_only"),
        Experiment("0517", "0517_Diff_SwapFgd_ImgVsLabels_semGT", _SWAPS, "discrepancy_labels_only"),
        Experiment("0521", "0521_Diff_SwapFgd_ImgAndLabelVsGen_semGT", _SWAPS, "discrepancy_full"),
        Experiment("0525", "0525_RBM_road_lowLR", "Cityscapes, road patches", "rbm"),
    )
}
"""NETWORKS entry -> the experiment that trained it."""


def experiments_folder(folder: str | Path = "") -> Path:
    """The folder given, else the one that $DIR_EXPERIMENTS names. Raises WeightsError saying how to get the weights."""
    chosen = str(folder) or os.environ.get(ENVIRONMENT, "")
    if not chosen:
        raise WeightsError(
            "the published methods need a folder of weights: give it with --weights DIR, or with "
            f"{ENVIRONMENT} in the environment. {HOW_TO_GET}"
        )
    path = expand_home(chosen)
    if not path.is_dir():
        raise WeightsError(f"no folder of weights {path}. {HOW_TO_GET}")
    return path


HOW_TO_GET = (
    f"To get the weights: download the authors' archive (2 GiB, {ARCHIVE}) and unpack it so that "
    "DIR/0121_PSPEns_BDD_00/chk_best.pth, DIR/0405_pix2pixHD512_nostyle_ctc_crop/latest_net_G.pth and "
    "DIR/0521_Diff_SwapFgd_ImgAndLabelVsGen_semGT/chk_best.pth exist; to try the method without them, use "
    "random weights (--random-weights)"
)


def find_network(folder: Path, network: str) -> list[Path]:
    """Every weight file of a network in the folder, the published name first. Raises WeightsError if there is none.

    Of an experiment that lies there twice, as its folder and imported beside it, only the first is taken.
    """
    experiment = EXPERIMENTS[network]
    paths: dict[str, Path] = {}
    for path in sorted(folder.glob(f"{experiment.number}_*")):
        if _files_at(path, network):
            paths.setdefault(path.name.removesuffix(SUFFIX), path)
    found = [file for path in paths.values() for file in _files_at(path, network)]
    if not found:
        there = ", ".join(sorted(path.name for path in folder.iterdir())[:12]) or "nothing"
        raise WeightsError(
            f"no {network} in {folder}: expected {experiment.name}/{_usual(network)} or "
            f"{experiment.name}{SUFFIX}, found {there}. {HOW_TO_GET}"
        )
    return sorted(found, key=lambda file: experiment.name not in str(file.relative_to(folder)))


def open_network(folder: Path, network: str) -> nn.Module:
    """The one network of this kind in the folder, trained. Raises WeightsError; warns if there are several."""
    files = find_network(folder, network)
    if len(files) > 1 and network != "pspnet":
        LOGGER.warning("several files of %s: using %s", network, files[0])
    return load_network(files[0], network)


def load_network(file: Path, network: str) -> nn.Module:
    """One weight file -> the network it holds, in eval mode. Raises WeightsError, also if it holds another network."""
    weights = read_weights(file) if file.suffix == SUFFIX else _of_the_authors(file)
    found = weights.card.architecture
    if found != network:
        raise WeightsError(f"{file} holds {found}, expected {network}: {EXPERIMENTS[network].number}_* is its place")
    module = build_network(network, **weights.card.options)
    load_into(module, weights)
    return module.eval()


def _of_the_authors(file: Path) -> Weights:
    checkpoint = read_checkpoint(file)
    return Weights(checkpoint.state, Card(name=file.stem, architecture=checkpoint.network, options=checkpoint.options))


def _files_at(path: Path, network: str) -> list[Path]:
    if path.is_dir():
        names = [*CHECKPOINTS[:2], _usual(network)]
        return [path / name for name in names if (path / name).is_file()][:1] or visible(path, f"*{SUFFIX}")
    ours = path.suffix == SUFFIX and (not card_path(path).is_file() or read_card(path).architecture == network)
    return [path] if ours else []


def _usual(network: str) -> str:
    return "latest_net_G.pth" if network == "pix2pixhd_generator" else CHECKPOINTS[0]
