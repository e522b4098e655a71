"""Anything that a person can point a command at: a photograph, a folder of them, a video, a bag."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from unexpected_core.media.errors import MediaError
from unexpected_core.media.folder import open_folder, open_photograph
from unexpected_core.media.kinds import kind_of
from unexpected_core.media.shots import Footage


def open_footage(
    path: str | Path,
    topic: str | None = None,
    every: int = 1,
    bit_depth: int = 0,
    skip: Sequence[Path] = (),
) -> Footage:
    """Open footage of any kind, told by its contents. Raises MediaError.

    topic: of bags with several cameras. every: take every k-th frame of videos. bit_depth: bits used of 16-bit
    pictures, 0 = as they say. skip: folders (resolved) to leave alone in a folder.
    """
    path = Path(path)
    try:
        if not path.exists():
            raise MediaError(f"{path} does not exist; expected photographs, a video, or a rosbag2")
        if not (path.is_file() or path.is_dir()):  # a pipe waits for ever
            raise MediaError(f"{path} is neither a file nor a folder; expected photographs, a video, or a rosbag2")
        kind = kind_of(path)
        if kind == "folder":
            inside = partial(open_footage, topic=topic, every=every, bit_depth=bit_depth)
            return open_folder(path, inside, bit_depth, skip)
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror or error}") from error
    if kind == "photograph":
        return open_photograph(path, bit_depth)
    # Imported when they are met: what reads bags and videos takes a tenth of a second to load.
    if kind == "bag":
        from unexpected_core.media.bags.footage import open_bag_footage

        return open_bag_footage(path, topic, bit_depth)
    from unexpected_core.media.video import open_video

    return open_video(path, every)
