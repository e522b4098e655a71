"""IDD-Lite: Indian roads with seven groups of classes."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.datasets.frames import FileDataset, Frame
from unexpected_core.datasets.matching import check_count, ending, images_below, match
from unexpected_core.datasets.roots import Home, find_root
from unexpected_core.labels import IDD_LITE

HOME = Home(
    "idd_lite",
    ("leftImg8bit/*/*/*_image.*",),
    "https://idd.insaan.iiit.ac.in (IDD-Lite)",
    ("DIR_IDD_LITE",),
    "idd20k_lite",
)
COUNTS = {"train": 1403, "val": 204, "test": 404}


def idd_lite(root: str | Path | None = None, split: str = "train", check_counts: bool = True) -> FileDataset:
    """``leftImg8bit/<split>/<drive>/N_image.jpg`` with ``gtFine/<split>/<drive>/N_label.png``.

    Only road and sky have one Cityscapes class; the other groups are 255 (see `labels.IDD_LITE_GROUPS`).
    """
    path = find_root(HOME, root)
    images = ending(images_below(path / "leftImg8bit" / split), "_image")
    check_count(f"idd_lite-{split}", len(images), COUNTS.get(split) if check_counts else None)
    maps = ending(images_below(path / "gtFine" / split), "_label")
    maps = {key: file for key, file in maps.items() if not key.endswith("_inst")}  # of instances, in the download
    labels = match("idd_lite", images, maps, "_label.png")
    frames = [Frame(key, image, labels=labels.get(key)) for key, image in images.items()]
    return FileDataset(f"idd_lite-{split}", frames, labels_table=IDD_LITE)
