"""A video file as a data set: every k-th frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.played import PlayedDataset, check_claim


class VideoDataset(PlayedDataset):
    """Frames 0, every, 2*every, ... of a video; key = five-digit frame number."""

    def __init__(self, path: Path, every: int, count: int) -> None:
        super().__init__(path.stem, (f"{n:05d}" for n in range(0, count, every)))
        self.path, self.every = path, every

    def play(self) -> Iterator[np.ndarray]:
        """Decode from the start, skipping what lies between."""
        capture = cv2.VideoCapture(str(self.path))
        try:
            done, frame = capture.read()
            while done:
                yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                if not all(capture.grab() for _ in range(self.every - 1)):
                    return
                done, frame = capture.read()
        finally:
            capture.release()


def video(root: str | Path | None = None, every: int = 30) -> VideoDataset:
    """Open a video file (root = its path), taking every k-th frame (30 as the authors). Raises DatasetError."""
    path = Path(root or "")
    if not path.is_file():
        raise DatasetError(f"data set 'video': {root or 'no file given'} is not a file; pass root=PATH of a video")
    if every < 1:
        raise DatasetError(f"data set 'video': every = {every}, expected 1 or more")
    capture = cv2.VideoCapture(str(path))
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    if count < 1:
        raise DatasetError(f"data set 'video': {path} cannot be decoded as a video")
    check_claim(path, count)
    return VideoDataset(path, every, count)
