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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.data."""
    parser.add_argument(
        "source",
        metavar="DATASET_OR_PATH",
        help="name of a data set, folder of images (such as one that `unexpected data draw` wrote), video or bag",
    )
    parser.add_argument("out", metavar="OUT.mcap", help="the bag; an older one is replaced")
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="images per second (default: a video's or bag's own times, else 15)"
    )
    parser.add_argument("--compressed", action="store_true", help="JPEG on .../compressed in place of raw images")
    parser.add_argument("--root", metavar="DIR", help="folder of the data set")
    parser.add_argument("--split", metavar="NAME", help="split of the data set")
    parser.add_argument("--size", metavar="WxH", help="resize, such as 1024x512")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="the data set's own options"
    )
    parser.set_defaults(action=_to_bag)


def _to_bag(arguments: argparse.Namespace) -> int:
    from unexpected_core.datasets import DATASETS
    from unexpected_core.images import resize_image
    from unexpected_core.media.drive import DriveFrame, write_bag

    problems: list[str] = []
    size, path = parse_size(arguments.size), Path(arguments.source)
    if arguments.source in DATASETS:
        arguments.dataset = arguments.source
        frames = (DriveFrame(sample.image) for sample in open_from(arguments))
    elif path.is_file() or (path / "metadata.yaml").is_file():
        frames = _played(path, arguments.rate is None, problems)
    elif path.is_dir():
        frames = frames_of(path)
    else:
        raise UsageError(
            f"'{arguments.source}' is neither a folder, video or bag nor a data set; data sets: {', '.join(DATASETS)}"
        )
    if size and arguments.source not in DATASETS:  # intrinsics hold for the size on disk only
        frames = (DriveFrame(resize_image(frame.image, size), None, frame.time) for frame in frames)
    written = write_bag(arguments.out, frames, 15.0 if arguments.rate is None else arguments.rate, arguments.compressed)
    print(f"{written} images -> {arguments.out}")
    for problem in problems:
        LOGGER.error("%s", problem)
    return 1 if problems else 0


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
