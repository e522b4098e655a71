"""Fishyscapes (Blum et al. 2019): the public validation sets Lost and Found and Static."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.frames import FileDataset, Frame
from unexpected_core.datasets.lost_and_found import HOME as LOST_AND_FOUND
from unexpected_core.datasets.lost_and_found import sequence_of
from unexpected_core.datasets.matching import check_count, ending, images_below
from unexpected_core.datasets.road_anomaly import flat_frames
from unexpected_core.datasets.roots import Home, find_root
from unexpected_core.files import visible
from unexpected_core.labels import OBSTACLE

FLAT = ("original/*.*", "images/*.*")
LAF = Home(
    "fishyscapes_lost_and_found",
    ("*_labels.png", "fishyscapes_lostandfound/*_labels.png", *FLAT),
    "https://fishyscapes.com/dataset (fishyscapes_lostandfound.zip; photographs from Lost and Found)",
    ("DIR_FISHY_LAF",),
    "dataset_Fishyscapes/FishyLAF",
)
STATIC = Home(
    "fishyscapes_static",
    FLAT,
    "https://fishyscapes.com/dataset (Static, made with bdlb from Cityscapes)",
    ("DIR_FISHY_STATIC",),
    "dataset_Fishyscapes/FishyStatic",
)


def fishyscapes_lost_and_found(
    root: str | Path | None = None, lost_and_found: str | Path | None = None, check_counts: bool = True
) -> FileDataset:
    """100 frames with Fishyscapes' own masks (0 normal, 1 obstacle, 255 not evaluated).

    Published layout: masks ``NNNN_<Lost and Found name>_labels.png`` only; the photographs come from Lost and Found
    (lost_and_found: its root). Flat layout: ``original|images`` with ``labels|labels_masks``.
    """
    path = find_root(LAF, root)
    if (path / "fishyscapes_lostandfound").is_dir():
        path = path / "fishyscapes_lostandfound"
    masks = {p.name.removesuffix("_labels.png"): p for p in visible(path, "*_labels.png")}
    frames = _published(masks, lost_and_found) if masks else flat_frames("fishyscapes_lost_and_found", path)
    check_count("fishyscapes_lost_and_found", len(frames), 100 if check_counts else None)
    return FileDataset("fishyscapes_lost_and_found", frames, obstacle_table=OBSTACLE)


def _published(masks: dict[str, Path], lost_and_found: str | Path | None) -> list[Frame]:
    photographs = ending(images_below(find_root(LOST_AND_FOUND, lost_and_found) / "leftImg8bit"), "_leftImg8bit")
    by_name = {key.rpartition("/")[2]: path for key, path in photographs.items()}
    frames = []
    for key, mask in masks.items():
        name = key.partition("_")[2]
        if name not in by_name:
            raise DatasetError(
                f"{mask} needs the photograph {name}_leftImg8bit.* of Lost and Found, absent there; unpack it"
            )
        frames.append(Frame(key, by_name[name], obstacle=mask, sequence=sequence_of(name)))
    return frames


def fishyscapes_static(root: str | Path | None = None, check_counts: bool = True) -> FileDataset:
    """30 Cityscapes frames with pasted objects: ``original|images`` with ``labels|labels_masks`` (0, 1, 255)."""
    path = find_root(STATIC, root)
    frames = flat_frames("fishyscapes_static", path)
    check_count("fishyscapes_static", len(frames), 30 if check_counts else None)
    return FileDataset("fishyscapes_static", frames, obstacle_table=OBSTACLE)
