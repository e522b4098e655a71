"""BDD100K, the semantic segmentation part (10k images with Cityscapes train ids)."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.datasets.frames import FileDataset, Frame
from unexpected_core.datasets.matching import check_count, images_below, maps_below, match
from unexpected_core.datasets.roots import Home, find_root
from unexpected_core.labels import TRAIN_IDS

HOME = Home(
    "bdd100k",
    ("images/*/*.jpg",),
    "https://bdd-data.berkeley.edu (Segmentation: bdd100k/seg)",
    ("MY_DIR_BDD_SEG", "DIR_BDD"),
    "dataset_BDD100k/bdd100k/seg",
)
COUNTS = {"train": 7000, "val": 1000, "test": 2000}


def bdd100k(root: str | Path | None = None, split: str = "train", check_counts: bool = True) -> FileDataset:
    """``images/<split>/NAME.jpg`` with ``labels/<split>/NAME_train_id.png``; the test split has no labels."""
    path = find_root(HOME, root)
    images = images_below(path / "images" / split)
    check_count(f"bdd100k-{split}", len(images), COUNTS.get(split) if check_counts else None)
    labels = match("bdd100k", images, maps_below(path / "labels" / split, "_train_id"), "_train_id.png")
    frames = [Frame(key, image, labels=labels.get(key)) for key, image in images.items()]
    return FileDataset(f"bdd100k-{split}", frames, labels_table=TRAIN_IDS)
