"""Which files belong together: the images of a folder by key, the maps of those images, and whether all are there."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.datasets.base import DatasetError
from unexpected_core.files import visible
from unexpected_core.formats import IMAGE_SUFFIXES
from unexpected_core.log import LOGGER


def images_below(folder: Path) -> dict[str, Path]:
    """Every image file below a folder by its relative path without suffix ('/'-separated), sorted.

    Raises DatasetError when the folder is absent (naming its neighbours) or two suffixes share a name.
    """
    if not folder.is_dir():
        near = sorted(p.name for p in folder.parent.glob("*") if p.is_dir()) if folder.parent.is_dir() else []
        raise DatasetError(f"no folder {folder}; {folder.parent} has {', '.join(near) or 'no folders'}")
    found: dict[str, Path] = {}
    for path in visible(folder, "**/*"):
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        key = path.relative_to(folder).with_suffix("").as_posix()
        if key in found:
            raise DatasetError(f"{folder}: '{found[key].name}' and '{path.name}' have one name; keep one of them")
        found[key] = path
    return dict(sorted(found.items()))


def ending(files: dict[str, Path], end: str) -> dict[str, Path]:
    """Those of `images_below` whose name ends so, with the ending taken off."""
    return {key.removesuffix(end): path for key, path in files.items() if key.endswith(end)}


def maps_below(folder: Path, end: str) -> dict[str, Path]:
    """The maps `KEY<end>.*` below a folder, by key; none where there is no such folder, as in test splits."""
    return ending(images_below(folder), end) if folder.is_dir() else {}


def match(
    name: str, images: dict[str, Path], maps: dict[str, Path], what: str, others: bool = False
) -> dict[str, Path]:
    """The maps of the images; none at all is allowed (test splits), some missing is not. Raises DatasetError.

    others: maps of other frames may lie among them; else those without an image are named in the log.
    """
    missing = [key for key in images if key not in maps]
    if missing and len(missing) < len(images):
        raise DatasetError(
            f"data set '{name}': {len(missing)} of {len(images)} images have no {what}, "
            f"first '{missing[0]}' ({images[missing[0]]})"
        )
    spare = sorted(maps.keys() - images.keys())
    if spare and not (missing or others):
        LOGGER.warning("data set '%s': %d of the maps (%s) have no image, first '%s'", name, len(spare), what, spare[0])
    return {} if missing else maps


USE_WHAT_IS_THERE = "or use what is there: check_counts=False (--option check_counts=false, in trainings --partial)"


def check_count(name: str, found: int, expected: int | None) -> None:
    """Published splits have published sizes; a different one means a broken download. Raises DatasetError."""
    if expected is None or found == expected:
        return
    if found < expected:
        cause = f"{expected - found} are missing: complete the download"
    else:
        cause = f"{found - expected} are too many: take away what is not of it"
    raise DatasetError(f"data set '{name}' has {expected} frames, found {found}; {cause}, {USE_WHAT_IS_THERE}")
