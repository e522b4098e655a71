"""The one place where weight files are opened and written: safetensors and a card, never a pickle."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from unexpected_core.files import atomic_path, commit, sha256
from unexpected_core.weights.cards import Card, WeightsError, read_card, write_card
from unexpected_core.weights.catalog import SUFFIX, find_weights
from unexpected_core.weights.state_dicts import misfits


class Weights(NamedTuple):
    """state: tensor by key, floats as float32; card: what they are."""

    state: dict[str, Tensor]
    card: Card


def read_weights(name_or_path: str | Path) -> Weights:
    """Open weights by shipped name, file or folder, and check them against their card. Raises WeightsError."""
    path = find_weights(name_or_path)
    card = verify(path)
    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"cannot read {path}: {error}; get the file again") from error
    return Weights({key: t.float() if t.is_floating_point() else t for key, t in state.items()}, card)


def verify(path: Path) -> Card:
    """The card of a weight file whose bytes are those that the card was written for. Raises WeightsError."""
    card = read_card(path)
    found = sha256(path)
    if found != card.sha256:
        raise WeightsError(
            f"{path} is damaged, or not the file its card is for: sha256 {found[:12]}..., the card says "
            f"{card.sha256[:12] or 'nothing'}...; get both files again"
        )
    return card


def write_weights(path: str | Path, state: dict[str, Tensor], card: Card, half: bool = True) -> Card:
    """Write weights and card, each whole or not at all; returns the card with fingerprint and commit.

    half: matrices and kernels as float16; vectors (biases, normalisation) stay float32, they are small and have the
    wide ranges. Raises WeightsError for NaN or infinite values, and for a name that does not end in .safetensors.
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise WeightsError(f"weight files end in {SUFFIX}, found {path.name}")
    tensors = {key: _storable(key, tensor, half) for key, tensor in state.items()}
    with atomic_path(path, settled=True) as temporary:
        try:
            save_file(tensors, temporary)
        except SafetensorError as error:
            raise WeightsError(f"cannot write {path}: {error}. Make room and run the same command again") from error
        card = card.model_copy(update={"sha256": sha256(temporary), "commit": card.commit or commit()})
    write_card(path, card)
    return card


def _storable(key: str, tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point():
        tensor = tensor.to(torch.float16 if half and tensor.ndim > 1 else torch.float32)
        if not tensor.isfinite().all():
            raise WeightsError(f"'{key}' holds NaN, infinite or too great values: not written; the training went wrong")
    return tensor.clone().contiguous()  # safetensors refuses tensors that share memory


def load_into(module: nn.Module, weights: Weights) -> None:
    """Fill every tensor of the module, key for key. Raises WeightsError naming what does not fit."""
    if faults := misfits(weights.state, module.state_dict()):
        raise WeightsError(
            f"weights '{weights.card.name}' do not fit {type(module).__name__}: {faults}; "
            f"the card says architecture '{weights.card.architecture}' with {weights.card.options}"
        )
    module.load_state_dict(weights.state)
