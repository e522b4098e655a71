"""`unexpected data draw` and `unexpected data to-bag`: drawn frames on disk, and any frames as a rosbag2 drive."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from unexpected_core.cli.dataset_arguments import at_least_one, open_from, parse_size
from unexpected_core.cli.errors import UsageError

TRACKS = ("train", "train_objects", "obstacle", "anomaly", "shift", "clips")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.data."""
    parser.epilog = "Stopped half-way, the same command goes on. The same seed gives the same pixels everywhere."
    parser.add_argument("--track", default="obstacle", choices=TRACKS, help="default: obstacle")
    parser.add_argument(
        "--count", type=at_least_one, default=200, metavar="N", help="frames (default 200; a clip has 120)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="default 0")
    parser.add_argument("--size", default="512x256", metavar="WxH", help="default 512x256")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for images, labels, instances, obstacle")
    parser.add_argument("--bag", action="store_true", help="also write DIR/drive.mcap, a rosbag2 with camera_info")
    parser.add_argument("--rate", type=float, default=15.0, metavar="HZ", help="of the drive (default 15)")
    parser.add_argument("--workers", type=at_least_one, metavar="N", help="default: one per core")
    parser.set_defaults(action=_draw)


def _draw(arguments: argparse.Namespace) -> int:
    from unexpected_core.datasets.bag_writing import write_bag
    from unexpected_core.datasets.drawn import Drawn
    from unexpected_core.drawing.folder import draw_folder

    folder = Path(arguments.out)
    roads = Drawn(arguments.track, arguments.count, arguments.seed, parse_size(arguments.size)).roads
    draw_folder(folder, roads, arguments.workers)
    print(f"{len(roads)} frames of track {roads.track} -> {folder}")
    if arguments.bag:
        written = write_bag(folder / "drive.mcap", _frames(folder, len(roads)), arguments.rate)
        print(f"{written} images at {arguments.rate:g} Hz -> {folder / 'drive.mcap'}")
    return 0


def add_to_bag_arguments(parser: argparse.ArgumentParser) -> None:
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
    from unexpected_core.datasets.bag_writing import write_bag
    from unexpected_core.images import resize_image

    if arguments.source in DATASETS:
        arguments.dataset = arguments.source
        frames = ((sample.image, None) for sample in open_from(arguments))
    elif Path(arguments.source).is_dir():
        size = parse_size(arguments.size)
        frames = _frames(Path(arguments.source))
        if size:  # intrinsics hold for the size on disk only
            frames = ((resize_image(image, size), None) for image, _ in frames)
    else:
        raise UsageError(f"'{arguments.source}' is neither a folder nor a data set; data sets: {', '.join(DATASETS)}")
    written = write_bag(arguments.out, frames, arguments.rate, arguments.compressed)
    print(f"{written} images at {arguments.rate:g} Hz -> {arguments.out}")
    return 0


def _frames(folder: Path, count: int | None = None) -> Iterator:
    """(image, intrinsics) of the first `count` images of a folder in order of name; of its images/ where it has one."""
    from unexpected_core.datasets.base import images_below
    from unexpected_core.drawing.folder import intrinsics
    from unexpected_core.images import read_image

    known = intrinsics(folder)
    files = images_below(folder / "images" if (folder / "images").is_dir() else folder)
    for name, path in list(files.items())[:count]:
        yield read_image(path), known.get(name)
