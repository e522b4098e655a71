"""From a trained generator to a function that paints one frame: train ids and photograph in, RGB out, all NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import interpolate

from unexpected_core.config import unknown_name
from unexpected_core.devices import choose_device
from unexpected_core.labels import NUM_CLASSES
from unexpected_core.networks import build_network
from unexpected_core.networks.fast_generator import FastGenerator, appearance
from unexpected_core.networks.fast_segmenter import FastSegmenter
from unexpected_core.networks.one_hot import one_hot
from unexpected_core.weights.cards import WeightsError
from unexpected_core.weights.reading import Weights, load_into, read_weights

GENERATORS = ("pix2pixhd_generator", "fast_generator")
"""Networks that paint from train ids."""
MULTIPLE = FastSegmenter.multiple
SURE = 20.0
"""Logit of the class that a label names, for a generator that paints from class probabilities."""
INSIDE_FAST = "generator."


class NetworkPainter:
    """Runs a generator network on one frame at a time. name: for manifests."""

    def __init__(self, network: nn.Module, name: str, device: str) -> None:
        self.device, self.name = choose_device(device), name
        self.network = network.eval().to(self.device)

    @torch.inference_mode()
    def __call__(self, labels: np.ndarray, photo: np.ndarray) -> np.ndarray:
        """Train ids uint8 [H, W] and the photograph uint8 [H, W, 3], for its light -> resynthesis uint8 [H, W, 3]."""
        height, width = labels.shape
        ids = torch.from_numpy(labels).to(self.device)[None]  # (1, H, W)
        if isinstance(self.network, FastGenerator):
            light = torch.from_numpy(np.ascontiguousarray(photo.transpose(2, 0, 1))).to(self.device)[None].float() / 255
            painted = interpolate(_in_light(self.network, ids, light), (height, width), mode="bilinear")
        else:
            painted = self.network(ids).float()
        # Cut to levels as the original's 8-bit rule does; the small number undoes float rounding.
        levels = (painted[0] * 255 + 1e-3).floor().clamp(0, 255).byte()
        return np.ascontiguousarray(levels.permute(1, 2, 0).cpu().numpy())


def _in_light(network: FastGenerator, ids: torch.Tensor, photo: torch.Tensor) -> torch.Tensor:
    """Train ids [1, H, W], 255 = any class, and photo [1, 3, H, W] in [0, 1] -> RGB [1, 3, about H/2, about W/2]."""
    rows, columns = (-(-side // MULTIPLE) * MULTIPLE for side in ids.shape[-2:])
    small = interpolate(ids[None].float(), (rows // 4, columns // 4), mode="nearest-exact")[0].byte()
    logits = SURE * one_hot(small, NUM_CLASSES)
    seen = appearance(interpolate(photo, (rows, columns), mode="bilinear"), logits)
    return network(logits, seen).float()


def generator_painter(weights: str | Path, device: str) -> NetworkPainter:
    """A painter from a weight file (shipped name, file or folder) of a generator or of the `fast` detector.

    Raises WeightsError for weights of anything else.
    """
    read = read_weights(weights)
    name, options, state = read.card.architecture, read.card.options, read.state
    if name == "fast":
        state = {key.removeprefix(INSIDE_FAST): value for key, value in state.items() if key.startswith(INSIDE_FAST)}
        name, options = "fast_generator", {"size": read.card.size}
    if name not in GENERATORS:
        raise WeightsError(
            f"weights '{read.card.name}' are of '{name}', which paints nothing; expected "
            f"{', '.join(GENERATORS)} or fast"
        )
    network = build_network(name, **options)
    load_into(network, Weights(state, read.card))
    return NetworkPainter(network, f"{name} {read.card.model_id}", device)


def random_painter(name: str, device: str) -> NetworkPainter:
    """An untrained generator network by name, the same weights each time: for trying out. Raises WeightsError."""
    if name not in GENERATORS:
        raise WeightsError(unknown_name("generator network", name, GENERATORS))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build_network(name)
    return NetworkPainter(network, f"{name} untrained", device)
