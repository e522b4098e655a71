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
from unexpected_core.training.settings import DrawnSettings


def drawn_dataset(settings: DrawnSettings, training: bool) -> Dataset:
    """Images and labels of the train track. What is missing is drawn first, into $DIR_EXPERIMENTS/drawn (or exp/drawn)."""
    split = "train" if training else "val"
    roads = DrawnRoads("train", settings.train if training else settings.val, settings.seed + (not training), settings.size)
    height, width = settings.size
    root = Path(os.environ.get("DIR_EXPERIMENTS") or "exp", "drawn", f"{height}x{width}-seed{settings.seed}-{_drawing()}")
    missing = [i for i in range(len(roads)) if not _files(root / split, i)[1].exists()]
    if missing:
        with ProcessPoolExecutor(os.process_cpu_count()) as pool:
            for _ in progress(pool.map(partial(_draw, roads, root / split), missing, chunksize=4), f"drawing {split}", len(missing)):
                pass
    return open_dataset("paired_folder", root, split=split)


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
