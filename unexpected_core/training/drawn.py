"""Drawn roads as a folder: drawn once, by all cores, then read like photographs."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from unexpected_core import datasets
from unexpected_core.datasets import Dataset, open_dataset
from unexpected_core.datasets.drawn_roads import DrawnRoads
from unexpected_core.images import write_image
from unexpected_core.log import progress
from unexpected_core.training.settings import DrawnSettings, TrainingError


def drawn_dataset(settings: DrawnSettings, training: bool) -> Dataset:
    """Images and labels of the train track; what is missing is drawn first, below $DIR_EXPERIMENTS (or exp)."""
    split, count = ("train", settings.train) if training else ("val", settings.val)
    roads = DrawnRoads("train", count, settings.seed + (not training), settings.size)
    name = f"{count}-{settings.size[0]}x{settings.size[1]}-seed{settings.seed}-{_drawing()}"
    root = Path(os.environ.get("DIR_EXPERIMENTS") or "exp", "drawn", name)
    missing = [i for i in range(count) if not _files(root / split, i)[1].exists()]
    if missing:
        try:
            _draw_all(roads, root / split, missing)
        except OSError as error:
            raise TrainingError(f"cannot write drawn roads to {root}: {error.strerror or error}. What is drawn stays: "
                                "make room and run the same command again to go on") from error
    return open_dataset("paired_folder", root, split=split)


def _draw_all(roads: DrawnRoads, folder: Path, indices: list[int]) -> None:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for _ in progress(pool.map(partial(_draw, roads, folder), indices, chunksize=4), "drawing roads", len(indices)):
            pass


def _draw(roads: DrawnRoads, folder: Path, index: int) -> None:
    sample = roads[index]
    image, labels = _files(folder, index)
    write_image(image, sample.image)
    write_image(labels, sample.labels)  # last: its presence says that the frame is whole


def _files(folder: Path, index: int) -> tuple[Path, Path]:
    return folder / f"{index:05d}.png", folder / f"{index:05d}_trainIds.png"


def _drawing() -> str:
    """Fingerprint of the code that draws, so that frames of an older version are not taken for new ones."""
    files = sorted(Path(datasets.__file__).parent.glob("draw*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]
