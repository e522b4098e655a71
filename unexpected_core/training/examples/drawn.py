"""Drawn roads as data to learn from: drawn once into a folder, by all cores, and from then on read like photographs."""

from __future__ import annotations

from unexpected_core.datasets import Dataset, open_dataset
from unexpected_core.datasets.drawn import VAL_SEED, Drawn
from unexpected_core.datasets.joined import Joined
from unexpected_core.drawing.code import fingerprint
from unexpected_core.drawing.folder import draw_folder
from unexpected_core.training.engine.run import experiments
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.examples.settings import DrawnSettings

PARTS = ("images", "labels", "obstacle")


def drawn_dataset(settings: DrawnSettings, training: bool) -> Dataset:
    """Frames without and with objects; what is missing is drawn first, below $DIR_EXPERIMENTS (or exp)."""
    split, count = ("train", settings.train) if training else ("val", settings.val)
    with_objects = round(count * settings.objects)
    tracks = {"train": count - with_objects, "train_objects": with_objects}
    return Joined([_drawn(settings, split, track, number) for track, number in tracks.items() if number])


def _drawn(settings: DrawnSettings, split: str, track: str, count: int) -> Dataset:
    seed = settings.seed + VAL_SEED * (split == "val")
    recipe = "{}x{}-seed{}-{}".format(*settings.size, seed, fingerprint())
    folder = experiments() / "drawn" / recipe / f"{split}-{track}-{count}"
    roads = Drawn(track, count, seed, settings.size).roads
    try:
        draw_folder(folder, roads, parts=PARTS)
    except OSError as error:
        raise TrainingError(
            f"cannot write drawn roads to {folder}: {error.strerror or error}. What is drawn stays: "
            "make room and run the same command again to go on"
        ) from error
    return open_dataset("obstacle_folder", folder)
