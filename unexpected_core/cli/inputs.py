"""What a person can point the command at: images, folders, videos, rosbags; frames one by one, named for output."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unexpected_core.datasets.bag import bag
from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.played import PlayedDataset
from unexpected_core.datasets.video import video
from unexpected_core.images import IMAGE_SUFFIXES, ImageError, read_image

BAG_SUFFIXES = (".mcap", ".db3", ".bag")
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


class Frame(NamedTuple):
    """One image of one input. name: '/'-separated, safe as a file name on every system, not yet unique.

    read: gives RGB uint8 [H, W, 3], or raises ImageError or DatasetError.
    """

    source: str
    name: str
    read: Callable[[], np.ndarray]


def open_inputs(
    paths: Sequence[str], topic: str | None = None, every: int = 1, results: Sequence[Path] = ()
) -> tuple[Iterator[Frame], int]:
    """The frames of all inputs in order, and how many to expect; an input that cannot be opened is one bad frame.

    topic: of bags with several cameras; every: take every k-th frame of videos.
    results: folders that are about to be written; what lies in them is no input.
    """
    written = [folder.resolve() for folder in results]
    opened = [_open(Path(path), topic, every, written) for path in paths]
    return chain.from_iterable(frames for frames, _ in opened), sum(count for _, count in opened)


def _open(path: Path, topic: str | None, every: int, written: Sequence[Path]) -> tuple[Iterable[Frame], int]:
    try:
        if _is_below(path.resolve(), written):
            raise ImageError(f"{path} lies where results are to be written, and is left alone; choose another --out")
        if path.is_dir() and not (path / "metadata.yaml").is_file():
            frames = _folder(path, written)
            return frames, len(frames)
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return [_image(path, path.parent)], 1
        if not path.exists():
            raise ImageError(f"{path} does not exist")
        is_bag = path.is_dir() or path.suffix.lower() in BAG_SUFFIXES
        played = bag(path, topic) if is_bag else video(path, every)
        return _played(path, played), len(played)
    except OSError as error:
        return _open_failed(path, ImageError(f"cannot read {path}: {error.strerror or error}"))
    except (ImageError, DatasetError) as error:
        return _open_failed(path, error)


def _open_failed(path: Path, error: Exception) -> tuple[list[Frame], int]:
    return [Frame(str(path), safe_name(path.stem), partial(_give, error))], 1


def _give(image: np.ndarray | Exception) -> np.ndarray:
    if isinstance(image, Exception):
        raise image
    return image


def _image(path: Path, root: Path) -> Frame:
    parts = path.relative_to(root).with_suffix("").parts
    return Frame(str(path), "/".join(map(safe_name, parts)), partial(read_image, path))


def _folder(folder: Path, written: Sequence[Path]) -> list[Frame]:
    root = folder.resolve()
    found = sorted(
        p
        for p in folder.rglob("*")
        if p.suffix.lower() in IMAGE_SUFFIXES
        and not p.name.startswith(".")
        and not _is_below(root / p.relative_to(folder), written)
    )
    if not found:
        raise ImageError(f"{folder} holds no images ({', '.join(IMAGE_SUFFIXES)})")
    return [_image(path, folder) for path in found]


def _is_below(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _played(path: Path, dataset: PlayedDataset) -> Iterator[Frame]:
    # Many videos hold a few frames less than they claim: where one ends is not an error.
    name = safe_name(path.stem)
    try:
        for key, image in zip(dataset.keys, dataset.play(), strict=False):
            if isinstance(image, Exception):
                image = ImageError(f"{path}, frame {key}: {image}")
            yield Frame(str(path), f"{name}/{safe_name(key)}", partial(_give, image))
    except DatasetError as error:
        yield Frame(str(path), name, partial(_give, error))


def safe_name(text: str) -> str:
    """A part of a path that every system accepts: no reserved characters, names, trailing dots, or great lengths."""
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", text)[:100].rstrip(". ") or "_"
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
