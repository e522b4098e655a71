"""What every data set is: named frames, one sample at a time. NumPy arrays only; no torch.

A set is made of files (`FileDataset`), of something that must be played (video, bag), or of another set (`Wrapped`).
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.files import visible
from unexpected_core.formats import IMAGE_SUFFIXES
from unexpected_core.images import read_map, read_turned, resize_image, resize_map
from unexpected_core.labels import IGNORE, NUM_CLASSES, UNKNOWN
from unexpected_core.log import LOGGER
from unexpected_core.structs import RoadCamera, Sample


class DatasetError(ValueError):
    """A data set that is not there or not as described; the message says what was looked for and where to get it."""


class Dataset:
    """Base of all data sets: `len`, `keys`, `[i]` and `[key]` -> Sample.

    name: for reports and file names. keys: unique, '/'-separated, in order. num_classes: classes of `Sample.labels`.
    Subclasses implement `load`. Data sets hold paths, not open files, so they travel to worker processes.
    """

    def __init__(self, name: str, keys: Iterable[str], num_classes: int = NUM_CLASSES) -> None:
        self.name = name
        self.keys = tuple(keys)
        self.num_classes = num_classes
        self._index = {key: i for i, key in enumerate(self.keys)}
        if not self.keys:
            raise DatasetError(f"data set '{name}' is empty")
        if len(self._index) != len(self.keys):
            twice = next(key for i, key in enumerate(self.keys) if self._index[key] != i)
            raise DatasetError(f"data set '{name}': two frames are called '{twice}'")

    def load(self, index: int) -> Sample:
        """Sample number `index`, 0..len-1. Raises ImageError for unreadable files, DatasetError for wrong contents."""
        raise NotImplementedError

    def camera(self, key: str) -> RoadCamera | None:
        """How a frame's camera stands over the road; None where the set does not say. Raises DatasetError."""
        return None

    def sequence(self, key: str) -> str | None:
        """Name of the drive or clip that a frame is of, whose frames are alike; None where the set does not say."""
        return None

    def index(self, key: str) -> int:
        """Position of a key. Raises KeyError naming the nearest key."""
        if key not in self._index:
            near = difflib.get_close_matches(key, self.keys, n=1, cutoff=0.0)[0]
            raise KeyError(f"data set '{self.name}' has no frame '{key}' among {len(self)}; the nearest is '{near}'")
        return self._index[key]

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, which: int | str) -> Sample:
        index = self.index(which) if isinstance(which, str) else range(len(self))[which]
        return self.load(index)

    def __iter__(self) -> Iterator[Sample]:
        return (self.load(i) for i in range(len(self)))


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the maps of one sample lie on disk, and the sequence that it is of."""

    key: str
    image: Path
    labels: Path | None = None
    instances: Path | None = None
    obstacle: Path | None = None
    camera: Path | None = None
    sequence: str | None = None


class FileDataset(Dataset):
    """Frames that are files: RGB image, label ids, 16-bit instances, obstacle mask.

    labels_table, obstacle_table: uint8 [256], what the ids on disk mean (see `labels`).
    roi: uint8 [h, w], 0 = outside; resized to each frame, obstacle is 255 there.
    stuff_below: instance ids under this are no instances (Cityscapes: stuff and groups) and become 0.
    """

    def __init__(
        self,
        name: str,
        frames: Sequence[Frame],
        *,
        labels_table: np.ndarray | None = None,
        obstacle_table: np.ndarray | None = None,
        roi: np.ndarray | None = None,
        num_classes: int = NUM_CLASSES,
        stuff_below: int = 1000,
    ) -> None:
        super().__init__(name, (frame.key for frame in frames), num_classes)
        self.frames = tuple(frames)
        self.labels_table, self.obstacle_table, self.roi = labels_table, obstacle_table, roi
        self.stuff_below = stuff_below

    def load(self, index: int) -> Sample:
        """Read one frame's files; see Dataset.load."""
        frame = self.frames[index]
        image, orientation = read_turned(frame.image)
        photo = _Photo(frame.image, image.shape[:2], orientation)
        # Cityscapes takes labels and obstacle from one file: read it once.
        ids = {path: _read_ids(path, photo) for path in {frame.labels, frame.obstacle} if path}
        labels = obstacle = None
        if frame.labels and self.labels_table is not None:
            labels = translate(ids[frame.labels], self.labels_table, frame.labels)
        if frame.obstacle and self.obstacle_table is not None:
            obstacle = translate(ids[frame.obstacle], self.obstacle_table, frame.obstacle)
            if self.roi is not None:
                obstacle[resize_map(self.roi, obstacle.shape) == 0] = IGNORE
        instances = None
        if frame.instances:
            instances = _read_ids(frame.instances, photo).astype(np.int32)
            instances[instances < self.stuff_below] = 0
        return Sample(frame.key, image, labels, instances, obstacle)

    def camera(self, key: str) -> RoadCamera | None:
        """From the frame's camera file, where there is one; see Dataset.camera."""
        path = self.frames[self.index(key)].camera
        return _read_camera(path) if path and path.is_file() else None

    def sequence(self, key: str) -> str | None:
        """See Dataset.sequence."""
        return self.frames[self.index(key)].sequence


