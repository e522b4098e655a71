"""`unexpected data to-bag`: any frames as a rosbag2 drive."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from unexpected_core.cli.arguments import open_from, parse_size
from unexpected_core.cli.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.data."""
    parser.add_argument(
        "source",
        metavar="DATASET_OR_FOLDER",
        help="name of a data set, or a folder of images, or one that `unexpected data draw` wrote",
    )
    parser.add_argument("out", metavar="OUT.mcap", help="the bag; an older one is replaced")
    parser.add_argument("--rate", type=float, default=15.0, metavar="HZ", help="images per second (default 15)")
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
    from unexpected_core.media.drive import write_bag

    if arguments.source in DATASETS:
        arguments.dataset = arguments.source
        frames = ((sample.image, None) for sample in open_from(arguments))
    elif Path(arguments.source).is_dir():
        size = parse_size(arguments.size)
        frames = frames_of(Path(arguments.source))
        if size:  # intrinsics hold for the size on disk only
            frames = ((resize_image(image, size), None) for image, _ in frames)
    else:
        raise UsageError(f"'{arguments.source}' is neither a folder nor a data set; data sets: {', '.join(DATASETS)}")
    written = write_bag(arguments.out, frames, arguments.rate, arguments.compressed)
    print(f"{written} images at {arguments.rate:g} Hz -> {arguments.out}")
    return 0


def frames_of(folder: Path, count: int | None = None) -> Iterator:
    """(image, intrinsics) of the first `count` images of a folder in order of name; of its images/ where it has one."""
    from unexpected_core.datasets.base import images_below
    from unexpected_core.drawing.folder import intrinsics
    from unexpected_core.images import read_image

    known = intrinsics(folder)
    files = images_below(folder / "images" if (folder / "images").is_dir() else folder)
    for name, path in list(files.items())[:count]:
        yield read_image(path), known.get(name)
