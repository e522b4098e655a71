"""State dicts as people save them: wrapped in other things, with prefixes, with tensors of every kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unexpected_core.weights.cards import WeightsError

WRAPPERS = ("weights", "state_dict", "model_state_dict", "model")
"""Keys under which trainings keep their state dict, beside other things."""
PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every key."""


def unwrap(path: Path, content: Any) -> tuple[dict[str, Tensor], int | None]:
    """Tensors by name, out of WRAPPERS and without PREFIXES, and the epoch where one is told."""
    state, epoch = content, None
    for _ in WRAPPERS:  # they may be nested, but not for ever
        inner = [name for name in WRAPPERS if isinstance(state, Mapping) and isinstance(state.get(name), Mapping)]
        if inner:
            epoch = _epoch(state) if epoch is None else epoch
            state = state[inner[0]]
    if not isinstance(state, Mapping) or not state or not all(_is_entry(*entry) for entry in state.items()):
        what = f"keys {', '.join(map(str, [*content][:4]))}" if isinstance(content, Mapping) else type(content).__name__
        raise WeightsError(
            f"{path} holds no weights: found {what}; expected tensors by name, or in one of {', '.join(WRAPPERS)}: "
            "take chk_best.pth, not optimizer.pth"
        )
    while prefix := next((p for p in PREFIXES if all(key.startswith(p) for key in state)), ""):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    return dict(state), epoch


def _is_entry(key: Any, value: Any) -> bool:
    return isinstance(key, str) and isinstance(value, Tensor)


def _epoch(wrapper: Mapping[str, Any]) -> int | None:
    """The epoch, where the file says one: the original in state.epoch_idx, others in epoch."""
    described = wrapper.get("state")
    told = described.get("epoch_idx") if isinstance(described, Mapping) else wrapper.get("epoch")
    return int(told) if isinstance(told, int | np.integer) and not isinstance(told, bool) else None


def misfits(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str:
    """What of a state dict does not fit the one that a network has, three examples of each kind; '' where all fits."""
    shared = [(key, state[key], wanted[key]) for key in wanted if key in state]
    kinds = {
        "missing": [key for key in wanted if key not in state],
        "left over": [key for key in state if key not in wanted],
        "of another shape": [
            f"{key} {list(found.shape)}, expected {list(expected.shape)}"
            for key, found, expected in shared
            if found.shape != expected.shape
        ],
        "of another kind": [f"{key} {kind}" for key, *both in shared if (kind := _odd_kind(*both))],
    }
    return ", ".join(
        f"{len(keys)} {kind} ({'; '.join(keys[:3])}{'; ...' if len(keys) > 3 else ''})"
        for kind, keys in kinds.items()
        if keys
    )


def _odd_kind(tensor: Tensor, wanted: Tensor) -> str:
    """What is wrong with a tensor of any shape and dtype that should hold plain numbers as `wanted` does; or ''."""
    if tensor.is_meta:
        return "without its numbers"
    if tensor.layout != torch.strided:
        return str(tensor.layout)
    plain = tensor.is_floating_point() if wanted.is_floating_point() else not tensor.is_complex()
    return "" if plain else f"{tensor.dtype}, expected {wanted.dtype}"
