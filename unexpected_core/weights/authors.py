"""The authors' checkpoints: which network a file holds, and what of it is used. Nothing is dropped in silence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unexpected_core.labels import NUM_CLASSES, NUM_FULL_IDS
from unexpected_core.networks import build_network
from unexpected_core.networks.choices import WIDTH
from unexpected_core.weights.cards import WeightsError
from unexpected_core.weights.state_dicts import misfits, unwrap
from unexpected_core.weights.unpickling import read_pickle


class Checkpoint(NamedTuple):
    """A network as a file holds it.

    network: entry of NETWORKS. options: what it must be built with. state: its state dict, complete.
    repeated: keys that hold the same tensor as an earlier key (shared modules). filled: keys the file lacks and whose
    value is known (batch counters). ignored: keys that published networks of this kind do not use.
    """

    path: Path
    network: str
    options: dict[str, Any]
    state: dict[str, Tensor]
    repeated: int
    filled: tuple[str, ...]
    ignored: tuple[str, ...]
    epoch: int | None

    def report(self) -> str:
        """One line for people: what was used, missing and left over."""
        notes = [f"{len(self.state) - len(self.filled)} keys used", "0 missing", "0 left over"]
        notes += [f"{self.repeated} repeated keys agree"] * bool(self.repeated)
        notes += [f"{len(self.filled)} batch counters set to 0"] * bool(self.filled)
        notes += [f"{len(self.ignored)} old instance norm statistics ignored"] * bool(self.ignored)
        notes += [f"epoch {self.epoch}"] * (self.epoch is not None)
        return f"{self.network}: {', '.join(notes)}"


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Open one file of the original system (or of a training here). Raises WeightsError, whatever the file holds."""
    content = read_pickle(path)
    try:
        return understand(Path(path), content)
    except WeightsError:
        raise
    except Exception as error:  # anything can be in a file of somebody else's
        raise WeightsError(
            f"{path} is not built like the networks of the paper ({type(error).__name__}: {error}); "
            "get the file again, or import another"
        ) from error


def understand(path: Path, content: Any) -> Checkpoint:
    """What an opened file holds; path is for messages. Raises WeightsError."""
    found, epoch = unwrap(path, content)
    network, options = recognise(path, {key: tuple(tensor.shape) for key, tensor in found.items()})
    with torch.device("meta"):
        wanted = build_network(network, **options).state_dict(keep_vars=True)
    ignored = tuple(key for key in found if network.startswith("pix2pixhd") and _is_statistic(key))
    filled = tuple(key for key in wanted if key.endswith("num_batches_tracked") and key not in found)
    state = {key: tensor for key, tensor in found.items() if key not in ignored}
    state |= {key: torch.tensor(0) for key in filled}
    if faults := misfits(state, wanted):
        built = " ".join([network, *(f"of {name} {value}" for name, value in options.items())])
        raise WeightsError(f"{path} does not fit {built}: of {len(wanted)} keys expected, {faults}")
    repeated = _check_repeated(path, wanted, state)
    return Checkpoint(path, network, options, {key: state[key] for key in wanted}, repeated, filled, ignored, epoch)


_PLAIN = (
    ("bayes_segnet", ("enc1.0.weight", "dec5.0.weight"), "classes", "dec1.decode.4.weight", 0, NUM_CLASSES),
    ("pspnet", ("layer0.0.weight", "ppm."), "classes", "final.4.weight", 0, NUM_CLASSES),
    ("pix2pixhd_generator", ("model.1.weight",), "label channels", "model.1.weight", 1, NUM_FULL_IDS),
    (
        "pix2pixhd_discriminator",
        ("scale0_layer0.0.weight",),
        *("label and colour channels", "scale0_layer0.0.weight", 1, NUM_FULL_IDS + 3),
    ),
)
"""Network, how keys of its own begin, and what it must be for: in words, and a key, an axis and the size of that."""


def recognise(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, dict[str, Any]]:
    """Shape by key -> (entry of NETWORKS, its options). Raises WeightsError for any network not of the paper."""

    def has(beginning: str) -> bool:
        return any(key.startswith(beginning) for key in shapes)

    for network, beginnings, *expected in _PLAIN:
        if all(map(has, beginnings)):
            _expect(path, shapes, *expected)
            return network, _narrow(shapes[expected[1]][0]) if network.startswith("pix2pixhd") else {}
    if has("cmis.0.conv_1x1.weight"):
        return _compared(path, shapes), _narrow(shapes["cmis.0.conv_1x1.weight"][0] // COARSEST)
    if has("linear_layer.weight") and has("bias_visible"):
        return "rbm", {"hidden": shapes["linear_layer.weight"][0]}
    if has("segmenter."):
        raise WeightsError(
            f"{path} is of a training of the fast detector: nothing to import, once the training has "
            f"ended detectors open its folder (--detector {path.parent})"
        )
    first = ", ".join(list(shapes)[:3]) or "nothing"
    raise WeightsError(
        f"{path} is none of the networks of the paper: found keys {first}, ...; expected those of a "
        "Bayesian SegNet, PSPNet, pix2pixHD, discrepancy network or RBM"
    )


def _narrow(width: int) -> dict[str, int]:
    """The option that builds a network of this width; none at the published one."""
    return {} if width == WIDTH else {"width": width}


def _expect(path: Path, shapes: Mapping[str, tuple[int, ...]], what: str, key: str, axis: int, expected: int) -> None:
    found = (*shapes.get(key, ()), *(0,) * (axis + 1))[axis]
    if found != expected:
        raise WeightsError(
            f"{path} is a network for {found} {what}, expected {expected} (Cityscapes): "
            "networks for other label sets cannot be used here"
        )


def _compared(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Which of the discrepancy networks, by the channels that its first mixing takes for each that it gives."""
    given, mixed = shapes["cmis.0.conv_1x1.weight"][:2]
    known = {round(share * given): name for name, share in _MIXED.items()}
    if mixed not in known:
        raise WeightsError(
            f"{path} is a discrepancy network that mixes {mixed} channels, expected one of "
            + ", ".join(f"{channels} ({name})" for channels, name in known.items())
        )
    _expect(path, shapes, "outputs", "final.weight", 0, 2)
    if known[mixed] != "discrepancy_generator_only":
        _expect(path, shapes, "classes", "sem_extractor.0.1.weight", 1, NUM_CLASSES)
    return known[mixed]


_MIXED = {"discrepancy_generator_only": 2.0, "discrepancy_labels_only": 1.5, "discrepancy_full": 2.5}
COARSEST = 8
"""Channels of a discrepancy network's coarsest map, for each of its finest."""


def _is_statistic(key: str) -> bool:
    return key.endswith((".running_mean", ".running_var", ".num_batches_tracked"))


def _check_repeated(path: Path, wanted: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> int:
    """Keys that are one tensor in the network must be equal in the file; returns how many repeat an earlier key."""
    first: dict[int, str] = {}
    repeated = 0
    for key, tensor in wanted.items():
        earlier = first.setdefault(id(tensor), key)
        if earlier == key:
            continue
        repeated += 1
        if not torch.equal(state[earlier], state[key]):
            raise WeightsError(
                f"{path}: {earlier} and {key} are one module of the network, but differ in the file; "
                "the file was altered or is of another network"
            )
    return repeated
