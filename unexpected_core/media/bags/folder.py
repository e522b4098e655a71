"""Which files make a bag: metadata.yaml says so, or the folder itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import yaml

from unexpected_core.log import LOGGER, first_line
from unexpected_core.media.errors import BagError
from unexpected_core.media.kinds import bag_files, is_numbered


@dataclass(frozen=True, slots=True)
class BagFiles:
    """The files of a bag in order. counts: messages by topic as metadata.yaml has them; missing: one line for each."""

    paths: list[Path]
    counts: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def bag_files_of(path: Path) -> BagFiles:
    """A bag is a file, or a folder of files; a folder's metadata.yaml gives their order, if it can be read.

    Counts, storage and QoS in metadata.yaml may be stale, so the files themselves decide on those. Raises BagError.
    """
    if path.is_file():
        return BagFiles([path])
    about = _metadata(path / "metadata.yaml")
    if about is None:
        files = bag_files(path)
        if not files or not (is_numbered(files) or (path / "metadata.yaml").is_file()):
            raise BagError(
                f"{path} is no rosbag2: it has no useful metadata.yaml, nor the files NAME_0, NAME_1, ... of one "
                "recording; give a file"
            )
        return BagFiles(files)
    listed = [path / PurePath(name).name for name in about["relative_file_paths"]]
    there = [file for file in listed if file.is_file()]
    if not there:
        raise BagError(f"{path}: none of the files of its metadata.yaml is there: {', '.join(f.name for f in listed)}")
    for file in bag_files(path):
        if file not in listed:
            LOGGER.warning("%s is not in metadata.yaml and left out; `ros2 bag reindex` adds it", file)
    missing = [f"the file {file.name} is not there" for file in listed if not file.is_file()]
    return BagFiles(there, _counts(about), missing)


def entries_beside(folder: Path) -> list[str]:
    """Names of what lies in a bag's folder and is not of the bag, sorted; what SQLite lays beside a file is."""
    files = set(bag_files(folder))
    with suppress(BagError):
        files |= set(bag_files_of(folder).paths)
    own = {f"{file.name}{more}" for file in files for more in ("", "-wal", "-shm", "-journal")} | {"metadata.yaml"}
    return sorted({entry.name for entry in folder.iterdir()} - own)


def _metadata(path: Path) -> dict[str, Any] | None:
    """What metadata.yaml says; None, with a warning, where it says nothing useful."""
    if not path.is_file():
        return None
    try:
        about = yaml.safe_load(path.read_text(encoding="utf-8"))["rosbag2_bagfile_information"]
        if [str(name) for name in about["relative_file_paths"]]:
            return about
        cause = "it lists no files"
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError) as error:
        cause = first_line(error)
    LOGGER.warning(
        "%s cannot be used (%s); the files beside it are read. `ros2 bag reindex` makes a new one", path, cause
    )
    return None


def _counts(about: dict[str, Any]) -> dict[str, int]:
    try:
        return {
            topic["topic_metadata"]["name"]: int(topic["message_count"]) for topic in about["topics_with_message_count"]
        }
    except (KeyError, TypeError, ValueError):
        return {}
