"""A video file as a data set: every k-th frame."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.played import PlayedDataset
from unexpected_core.media.errors import MediaError


def video(root: str | Path | None = None, every: int = 30) -> PlayedDataset:
    """Open a video file (root = its path), taking every k-th frame (30 as the authors). Raises DatasetError.

    key = five-digit number of the frame in the video.
    """
    from unexpected_core.media.video import open_video  # loads FFmpeg, which few data sets need

    path = Path(root or "")
    if not path.is_file():
        raise DatasetError(f"data set 'video': {root or 'no file given'} is not a file; pass root=PATH of a video")
    if every < 1:
        raise DatasetError(f"data set 'video': every = {every}, expected 1 or more")
    try:
        return PlayedDataset(path.stem, open_video(path, every), 5, every)
    except MediaError as error:
        raise DatasetError(f"data set 'video': {error}") from error
