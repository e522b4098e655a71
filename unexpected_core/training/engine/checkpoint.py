"""The files of a run that hold weights. Each is written whole or not at all and loads with weights_only=True.

optimizer.pth alone says where a training stands: networks, optimiser, schedule, position. It is written last, so a
process killed between two files repeats some steps, with the same result. chk_last.pth and chk_best.pth are for use.
"""

from __future__ import annotations

import hashlib
import math
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from unexpected_core.files import atomic_path, damaged_member, visible
from unexpected_core.training.errors import TrainingError
from unexpected_core.weights.catalog import SUFFIX

BEST, LAST, STATE = "chk_best.pth", "chk_last.pth", "optimizer.pth"
MEAN = "mean"
"""Name in optimizer.pth of the mean over the epochs."""
STOP = "stop"
"""A file of this name in the run folder ends the training after the epoch."""
CURES = {
    STATE: f"delete it and move {BEST} and {LAST} away, to train from the start",
    LAST: "delete it and run the same command again: it is written anew",
    BEST: "delete it: the next better epoch writes it anew",
}


@dataclass
class Progress:
    """Where a training stands.

    started: the untrained networks were validated. epoch: epochs finished. step: steps taken in the one after. sums:
    losses summed over those steps. best: least validation loss so far, with its epoch. log_bytes: length of
    training.log up to here. examples: how many are learned from, 0 = not noted.
    keys: `fingerprint` of their names, '' = not noted; validation: of those that the losses in `best` are of.
    """

    started: bool = False
    epoch: int = 0
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    best: float = math.inf
    best_epoch: int = 0
    log_bytes: int = 0
    examples: int = 0
    keys: str = ""
    validation: str = ""


def fingerprint(keys: Sequence[str]) -> str:
    """One word for the names of the examples in their order, equal where they are."""
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]


def save(path: Path, content: dict[str, Any]) -> None:
    """Write tensors and plain values. Raises TrainingError; the file that was there before is then untouched."""
    try:
        with atomic_path(path, settled=True) as temporary:
            torch.save(content, temporary)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
        free = shutil.disk_usage(path.parent).free / 2**20
        raise TrainingError(
            f"cannot write {path}: {error}. {free:.0f} MiB are free there. What was saved before is "
            "intact: make room and run the same command again to go on"
        ) from error


def load(path: Path) -> dict[str, Any]:
    """Read what `save` wrote, to the CPU. Raises TrainingError."""
    try:
        if member := damaged_member(path):  # PyTorch does not look at the checksums
            raise zipfile.BadZipFile(f"checksum of {member}")
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged archive raises many kinds, some with the advice to load it unsafely
        raise TrainingError(
            f"cannot read {path}: it is not a whole file of weights ({type(error).__name__}). Restore "
            f"it, or {CURES.get(path.name, 'delete it')}"
        ) from error


def read_progress(folder: Path) -> Progress | None:
    """Where the training of a run folder stands; None where no state was saved. Raises TrainingError.

    Also where there is no state, but weights that have learned: a training from the start would replace them.
    """
    if (folder / STATE).exists():
        return _progress(folder / STATE, load(folder / STATE))
    for path in (folder / BEST, folder / LAST):
        if path.exists() and (epoch := _epoch_if_readable(path)) != 0:  # 0: killed before the first state was saved
            raise TrainingError(
                f"{path} is of {'an unknown epoch' if epoch is None else f'epoch {epoch}'}, and no {STATE} is there to "
                "go on from: a training from the start would replace it. Use another --run, or move it away"
            )
    for path in visible(folder, f"*{SUFFIX}"):
        raise TrainingError(
            f"{path} is there, and no {STATE} to go on from: what a training from the start publishes could "
            "replace it. Use another --run, or move it away"
        )
    return None


def _progress(path: Path, content: Any) -> Progress:
    try:
        return Progress(**content["progress"])
    except (KeyError, TypeError) as error:
        raise TrainingError(
            f"{path} is not the state of such a training: its 'progress' is not there, or another version's ({error}). "
            f"Use another --run, or {CURES[STATE]}"
        ) from error


def is_finished(folder: Path, epochs: int) -> bool:
    """Whether the training has reached its last epoch, and the files that it was for are there.

    Raises TrainingError where one of them is damaged, or of another epoch than the state says.
    """
    progress = read_progress(folder)
    if progress is None or not progress.started or progress.epoch < epochs:
        return False
    for name, epoch in ((LAST, progress.epoch), (BEST, progress.best_epoch)):
        if (folder / name).exists() and (found := _epoch(load(folder / name))) != epoch:
            raise TrainingError(
                f"{folder / name} is of epoch {found}, expected {epoch}, as {STATE} says. Restore it, or {CURES[name]}"
            )
    return (folder / LAST).exists()


def _epoch_if_readable(path: Path) -> Any:
    """None for a file that a training here has not written so, such as a published one."""
    try:
        return _epoch(load(path))
    except TrainingError:
        return None


def _epoch(content: Any) -> Any:
    state = content.get("state") if isinstance(content, dict) else None
    return state.get("epoch_idx") if isinstance(state, dict) else None


def save_weights(folder: Path, weights: dict[str, Tensor], progress: Progress, run_name: str, best: bool) -> None:
    """chk_last.pth, and chk_best.pth if these are the best weights so far."""
    state = {"epoch_idx": progress.epoch, "best_loss_val": progress.best, "run_name": run_name}
    for name in [LAST, BEST] if best else [LAST]:
        save(folder / name, {"weights": weights, "state": state})


def published_weights(networks: nn.ModuleDict, names: tuple[str, ...]) -> dict[str, Tensor]:
    """State dict of the networks that are used after training; with prefixes only where there are several."""
    if len(names) == 1:
        state = networks[names[0]].state_dict()
    else:
        state = {f"{name}.{key}": value for name in names for key, value in networks[name].state_dict().items()}
    return {key: value.detach().cpu() for key, value in state.items()}


def save_state(folder: Path, progress: Progress, parts: dict[str, Any]) -> None:
    """optimizer.pth: progress and the state dicts of all that moves."""
    states = {name: part.state_dict() for name, part in parts.items()}
    save(folder / STATE, {"epoch_idx": progress.epoch, "progress": asdict(progress), **states})


def load_state(folder: Path, parts: dict[str, Any]) -> Progress | None:
    """Put the parts back to where optimizer.pth was written; None when there is no such file. Raises TrainingError.

    See read_progress.
    """
    if not (folder / STATE).exists():
        return read_progress(folder)
    content = load(folder / STATE)
    progress = _progress(folder / STATE, content)
    for name, part in parts.items():
        if content[name]:  # on a CPU 16-mixed has no scale to save, and a GPU's scaler refuses nothing for one
            part.load_state_dict(content[name])
    return progress


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files of a training that was killed while writing."""
    for pattern in (".chk_*.pth.*", ".optimizer.pth.*", ".config.json.*", "*_log/.e*.webp.*"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
