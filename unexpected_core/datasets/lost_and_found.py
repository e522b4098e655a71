"""Lost and Found (Pinggera et al. 2016), full size or small, as the paper and as SegmentMeIfYouCan evaluate it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.cityscapes import read_roi
from unexpected_core.datasets.frames import FileDataset, Frame, camera_path
from unexpected_core.datasets.matching import USE_WHAT_IS_THERE, ending, images_below, maps_below, match
from unexpected_core.datasets.roots import Home, find_root
from unexpected_core.labels import LOST_AND_FOUND_IMAGE, LOST_AND_FOUND_ROAD
from unexpected_core.log import LOGGER

LAYOUT = ("leftImg8bit/*/*/*_leftImg8bit.*",)
SOURCE = "http://www.6d-vision.com/lostandfounddataset (leftImg8bit.zip, gtCoarse.zip)"
HOME = Home("lost_and_found", LAYOUT, SOURCE, ("DIR_LAF",), "dataset_LostAndFound/2048x1024")
HOME_SMALL = Home(
    "lost_and_found_small",
    LAYOUT,
    SOURCE + "; then `unexpected data convert lost_and_found`",
    ("DIR_LAF_SMALL",),
    "dataset_LostAndFound/1024x512",
)

COUNTS = {"train": 1036, "test": 1203}
INVALID = {
    "train": (44, 67, 88, 109, 131, 614),
    "test": (17, 37, 55, 72, 91, 110, 129, 153, 174, 197, 218, 353, 490, 618, 686, 792, 793),
}
"""Positions, in the sorted complete split, of frames whose label map is all zero."""
KNOWN_OBJECTS = (
    "15_Rechbergstr_Deckenpfronn",
    "01_Hanns_Klemm_Str_45_000006",
    "01_Hanns_Klemm_Str_45_000007",
    "10_Schlossberg_9_000004",
)
"""Sequences whose obstacle is a class of Cityscapes: children and bicycles (SegmentMeIfYouCan leaves them out)."""


def _open(
    home: Home,
    root: str | Path | None = None,
    split: str = "test",
    frames: Literal["last_of_sequence", "all"] = "last_of_sequence",
    roi: Literal["image", "road"] = "image",
    known_objects: bool = True,
    check_counts: bool = True,
) -> FileDataset:
    """One split without its invalid frames; key = ``NN_scene_SSSSSS_TTTTTT``.

    frames: the last frame of each sequence (the paper: object closest), or all. roi: what is evaluated, the image
    inside ``LAF_roi.png`` of the root (the paper) or the road and the obstacles on it (SegmentMeIfYouCan).
    known_objects: keep sequences with children and bicycles.
    """
    path, name = find_root(home, root), f"{home.name}-{split}"
    images = _names(ending(images_below(path / "leftImg8bit" / split), "_leftImg8bit"))
    keys = _valid(list(images), split, home.name, check_counts)
    if not known_objects:
        keys = [key for key in keys if not key.startswith(KNOWN_OBJECTS)]
    if frames == "last_of_sequence":
        keys = list({sequence_of(key): key for key in keys}.values())
    listed = _frames(home, path, split, {key: images[key] for key in keys})
    if roi == "road":
        return FileDataset(name, listed, obstacle_table=LOST_AND_FOUND_ROAD)
    mask = read_roi(path, "LAF_roi.png", "roi.png")
    if mask is None:
        LOGGER.warning("%s: %s has no LAF_roi.png, so the whole image is evaluated, ego car included", home.name, path)
    return FileDataset(name, listed, roi=mask, obstacle_table=LOST_AND_FOUND_IMAGE)


def _frames(home: Home, root: Path, split: str, images: dict[str, Path]) -> list[Frame]:
    files = _names(maps_below(root / "gtCoarse" / split, "_gtCoarse_labelIds"))
    maps = match(home.name, images, files, "_gtCoarse_labelIds.png", others=True)  # of frames left out
    return [
        Frame(
            key,
            image,
            obstacle=maps.get(key),
            camera=camera_path(root, split, image),
            sequence=sequence_of(key),
        )
        for key, image in images.items()
    ]


def sequence_of(name: str) -> str:
    """``NN_scene_SSSSSS_TTTTTT`` -> ``NN_scene_SSSSSS``."""
    return name.rpartition("_")[0]


def _names(files: dict[str, Path]) -> dict[str, Path]:
    """Drop the scene folder, which the name repeats, and sort by name."""
    return dict(sorted((key.rpartition("/")[2], path) for key, path in files.items()))


def _valid(keys: list[str], split: str, name: str, check_counts: bool) -> list[str]:
    if len(keys) == COUNTS.get(split):
        return [key for i, key in enumerate(keys) if i not in INVALID[split]]
    if check_counts and split in COUNTS:
        raise DatasetError(
            f"data set '{name}-{split}' has {COUNTS[split]} frames, found {len(keys)}; its invalid "
            f"frames are known by position in the complete set. Complete the download, {USE_WHAT_IS_THERE}"
        )
    return keys


lost_and_found = partial(_open, HOME)
lost_and_found_small = partial(_open, HOME_SMALL)
lost_and_found_no_known = partial(_open, HOME, split="test", frames="all", roi="road", known_objects=False)
