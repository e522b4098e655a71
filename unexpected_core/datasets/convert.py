"""Small copies of big data sets: photographs averaged to WebP, id maps by nearest neighbour, calibrations as they are.

Needs no other program, works on any system, and goes on where it was stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from shutil import copyfile
from typing import NamedTuple, NotRequired, TypedDict

from unexpected_core.config import read_json, unknown_name
from unexpected_core.files import atomic_path, visible, write_text
from unexpected_core.formats import IMAGE_SUFFIXES
from unexpected_core.images import (
    ImageError,
    read_image,
    read_map,
    resize_image,
    resize_map,
    write_image,
)
from unexpected_core.log import LOGGER, progress

QUALITY = 90
PARTS = {
    "cityscapes": ("camera", "leftImg8bit", "images/leftImg8bit", "gtFine"),
    "lost_and_found": ("camera", "leftImg8bit", "gtCoarse"),
}
"""Data set -> the folders that are copied, those that exist."""
IMAGE = "_leftImg8bit"
CAMERA = "_camera.json"
MAPS = ("_labelIds", "_instanceIds", "_labelTrainIds")
ROI_FILES = ("roi.png", "LAF_roi.png")


class ConversionError(ValueError):
    """A conversion that is refused or not complete; the message says why and the cure."""


class Copy(NamedTuple):
    """One file to make. is_map: ids (nearest neighbour, own depth) rather than a photograph or a calibration."""

    source: Path
    target: Path
    is_map: bool


class Converted(NamedTuple):
    """What a conversion did: files per folder and split, how many were made now, and what failed."""

    counts: dict[str, int]
    made: int
    failed: dict[str, str]


def convert(
    name: str, source: str | Path, target: str | Path, size: tuple[int, int] = (512, 1024), workers: int = 2
) -> Converted:
    """Copy a data set to size (height, width). Files that are there already are kept; each is whole or absent.

    Unreadable files are reported and left out. Raises ConversionError when source and target overlap, the target was
    made with another size or holds files of the same names from another source, nothing is found, or the disk is full.
    """
    if name not in PARTS:
        raise ConversionError(unknown_name("data set to convert", name, PARTS))
    source, target = Path(source), Path(target)
    _refuse_overlap(source, target)
    copies = find_copies(name, source, target)
    todo = [copy for copy in copies if not copy.target.is_file()]
    _note(target, {"dataset": name, "size": list(size), "quality": QUALITY}, source, len(copies) - len(todo))
    if len(todo) < len(copies):
        LOGGER.info("%s: %d of %d files are there already", target, len(copies) - len(todo), len(copies))
    failed = _copy_all(todo, size, workers, f"converting {name}", target)
    return Converted(check_counts(copies, source, failed), len(todo) - len(failed), failed)


def find_copies(name: str, source: Path, target: Path) -> list[Copy]:
    """Every photograph, id map and calibration of the source, with its place in the target.

    Raises ConversionError if there is none.
    """
    copies = []
    for part in PARTS[name]:
        for path in visible(source / part, "**/*.*"):
            place = target / path.relative_to(source)
            if path.stem.endswith(IMAGE) and path.suffix.lower() in IMAGE_SUFFIXES:
                copies.append(Copy(path, place.with_suffix(".webp"), is_map=False))
            elif path.stem.endswith(MAPS) and path.suffix.lower() == ".png":
                copies.append(Copy(path, place, is_map=True))
            elif path.name.endswith(CAMERA):
                copies.append(Copy(path, place, is_map=False))
    if all(copy.source.name.endswith(CAMERA) for copy in copies):
        looked = ", ".join(f"{source / part}" for part in PARTS[name] if part != "camera")
        raise ConversionError(f"nothing to convert: no *{IMAGE}.png and no *{MAPS[0]}.png below {looked}; is that it?")
    return copies + [Copy(source / roi, target / roi, is_map=True) for roi in ROI_FILES if (source / roi).is_file()]


def _refuse_overlap(source: Path, target: Path) -> None:
    if not source.is_dir():
        raise ConversionError(f"{source} is not a folder; give that of the data set as it was unpacked")
    here, there = source.resolve(), target.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise ConversionError(
            f"refusing to write into the source: {target} and {source} overlap; choose another folder"
        )


class _Note(TypedDict):
    """What conversion.json says."""

    dataset: str
    size: list[int]
    quality: int
    sources: NotRequired[list[str]]


def _note(target: Path, making: dict, source: Path, there: int) -> None:
    """Remember size, quality and sources, so that one folder never holds two sizes.

    there: files of this source's names that the target holds already, which would be taken for its own.
    """
    path, place = target / "conversion.json", str(source.resolve())
    before = read_json(path, _Note, ConversionError, "restore it, or choose another folder") if path.is_file() else {}
    sources = before.pop("sources", [])
    if before and before != making:
        raise ConversionError(
            f"{target} holds a conversion made otherwise: {before}, now {making}; "
            "choose another folder, or the same settings to go on"
        )
    if there and not before:
        raise ConversionError(
            f"{target} holds {there} files of these names that no conversion made, such as another copy of the data "
            "set; choose another folder"
        )
    if there and sources and place not in sources:
        raise ConversionError(
            f"{target} holds {there} files of the same names from {' and '.join(sources)}; choose another folder, "
            f"or, where that is {source} moved since, write its new place into {path}"
        )
    if place not in sources:
        text = json.dumps(making | {"sources": [*sources, place]})
        _guarded(lambda: write_text(path, text + "\n"), target)


def _copy_all(copies: list[Copy], size: tuple[int, int], workers: int, title: str, target: Path) -> dict[str, str]:
    """Threads are enough: OpenCV lets go of the interpreter."""
    failed = {}
    with ThreadPoolExecutor(max(1, workers)) as pool:
        futures = {pool.submit(_copy, copy, size): copy for copy in copies}
        try:
            for future in progress(as_completed(futures), title, len(futures)):
                try:
                    _guarded(future.result, target)
                except ImageError as error:
                    LOGGER.error("left out: %s", error)
                    failed[str(futures[future].source)] = str(error)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return failed


def _guarded(action: Callable[[], object], target: Path) -> None:
    try:
        action()
    except OSError as error:
        raise ConversionError(
            f"cannot write to {target}: {error.strerror or error}. What is finished stays; "
            "make room and run the same command to go on"
        ) from error


def _copy(copy: Copy, size: tuple[int, int]) -> None:
    if copy.source.name.endswith(CAMERA):  # holds at any size, see frames._read_camera
        with atomic_path(copy.target) as temporary:
            copyfile(copy.source, temporary)
    elif copy.is_map:
        write_image(copy.target, resize_map(read_map(copy.source), size))
    else:
        write_image(copy.target, resize_image(read_image(copy.source), size), QUALITY)


def check_counts(copies: Iterable[Copy], source: Path, failed: dict[str, str]) -> dict[str, int]:
    """Files present in the target per folder, split and kind. Raises ConversionError if any is missing unexplained."""
    counts: dict[str, int] = {}
    for copy in copies:
        parts = copy.source.relative_to(source).parts
        kind = copy.source.stem.rpartition("_")[2]
        group = "/".join((*parts[:-2], kind)) if len(parts) > 1 else kind
        counts.setdefault(group, 0)
        if copy.target.is_file():
            counts[group] += 1
        elif str(copy.source) not in failed:
            raise ConversionError(f"{copy.target} is missing after the conversion; run the same command again")
    return counts
