"""From a finished training to weights that a detector loads."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.training.checkpoint import BEST, load
from unexpected_core.training.settings_fast import FastTraining
from unexpected_core.weights.cards import Card
from unexpected_core.weights.reading import write_weights


def publish_fast(settings: FastTraining, folder: Path) -> Path:
    """chk_best.pth of a `fast` training -> fast.safetensors with its card, which ``load_detector(folder)`` opens."""
    content = load(folder / BEST)
    sources = " ".join(f"--data {name}" for name in settings.data.roots)
    path = folder / "fast.safetensors"
    write_weights(path, content["weights"], Card(
        name=settings.name, architecture="fast", working_height=settings.task.working_height,
        training_data=list(settings.data.roots), preset=settings.name,
        command=f"unexpected train {settings.name} {sources}", licence=_licence(settings),
        scores={"validation loss": content["state"]["best_loss_val"], "epoch": content["state"]["epoch_idx"]}))
    return path


def _licence(settings: FastTraining) -> str:
    drawn_only = set(settings.data.roots) == {"drawn"}
    return "trained on drawings only: Apache-2.0" if drawn_only else Card.model_fields["licence"].default
