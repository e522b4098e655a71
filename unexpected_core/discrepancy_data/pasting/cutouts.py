"""A folder of cut-outs: pictures of things with transparency around them. Every fifth of each kind is kept for judging.

A file's kind is its name without the number behind (`pet_0012.webp` is a pet); small kinds count as one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np

from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.matching import images_below
from unexpected_core.files import expand_home, sha256
from unexpected_core.images import read_cut_out
from unexpected_core.log import LOGGER

CutOut = np.ndarray
"""RGBA uint8 [h, w, 4], the colours multiplied by alpha; alpha touches all four sides."""
EVERY = 5
"""One of so many is kept for validation."""
LONGEST = 256
"""Greatest side in pixels that a cut-out is kept at."""


class CutOuts:
    """Cut-outs in memory, by kind."""

    def __init__(self, kinds: Sequence[Sequence[CutOut]]) -> None:
        self.kinds = [kind for kind in kinds if kind]
        self.all = [thing for kind in self.kinds for thing in kind]

    def __len__(self) -> int:
        return len(self.all)

    def choose(self, rng: np.random.Generator) -> CutOut:
        """Any cut-out as often as any other, or any kind: half of the time each."""
        pool = self.all if rng.random() < 0.5 else self.kinds[rng.integers(len(self.kinds))]
        return pool[rng.integers(len(pool))]


def open_cut_outs(folder: str | Path, training: bool = True) -> CutOuts:
    """The cut-outs of a folder ('' = none): four fifths to learn from, or the fifth to validate with.

    Raises DatasetError, ImageError.
    """
    return _read_all(str(folder), training, _state(folder)) if folder else CutOuts([])


def _state(folder: str | Path) -> tuple[tuple[str, int, int], ...]:
    """What other pictures in the folder would change: names, times of writing, sizes. Raises DatasetError."""
    stats = {key: path.stat() for key, path in images_below(expand_home(folder)).items()}
    return tuple((key, stat.st_mtime_ns, stat.st_size) for key, stat in stats.items())


@lru_cache(2)  # both parts of a folder are checked before a training, and opened in each of its stages
def _read_all(folder: str, training: bool, _: tuple) -> CutOuts:
    files = _files(folder, training)
    with ThreadPoolExecutor(2) as pool:  # OpenCV lets go of the interpreter
        read = dict(zip(files, pool.map(_read, files.values()), strict=True))
    things = {key: thing for key, (thing, _) in read.items()}
    if all(thing is None for thing in things.values()):
        raise DatasetError(
            f"{folder}: none of {len(things)} cut-outs shows anything, they are too small or transparent"
        )
    _tell(folder, "show too little and are left out", [thing is None for thing in things.values()], files)
    _tell(folder, "are whole pictures, cut out of nothing", [whole for _, whole in read.values()], files)
    return CutOuts([[t for key in keys if (t := things[key]) is not None] for _, keys in groupby(files, kind_of)])


def _read(path: Path) -> tuple[CutOut | None, bool]:
    """What shows of a cut-out, and whether it is transparent nowhere."""
    image = read_cut_out(path)
    return trim(image), bool((image[..., 3] == 255).all())


def _tell(folder: str | Path, what: str, so: Sequence[bool], files: Mapping[str, Path]) -> None:
    """Warn of cut-outs of which something is so."""
    if any(so):
        first = next(path.name for path, each in zip(files.values(), so, strict=True) if each)
        LOGGER.warning("%s: %d of %d cut-outs %s, such as %s", folder, sum(so), len(so), what, first)


def fingerprint(folder: str | Path, training: bool = True) -> str | None:
    """SHA-256 of the names and files that `open_cut_outs` reads; None for no folder. Raises DatasetError."""
    if not folder:
        return None
    lines = [f"{key} {sha256(path)}\n" for key, path in _files(folder, training).items()]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _files(folder: str | Path, training: bool) -> dict[str, Path]:
    """By key, kind after kind."""
    files = images_below(expand_home(folder))
    if not files:
        raise DatasetError(f"{folder} holds no picture; expected cut-outs: PNG or WebP with transparency")
    return {key: files[key] for key in _chosen(list(files), training)}


def _chosen(keys: Sequence[str], training: bool) -> list[str]:
    """Every fifth of each kind, or the others, kind after kind; all of them where nothing would be left.

    Kinds of fewer than five count as one: things may have names of their own, and some must be kept of those, too.
    """
    by_kind = sorted(keys, key=lambda key: (kind_of(key), key))
    groups = [list(group) for _, group in groupby(by_kind, kind_of)]
    few = [key for group in groups if len(group) < EVERY for key in group]
    large = [group for group in groups if len(group) >= EVERY]
    kept = {key for group in (*large, few) for key in group[EVERY - 1 :: EVERY]}
    if not kept and not training:
        LOGGER.warning("%d cut-outs are too few to keep some for validation: all of them are used", len(keys))
    return [key for key in by_kind if (key in kept) != training] or by_kind


def kind_of(key: str) -> str:
    """A file's name without the number at its end."""
    return re.sub(r"[\d_-]*$", "", key)


def trim(image: np.ndarray) -> CutOut | None:
    """RGBA uint8 [h, w, 4] -> the part that shows, without its rim (which holds the old background).

    None if too little is left."""
    shrink = LONGEST / max(image.shape[:2])
    if shrink < 1:
        image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    rim = max(3, 2 * (max(image.shape[:2]) // 100) + 1)
    alpha = cv2.erode(np.ascontiguousarray(image[..., 3]), np.ones((rim, rim), np.uint8))
    x, y, w, h = cv2.boundingRect((alpha > 127).astype(np.uint8))
    if w < 8 or h < 8:
        return None
    image, alpha = image[y : y + h, x : x + w], alpha[y : y + h, x : x + w]
    colours = image[..., :3].astype(np.uint16) * alpha[..., None] // 255
    return np.dstack([colours.astype(np.uint8), alpha])
