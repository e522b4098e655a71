"""What a person can point the command at: images, folders, videos, rosbags; frames one by one, named for output."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unexpected_core.datasets.bag import bag
from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.video import video
from unexpected_core.images import IMAGE_SUFFIXES, ImageError, read_image

BAG_SUFFIXES = (".mcap", ".db3", ".bag")
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


class Frame(NamedTuple):
    """One image of one input. name: '/'-separated, safe as a file name on every system, not yet unique.

    image: RGB uint8 [H, W, 3], or the error that kept it from being read.
    """

    source: str
    name: str
    image: np.ndarray | ImageError | DatasetError


def open_inputs(paths: Sequence[str], topic: str | None = None, every: int = 1) -> tuple[Iterator[Frame], int | None]:
    """The frames of all inputs in order, and their number where it is known beforehand.

    What cannot be read comes as a frame with an error. topic: of bags with several cameras; every: of videos.
    """
    parts = [_open(Path(path), topic, every) for path in paths]
    counts = [count for _, count in parts]
    return (frame for frames, _ in parts for frame in frames), sum(counts)


def _open(path: Path, topic: str | None, every: int) -> tuple[Iterator[Frame], int]:
    try:
        if path.is_dir() and not (path / "metadata.yaml").is_file():
            return _folder(path)
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return _images([path], path.parent), 1
        if not path.exists():
            raise ImageError(f"{path} does not exist")
        played = bag(path, topic) if path.is_dir() or path.suffix.lower() in BAG_SUFFIXES else video(path, every)
        return _played(path, played), len(played)
    except (ImageError, DatasetError) as error:
        return iter([Frame(str(path), safe_name(path.stem), error)]), 1


def _folder(folder: Path) -> tuple[Iterator[Frame], int]:
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith("."))
    if not found:
        raise ImageError(f"{folder} holds no images ({', '.join(IMAGE_SUFFIXES)})")
    return _images(found, folder), len(found)


def _images(paths: Sequence[Path], root: Path) -> Iterator[Frame]:
    for path in paths:
        name = "/".join(safe_name(part) for part in path.relative_to(root).with_suffix("").parts)
        try:
            yield Frame(str(path), name, read_image(path))
        except ImageError as error:
            yield Frame(str(path), name, error)


def _played(path: Path, dataset: Sequence) -> Iterator[Frame]:
    name = safe_name(path.stem)
    for key in dataset.keys:
        try:
            yield Frame(str(path), f"{name}/{safe_name(key)}", dataset[key].image)
        except (ImageError, DatasetError) as error:
            yield Frame(str(path), f"{name}/{safe_name(key)}", error)
            return


def safe_name(text: str) -> str:
    """A part of a path that every system accepts: no reserved characters, names, trailing dots, or great lengths."""
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", text).rstrip(". ")[:100] or "_"
    return f"_{name}" if name.split(".")[0].lower() in RESERVED else name


class UniqueNames:
    """Gives every name once: 'a', 'a-2', 'a-3'; capitals do not make a difference (Windows, macOS)."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def __call__(self, name: str) -> str:
        """The name itself, or with the next free number."""
        unique, n = name, 1
        while unique.lower() in self._given:
            n += 1
            unique = f"{name}-{n}"
        self._given.add(unique.lower())
        return unique
