"""Data sets whose frames are files: a photograph, and beside it maps of ids and a calibration."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.datasets.base import Dataset, DatasetError, Wrapped
from unexpected_core.images import read_map, read_turned, resize_map
from unexpected_core.labels import IGNORE, NUM_CLASSES, UNKNOWN
from unexpected_core.structs import RoadCamera, Sample


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


def folders_of(dataset: Dataset) -> set[Path]:
    """Where its photographs are looked for, and any other picture would be taken for one; none for a set without."""
    while isinstance(dataset, Wrapped):
        dataset = dataset.dataset
    frames = dataset.frames if isinstance(dataset, FileDataset) else ()
    return {frame.image.parents[frame.key.count("/")] for frame in frames}


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
