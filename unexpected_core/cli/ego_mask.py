"""`unexpected ego-mask DRIVE --out MASK.png`: the own car in a drive, for detect.ego_mask and --ego-mask."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from unexpected_core.cli.arguments import at_least_one, check_apart, to_path
from unexpected_core.cli.errors import UsageError

EPILOG = """\
examples:
  unexpected ego-mask drive.mcap --out car.png
  unexpected detect drive.mcap --out out --ego-mask car.png
  ros2 run unexpected_ros detector --ros-args -r __ns:=/unexpected -p detect.ego_mask:=$PWD/car.png

The mask is white where the own car is; look at it, and paint over it what is wrong."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.main."""
    parser.epilog = EPILOG
    parser.add_argument("drive", type=Path, metavar="DRIVE", help="folder of images, video, or rosbag2 of one camera")
    parser.add_argument("--out", type=to_path, required=True, metavar="MASK.png", help="picture to write")
    parser.add_argument("--topic", help="image topic of a bag that has several")
    parser.add_argument(
        "--most", type=at_least_one, default=300, metavar="N", help="frames looked at (default %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the mask; returns 0 when the own car was found, 1 when nothing of it is in the picture."""
    from unexpected_core.images import write_image
    from unexpected_core.media.footage import open_footage
    from unexpected_core.media.kinds import kind_of
    from unexpected_core.media.spread import count_whole, spread
    from unexpected_core.pipeline.ego_learning import learn_ego_mask

    if arguments.out.suffix.lower() != ".png":
        raise UsageError(f"--out: a mask is a .png, which keeps black black; found {arguments.out.name}")
    footage = open_footage(arguments.drive, arguments.topic)
    if kind_of(arguments.drive) == "folder":
        check_apart([arguments.drive], arguments.out)
    mask = learn_ego_mask(spread(footage, count_whole(footage), arguments.most))
    write_image(arguments.out, mask.astype(np.uint8) * 255)
    if not mask.any():
        print(f"nothing of the own car is in the picture; {arguments.out} is black")
        return 1
    print(f"{100 * mask.mean():.1f} % of the picture is the own car -> {arguments.out}")
    return 0
