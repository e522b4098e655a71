"""Folders of one's own: photographs, photographs with train ids, photographs with obstacle masks."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.frames import FileDataset, Frame
from unexpected_core.datasets.matching import ending, images_below, match
from unexpected_core.datasets.roots import Home, find_root
from unexpected_core.files import by_number
from unexpected_core.labels import OBSTACLE, TRAIN_IDS

IMAGE_FOLDER = Home("image_folder", ("**/*.*",), "any folder of photographs")
PAIRED_FOLDER = Home("paired_folder", ("*/*_trainIds.png",), "any images NAME.webp|png|jpg with NAME_trainIds.png")
OBSTACLE_FOLDER = Home("obstacle_folder", ("images/**/*.*",), "`unexpected data draw`, or any images/ with obstacle/")


def image_folder(root: str | Path | None = None) -> FileDataset:
    """Every photograph below a folder, no labels; key = relative path without suffix."""
    path = find_root(IMAGE_FOLDER, root)
    images = _by_number(images_below(path))
    if not images:
        raise DatasetError(f"{path} holds no image file; give the folder of the photographs, or one above it")
    return FileDataset(path.resolve().name, [Frame(key, image) for key, image in images.items()])


def paired_folder(root: str | Path | None = None, split: str = "train") -> FileDataset:
    """``<split>/NAME.webp`` beside ``<split>/NAME_trainIds.png`` (Cityscapes train ids)."""
    path = find_root(PAIRED_FOLDER, root)
    files = images_below(path / split)
    labels = ending(files, "_trainIds")
    images = _by_number({key: image for key, image in files.items() if not key.endswith("_trainIds")})
    labels = match("paired_folder", images, labels, "_trainIds.png")
    frames = [Frame(key, image, labels=labels.get(key)) for key, image in images.items()]
    return FileDataset(f"{path.resolve().name}-{split}", frames, labels_table=TRAIN_IDS)


def obstacle_folder(root: str | Path | None = None) -> FileDataset:
    """``images/`` with ``obstacle/`` masks of the same stem (0 normal, 1 obstacle, 255 not evaluated).

    ``labels/`` (train ids) and ``instances/`` (16-bit) of the same stem are read too where they exist.
    """
    path = find_root(OBSTACLE_FOLDER, root)
    images = _by_number(images_below(path / "images"))
    obstacle, labels, instances = (_maps(path, part, images) for part in ("obstacle", "labels", "instances"))
    frames = [
        Frame(key, image, labels.get(key), instances.get(key), obstacle.get(key)) for key, image in images.items()
    ]
    return FileDataset(path.resolve().name, frames, labels_table=TRAIN_IDS, obstacle_table=OBSTACLE)


def _by_number(images: dict[str, Path]) -> dict[str, Path]:
    """As a camera numbered them, which need not have written 2 as 02: the frames of a drive are in its order."""
    return dict(sorted(images.items(), key=lambda item: by_number(item[0])))


def _maps(root: Path, part: str, images: dict[str, Path]) -> dict[str, Path]:
    """The maps of the images in root/part; none where there is no such folder. Raises DatasetError."""
    if not (root / part).is_dir():
        return {}
    found = images_below(root / part)
    maps = match("obstacle_folder", images, found, f"{part}/ map")
    if images and not maps:
        held = (
            f"the {len(found)} files in it are called otherwise, such as '{next(iter(found))}'"
            if found
            else "it is empty"
        )
        raise DatasetError(f"data set 'obstacle_folder': {root / part} has no map of '{next(iter(images))}'; {held}")
    return maps
