"""Cityscapes: the official layout, or the authors' with one more folder ``images/`` above ``leftImg8bit``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.frames import FileDataset, Frame, camera_path
from unexpected_core.datasets.matching import check_count, ending, images_below, match
from unexpected_core.datasets.roots import Home, find_root
from unexpected_core.images import read_map
from unexpected_core.labels import FULL_IDS, NUM_CLASSES, NUM_FULL_IDS, OUTSIDE_ROI, LabelKind

LAYOUT = ("leftImg8bit/*/*/*_leftImg8bit.*", "images/leftImg8bit/*/*/*_leftImg8bit.*")
SOURCE = "https://www.cityscapes-dataset.com (leftImg8bit_trainvaltest.zip, gtFine_trainvaltest.zip)"
HOME = Home("cityscapes", LAYOUT, SOURCE, ("DIR_CITYSCAPES",), "dataset_Cityscapes/2048x1024")
HOME_SMALL = Home(
    "cityscapes_small",
    LAYOUT,
    SOURCE + "; then `unexpected data convert cityscapes`",
    ("DIR_CITYSCAPES_SMALL",),
    "dataset_Cityscapes/1024x512",
)
COUNTS = {"train": 2975, "val": 500, "test": 1525}
SAME = np.arange(256, dtype=np.uint8)


def _open(
    home: Home,
    root: str | Path | None = None,
    split: str = "train",
    ids: LabelKind = "train",
    instances: bool = False,
    check_counts: bool = True,
) -> FileDataset:
    """Photographs of one split; key = ``city/name``.

    ids: "full" keeps the official ids 0..34 in `labels` (the paper's generator is trained on them).
    instances: read ``full_id * 1000 + n`` maps too. obstacle is 0, and 255 on ego vehicle and image border
    (from the root's ``roi.png`` where it has one, and from each frame's own labels).
    """
    path = find_root(home, root)
    return FileDataset(
        f"{home.name}-{split}",
        _frames(home, path, split, instances, COUNTS.get(split) if check_counts else None),
        labels_table=FULL_IDS if ids == "train" else SAME,
        obstacle_table=OUTSIDE_ROI,
        roi=read_roi(path, "roi.png"),
        num_classes=NUM_CLASSES if ids == "train" else NUM_FULL_IDS,
    )


def _frames(home: Home, root: Path, split: str, instances: bool, expected: int | None) -> list[Frame]:
    """Where the files of each frame lie. Raises DatasetError."""
    parent = root / "images" if (root / "images" / "leftImg8bit").is_dir() else root
    images = ending(images_below(parent / "leftImg8bit" / split), "_leftImg8bit")
    check_count(f"{home.name}-{split}", len(images), expected)
    folder = root / "gtFine" / split
    files = images_below(folder) if folder.is_dir() else {}
    labels = match(home.name, images, ending(files, "_gtFine_labelIds"), "_gtFine_labelIds.png")
    separate = match(home.name, images, ending(files, "_gtFine_instanceIds"), "instance map") if instances else {}
    if instances and not separate:
        raise DatasetError(
            f"data set '{home.name}': no *_gtFine_instanceIds.png below {folder}; "
            "open it with instances=False to do without"
        )
    if split == "test":  # its published label maps hold nothing but the ego vehicle
        labels = {}
    return [
        Frame(key, image, labels.get(key), separate.get(key), labels.get(key), camera_path(root, split, image))
        for key, image in images.items()
    ]


def read_roi(root: Path, *names: str) -> np.ndarray | None:
    """The first of these masks that the root holds, uint8 [h, w], 0 = outside; None if there is none."""
    return next((read_map(root / name) for name in names if (root / name).is_file()), None)


cityscapes = partial(_open, HOME)
cityscapes_small = partial(_open, HOME_SMALL)
