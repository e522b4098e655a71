"""`unexpected data to-bag`: any frames as a rosbag2 drive."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from unexpected_core.cli.arguments import open_from, parse_size
from unexpected_core.cli.errors import UsageError
from unexpected_core.log import LOGGER

if TYPE_CHECKING:
    from unexpected_core.media.drive import DriveFrame


RATE = 15.0
"""Images per second where the source has no times of its own."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.data."""
    add = parser.add_argument
    source = "name of a data set, folder of images (such as one that `unexpected data draw` wrote), video or bag"
    add("source", metavar="DATASET_OR_PATH", help=source)
    add("out", metavar="OUT.mcap", help="the bag; an older one is replaced")
    rate = f"images per second (default: a video's or bag's own times, else {RATE:g})"
    add("--rate", type=float, metavar="HZ", help=rate)
    add("--compressed", action="store_true", help="JPEG on .../compressed in place of raw images")
    add("--root", metavar="DIR", help="folder of the data set")
    add("--split", metavar="NAME", help="split of the data set")
    add("--size", metavar="WxH", help="resize, such as 1024x512")
    add("--option", action="append", default=[], metavar="NAME=VALUE", help="the data set's own options")
    parser.set_defaults(action=_to_bag)


def _to_bag(arguments: argparse.Namespace) -> int:
    from unexpected_core.media.drive import write_bag

    problems: list[str] = []
    frames, rate = _frames(arguments, problems), RATE if arguments.rate is None else arguments.rate
    written = write_bag(arguments.out, frames, rate, arguments.compressed)
    print(f"{written} images -> {arguments.out}")
    for problem in problems:
        LOGGER.error("%s", problem)
    return 1 if problems else 0


def _frames(arguments: argparse.Namespace, problems: list[str]) -> Iterator[DriveFrame]:
    """The frames of the source, at --size. problems: what is broken or missing is noted here. Raises UsageError."""
    from unexpected_core.datasets import DATASETS
    from unexpected_core.images import resize_image
    from unexpected_core.media.drive import DriveFrame

    source, size, path = arguments.source, parse_size(arguments.size), Path(arguments.source)
    if source in DATASETS:
        arguments.dataset = source
        return (DriveFrame(sample.image) for sample in open_from(arguments))
    if path.is_file() or (path / "metadata.yaml").is_file():
        frames = _played(path, arguments.rate is None, problems)
    elif path.is_dir():
        frames = frames_of(path)
    else:
        known = ", ".join(DATASETS)
        raise UsageError(f"'{source}' is neither a folder, video or bag nor a data set; data sets: {known}")
    if not size:
        return frames  # with their intrinsics, which hold for the size on disk only
    return (DriveFrame(resize_image(frame.image, size), None, frame.time) for frame in frames)


def _played(path: Path, own_times: bool, problems: list[str]) -> Iterator[DriveFrame]:
    """The frames of a video or bag; what is broken or missing is noted."""
    from unexpected_core.images import ImageError
    from unexpected_core.media.drive import DriveFrame
    from unexpected_core.media.errors import IncompleteError
    from unexpected_core.media.footage import open_footage

    try:
        for shot in open_footage(path).shots():
            try:
                yield DriveFrame(shot.read(), None, shot.time if own_times else None)
            except ImageError as error:
                problems.append(str(error))
    except IncompleteError as error:
        problems.append(str(error))


def frames_of(folder: Path, count: int | None = None) -> Iterator[DriveFrame]:
    """The first `count` images of a folder in order of name, or of its images/, and their intrinsics."""
    from unexpected_core.datasets.base import images_below
    from unexpected_core.drawing.folder import intrinsics
    from unexpected_core.images import read_image
    from unexpected_core.media.drive import DriveFrame

    known = intrinsics(folder)
    files = images_below(folder / "images" if (folder / "images").is_dir() else folder)
    for name, path in list(files.items())[:count]:
        yield DriveFrame(read_image(path), known.get(name))
