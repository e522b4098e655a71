"""`unexpected data to-bag`: any frames as a rosbag2 drive."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from unexpected_core.cli.arguments import open_from, parse_size, to_path
from unexpected_core.cli.errors import UsageError
from unexpected_core.images import ImageError, resize_image
from unexpected_core.log import LOGGER
from unexpected_core.media.kinds import kind_of

if TYPE_CHECKING:
    from unexpected_core.media.drive import DriveFrame


RATE = 15.0
"""Images per second where the source has no times of its own."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See cli.data."""
    add = parser.add_argument
    source = "name of a data set, folder of images (such as one that `unexpected data draw` wrote), video or bag"
    add("source", metavar="DATASET_OR_PATH", help=source)
    add("out", type=to_path, metavar="OUT.mcap", help="the bag; an older one is replaced")
    rate = f"images per second (default: a video's or bag's own times, else {RATE:g})"
    add("--rate", type=float, metavar="HZ", help=rate)
    add("--compressed", action="store_true", help="JPEG on .../compressed in place of raw images")
    add("--root", type=to_path, metavar="DIR", help="folder of the data set")
    add("--split", metavar="NAME", help="split of the data set")
    add("--size", type=parse_size, metavar="WxH", help="resize, such as 1024x512")
    add("--option", action="append", default=[], metavar="NAME=VALUE", help="the data set's own options")
    add("--topic", help="image topic of a bag that has several")
    parser.set_defaults(action=_to_bag)


def _to_bag(arguments: argparse.Namespace) -> int:
    from unexpected_core.media.drive import write_bag

    problems: list[str] = []
    frames, rate = _frames(arguments, problems), RATE if arguments.rate is None else arguments.rate
    written = write_bag(arguments.out, frames, rate, arguments.compressed)
    print(f"{written} images -> {arguments.out}")
    return tell(problems)


def tell(problems: list[str]) -> int:
    """Name what is missing from a bag; returns the exit code."""
    for problem in problems:
        LOGGER.error("%s", problem)
    return 1 if problems else 0


def _frames(arguments: argparse.Namespace, problems: list[str]) -> Iterator[DriveFrame]:
    """The frames of the source, at --size. problems: what is broken or missing is noted here. Raises UsageError."""
    from unexpected_core.datasets import DATASETS
    from unexpected_core.media.drive import DriveFrame

    source, size, path = arguments.source, arguments.size, Path(arguments.source)
    if source in DATASETS:
        if path.exists() and not (arguments.root or arguments.split or arguments.option):
            raise UsageError(
                f"'{source}' is a data set and lies here too: give ./{source} for what lies here, --root or --split "
                "for the data set"
            )
        _refuse(arguments, ("topic",), "is of bags that are given by their path")
        if source in ("video", "bag") and arguments.rate is None:
            raise UsageError(f"the data set '{source}' has no times: give the path of the {source} itself, or --rate")
        arguments.dataset = source
        return (DriveFrame(sample.image) for sample in open_from(arguments))
    if not path.exists():
        known = ", ".join(DATASETS)
        raise UsageError(f"'{source}' is neither a folder, video or bag nor a data set; data sets: {known}")
    _refuse(arguments, ("root", "split", "option"), f"is of data sets, and {source} is a path")
    before, after = path.resolve(), arguments.out.resolve()
    if before.is_relative_to(after) or (after.is_relative_to(before) and kind_of(path) == "bag"):  # it is replaced
        raise UsageError(f"{arguments.out} is also the source, or one lies in the other; name another place")
    frames = played(path, arguments.rate is None, problems, arguments.out, arguments.topic)
    if not size:
        return frames
    return (DriveFrame(resize_image(image, size), camera, time, image.shape[:2]) for image, camera, time, _ in frames)


def _refuse(arguments: argparse.Namespace, names: Sequence[str], why: str) -> None:
    """Raises UsageError naming an option that is given and would change nothing."""
    for name in names:
        if getattr(arguments, name):
            raise UsageError(f"--{name} {why}: leave it out")


def played(
    path: Path, own_times: bool, problems: list[str], out: Path, topic: str | None = None
) -> Iterator[DriveFrame]:
    """The pictures of a video, a bag or a folder, with their intrinsics where it tells them; of a data set its images/.

    own_times: those of videos and bags are kept. What is broken or missing is noted in problems. out: an older bag of
    this name is no picture. topic: of a bag with several cameras. Raises MediaError.
    """
    from unexpected_core.drawing.folder import intrinsics
    from unexpected_core.media.drive import DriveFrame
    from unexpected_core.media.errors import IncompleteError
    from unexpected_core.media.footage import open_footage

    known = intrinsics(path)
    footage = open_footage(path / "images" if _holds_maps(path) else path, topic, skip=[out.resolve()])
    own_times, calibrated = own_times and not footage.is_untimed, False
    try:
        for shot in footage.shots():
            if shot.camera_info and not calibrated:
                calibrated = True
                LOGGER.warning("%s: its camera_info is not taken over; that of the new bag says 'uncalibrated'", path)
            try:
                camera = known.get(PurePosixPath(shot.name).stem)
                yield DriveFrame(shot.read(), camera, shot.time if own_times else None)
            except ImageError as error:
                problems.append(str(error))
    except IncompleteError as error:
        problems.append(str(error))


def _holds_maps(folder: Path) -> bool:
    """Whether the images of a folder lie in its images/, beside maps (an obstacle_folder, such as a drawn one)."""
    from unexpected_core.drawing.folder import MANIFEST, PARTS

    images, *maps = PARTS
    return (folder / images).is_dir() and any((folder / name).exists() for name in (MANIFEST, *maps))
