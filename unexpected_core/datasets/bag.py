"""The camera images of a bag (rosbag2 folder, .mcap or .db3, or ROS 1), raw or compressed, as a data set. No ROS."""

from __future__ import annotations

from pathlib import Path

from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.played import PlayedDataset
from unexpected_core.media.errors import MediaError


def bag(root: str | Path | None = None, topic: str | None = None) -> PlayedDataset:
    """Open a bag (root = its path); topic may be left out when it holds one image topic. Raises DatasetError.

    All images of the topic in order of recording; key = six-digit number.
    """
    from unexpected_core.media.bags.footage import open_bag_footage  # reads what few data sets need

    path = Path(root or "")
    if not root or not path.exists():
        raise DatasetError(f"data set 'bag': {root or 'no file given'} does not exist; pass root=PATH of a rosbag2")
    try:
        return PlayedDataset(path.stem, open_bag_footage(path, topic), 6)
    except MediaError as error:
        raise DatasetError(str(error)) from error
