"""What a file is, told by its first bytes; names lie."""

from __future__ import annotations

import re
from pathlib import Path

from unexpected_core.formats import IMAGE_SUFFIXES, is_picture
from unexpected_core.media.containers import is_container

BAG_SUFFIXES = (".mcap", ".db3", ".bag", ".zstd")
BARE_VIDEO_SUFFIXES = (".mjpeg", ".mjpg", ".h264", ".264", ".h265", ".265", ".hevc")
"""Streams without a container: no magic number, no length, no time stamps; the first two begin as photographs do."""
_FILMS = (".mp4", ".m4v", ".mov", ".3gp", ".avi", ".mkv", ".webm", ".ogv", ".ivf", ".y4m")
_BROADCAST = (".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv", ".flv")
VIDEO_SUFFIXES = (*_FILMS, *_BROADCAST, *BARE_VIDEO_SUFFIXES)
ZSTD = b"\x28\xb5\x2f\xfd"
"""How what zstd has compressed begins."""
_BAGS = {b"\x89MCAP0\r\n": "mcap", b"SQLite format 3\0": "sqlite3", b"#ROSBAG V": "ros1", ZSTD: "zstd"}


def bag_storage(path: Path) -> str | None:
    """'mcap', 'sqlite3', 'ros1', 'zstd' (a compressed one of these) or None. Raises OSError."""
    with path.open("rb") as stream:
        head = stream.read(16)
    return next((kind for magic, kind in _BAGS.items() if head.startswith(magic)), None)


def kind_of(path: Path) -> str:
    """'folder', 'bag', 'photograph' or 'video'; the name decides only what the first bytes do not. Raises OSError."""
    if path.is_dir():
        return "bag" if is_bag_folder(path) else "folder"
    suffix = path.suffix.lower()
    if bag_storage(path) or suffix in BAG_SUFFIXES:
        return "bag"
    if suffix in BARE_VIDEO_SUFFIXES:
        return "video"
    if is_picture(path):
        return "photograph"
    return "photograph" if suffix in IMAGE_SUFFIXES and not is_container(path) else "video"


def is_bag_folder(folder: Path) -> bool:
    """Whether its metadata.yaml is rosbag2's, or it holds the numbered files of one recording and nothing to play else.

    Where there are folders in it, or a bag of ROS 1, that would be left out without a word.
    """
    metadata = folder / "metadata.yaml"
    if metadata.is_file() and b"rosbag2_bagfile_information" in metadata.read_bytes():
        return True
    shown = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    others = (".bag", *IMAGE_SUFFIXES, *VIDEO_SUFFIXES)
    return is_numbered(bag_files(folder)) and not any(each.is_dir() or each.suffix.lower() in others for each in shown)


def bag_files(folder: Path) -> list[Path]:
    """The files NAME_0.mcap, NAME_1.mcap, ... of the one recording in a folder, by number; [] where there are more."""
    found = [file for file in folder.iterdir() if file.suffix in (".mcap", ".db3", ".zstd") and file.is_file()]
    recordings = {(re.sub(r"_\d+$", "", stem(file)), file.name.removeprefix(stem(file))) for file in found}
    if len(recordings) != 1:
        return []
    return sorted(found, key=_numbers)


def is_numbered(files: list[Path]) -> bool:
    """Whether files of `bag_files` are numbered as a recorder does, from 0 on, or there is but one.

    Others, such as drive_1.mcap and drive_2.mcap, are recordings of their own, unless a metadata.yaml says otherwise.
    """
    return len(files) == 1 or (bool(files) and _numbers(files[0]) == [0])


def _numbers(file: Path) -> list[int]:
    return [int(n) for n in re.findall(r"_(\d+)$", stem(file))]


def stem(file: Path) -> str:
    """Name of a bag file without .mcap, .db3, .db3.zstd."""
    return file.name.removesuffix(".zstd").rpartition(".")[0]