def camera_path(root: Path, split: str, image: Path) -> Path:
    """Where Cityscapes and Lost and Found keep the calibration of `SPLIT/FOLDER/NAME_leftImg8bit.*`."""
    return root / "camera" / split / image.parent.name / f"{image.stem.removesuffix('_leftImg8bit')}_camera.json"


def _read_camera(path: Path) -> RoadCamera:
    """Calibration of an image with 1024 rows, as published; the horizon follows from the pitch (down is positive)."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        inside, outside = values["intrinsic"], values["extrinsic"]
        horizon = inside["v0"] - inside["fy"] * math.tan(outside["pitch"])
        return RoadCamera(outside["z"], inside["fy"] / 1024, (horizon + 0.5) / 1024)
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{path}: expected a camera file with 'intrinsic' fy, v0 and 'extrinsic' pitch, z "
            f"({error!r}); restore or delete it"
        ) from error


class _Photo(NamedTuple):
    """What a map must fit: the photograph's file, size (height, width) and EXIF orientation."""

    path: Path
    size: tuple[int, int]
    orientation: int


def _read_ids(path: Path, photo: _Photo) -> np.ndarray:
    ids = read_map(path)
    turned = photo.orientation >= 5 and photo.size[0] != photo.size[1]  # then the size tells whether the map was, too
    if photo.orientation != 1 and not (turned and ids.shape == photo.size):
        raise DatasetError(
            f"{photo.path} is turned by its EXIF (orientation {photo.orientation}), and whether its map {path} "
            f"({_size(ids.shape)}) was drawn on the turned photograph is not known; turn the pixels of both "
            "(such as with `mogrify -auto-orient`) and remove the orientation"
        )
    if ids.shape != photo.size:
        raise DatasetError(f"{path} is {_size(ids.shape)} but its image is {_size(photo.size)}")
    return ids


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]}"


def translate(ids: np.ndarray, table: np.ndarray, path: Path) -> np.ndarray:
    """Ids [H, W], 0..255 -> table[ids]. Raises DatasetError for ids the table does not know."""
    if ids.dtype != np.uint8:
        if ids.dtype != np.uint16 or ids.max() >= len(table):
            raise DatasetError(f"{path}: expected 8-bit ids, found {ids.dtype} up to {ids.max()} (an instance map?)")
        ids = ids.astype(np.uint8)  # small ids in a 16-bit file
    values = cv2.LUT(ids, table)
    unknown = values == UNKNOWN
    if unknown.any():
        found = ", ".join(str(i) for i in np.unique(ids[unknown])[:8])
        known = np.flatnonzero(table != UNKNOWN)
        raise DatasetError(f"{path}: id {found} is not of this label space (known: {_ranges(known)})")
    return values


def _ranges(ids: np.ndarray) -> str:
    runs = np.split(ids, np.flatnonzero(np.diff(ids) != 1) + 1)
    return ", ".join(f"{run[0]}..{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


class Wrapped(Dataset):
    """Another data set, or some of its frames, and all that it says of them. Subclasses change `load`."""

    def __init__(self, dataset: Dataset, keys: Iterable[str] | None = None) -> None:
        super().__init__(dataset.name, dataset.keys if keys is None else keys, dataset.num_classes)
        self.dataset = dataset

    def load(self, index: int) -> Sample:
        """The other's sample of this key; see Dataset.load."""
        return self.dataset[self.keys[index]]

    def camera(self, key: str) -> RoadCamera | None:
        """See Dataset.camera."""
        return self.dataset.camera(key)

    def sequence(self, key: str) -> str | None:
        """See Dataset.sequence."""
        return self.dataset.sequence(key)


class Resized(Wrapped):
    """Another data set with every map at one size (height, width): area or bilinear for images, nearest for ids."""

    def __init__(self, dataset: Dataset, size: tuple[int, int]) -> None:
        super().__init__(dataset)
        self.size = size

    def load(self, index: int) -> Sample:
        """Load and resize; see Dataset.load."""
        sample = super().load(index)
        maps = {
            name: resize_map(values, self.size)
            for name in ("labels", "instances", "obstacle")
            if (values := getattr(sample, name)) is not None
        }
        return replace(sample, image=resize_image(sample.image, self.size), **maps)


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
