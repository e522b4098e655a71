"""NYU Depth v2, the indoor set of the paper's extra experiments (40 classes of its own)."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.config import read_json
from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.frames import FileDataset, Frame
from unexpected_core.datasets.matching import check_count, ending, images_below, maps_below, match
from unexpected_core.datasets.roots import Home, find_root
from unexpected_core.labels import NYU, NYU_CLASSES

HOME = Home(
    "nyu",
    ("images/*_rgb.png",),
    "https://cs.nyu.edu/~silberman/datasets/nyu_depth_v2.html",
    ("MY_DIR_NYUDv2",),
    "dataset_NYU_Depth_v2",
)


def nyu(root: str | Path | None = None, split: str = "all", check_counts: bool = True) -> FileDataset:
    """``images/0001_rgb.png``, ``labels_gupta2013_category40/``, ``instances_gupta2013/``; key = four digits.

    split: "all" (1449 frames) or a name of the root's ``splits_nohuman.json`` such as "nohuman_train".
    `labels` are the set's own classes 0..39, 255 = unlabelled; instances as on disk (0 = none).
    """
    path = find_root(HOME, root)
    images = ending(images_below(path / "images"), "_rgb")
    check_count("nyu", len(images), 1449 if check_counts else None)
    maps, separate = (
        match("nyu", images, maps_below(path / folder, end), end)
        for folder, end in (("labels_gupta2013_category40", "_category40"), ("instances_gupta2013", "_instances"))
    )
    frames = [Frame(key, images[key], maps.get(key), separate.get(key)) for key in _keys(path, split, images)]
    return FileDataset(f"nyu-{split}", frames, labels_table=NYU, num_classes=NYU_CLASSES, stuff_below=1)


def _keys(path: Path, split: str, images: dict[str, Path]) -> list[str]:
    if split == "all":
        return list(images)
    file = path / "splits_nohuman.json"
    cure = "expected numbers of frames by split: get it again"
    splits = read_json(file, dict[str, list[int]], DatasetError, cure) if file.is_file() else {}
    members = splits.get(split, splits.get(split.removeprefix("nohuman_")))
    if members is None:
        known = ", ".join(splits) or f"others need {file}"
        raise DatasetError(f"data set 'nyu' has no split '{split}'; known: all, {known}")
    keys = [f"{member:04d}" for member in members]
    absent = [key for key in keys if key not in images]
    if absent:
        raise DatasetError(f"{file}: split '{split}' names frame {absent[0]}, which is absent from images/; get all")
    return keys
