"""`unexpected data draw`: drawn frames on disk, and as a rosbag2 drive."""

from __future__ import annotations

import argparse

from unexpected_core.cli.arguments import at_least_one, parse_size, to_path
from unexpected_core.cli.data.to_bag import played, tell
from unexpected_core.drawing.tracks import CLIP_LENGTH, CLIP_RATE, TRACKS, DrawnRoads


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.data."""
    parser.epilog = (
        "Stopped half-way, the same command goes on. The same seed gives the same pixels on every machine that has the "
        "same version of OpenCV."
    )
    add, frames = parser.add_argument, f"frames (default 200; a clip has {CLIP_LENGTH})"
    add("--track", default="obstacle", choices=TRACKS, help="default: obstacle")
    add("--count", type=at_least_one, default=200, metavar="N", help=frames)
    add("--seed", type=int, default=0, metavar="N", help="default 0")
    add("--size", type=parse_size, default="512x256", metavar="WxH", help="default 512x256")
    add("--out", type=to_path, required=True, metavar="DIR", help="folder for images, labels, instances, obstacle")
    add("--bag", action="store_true", help="also write DIR/drive.mcap, a rosbag2 with camera_info")
    add(
        "--rate", type=float, default=CLIP_RATE, metavar="HZ", help=f"of clips and of the drive (default {CLIP_RATE:g})"
    )
    add("--workers", type=at_least_one, metavar="N", help="default: one per core")
    parser.set_defaults(action=_draw)


def _draw(arguments: argparse.Namespace) -> int:
    from unexpected_core.drawing.folder import draw_folder
    from unexpected_core.media.drive import write_bag

    folder = arguments.out
    roads = DrawnRoads(arguments.track, arguments.count, arguments.seed, arguments.size, arguments.rate)
    draw_folder(folder, roads, arguments.workers)
    print(f"{len(roads)} frames of track {roads.track} -> {folder}")
    if not arguments.bag:
        return 0
    problems: list[str] = []
    bag = folder / "drive.mcap"
    written = write_bag(bag, played(folder, False, problems, bag), arguments.rate)
    print(f"{written} images at {arguments.rate:g} Hz -> {bag}")
    return tell(problems)
