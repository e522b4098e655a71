"""What a person can point the command at: images, folders, videos, rosbags; frames one by one, named for output."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from unexpected_core.formats import IMAGE_SUFFIXES
from unexpected_core.log import LOGGER
from unexpected_core.media.errors import MediaError
from unexpected_core.media.folder import Photographs
from unexpected_core.media.footage import open_footage
from unexpected_core.media.kinds import BAG_SUFFIXES, VIDEO_SUFFIXES, kind_of
from unexpected_core.media.shots import Footage, Shot

RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
MOST_BYTES = 100
"""Of a part of a name, in UTF-8: systems take 255 of them, with all that is added to it."""


def open_input(
    path: Path, topic: str | None = None, every: int = 1, results: Sequence[Path] = (), bit_depth: int = 0
) -> Footage:
    """Open one input. Raises MediaError.

    topic: of bags with several cameras; every: take every k-th frame of videos.
    bit_depth: bits used of 16-bit pictures, 0 = as they say.
    results: folders that are about to be written; what lies in them is no input.
    """
    written = [folder.resolve() for folder in results]
    try:
        if any(path.resolve().is_relative_to(folder) for folder in written):
            raise MediaError(f"{path} lies where results are to be written, and is left alone; choose another --out")
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror or error}") from error
    footage = open_footage(path, topic, every, bit_depth, skip=written)
    if every > 1 and (footage.is_untimed or kind_of(path) == "bag"):
        LOGGER.warning("%s: --every %d is of videos; all of its frames are taken", path, every)
    return footage


def output_name(footage: Footage, shot: Shot) -> str:
    """Name of a shot's results: '/'-separated, safe as a file name on every system, not yet unique."""
    parts = shot.name.split("/")
    if not isinstance(footage, Photographs):
        parts = [footage.path.name, *parts]
    return "/".join(safe_name(_without_suffix(part)) for part in parts)


def _without_suffix(part: str) -> str:
    known = part.lower().endswith((*IMAGE_SUFFIXES, *VIDEO_SUFFIXES, *BAG_SUFFIXES))
    return part.rpartition(".")[0] if known else part


def safe_name(text: str) -> str:
    """A part of a path that every system accepts: no reserved characters, names, trailing dots, or great lengths."""
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", text)[:MOST_BYTES]
    while len(name.encode(errors="surrogatepass")) > MOST_BYTES:
        name = name[:-1]
    name = name.rstrip(". ") or "_"
    return f"_{name}" if name.split(".")[0].lower() in RESERVED else name


class UniqueNames:
    """Gives every name once: 'a', 'a-2', 'a-3'; capitals do not make a difference (Windows, macOS).

    owners: name -> the only source that may have it, since results of it are there.
    """

    def __init__(self, owners: Mapping[str, str] = MappingProxyType({})) -> None:
        self._given: set[str] = set()
        self._owners = {name.lower(): source for name, source in owners.items()}

    def __call__(self, name: str, source: str) -> str:
        """The name itself, or with the next free number."""
        unique, n = name, 1
        while unique.lower() in self._given or self._owners.get(unique.lower(), source) != source:
            n += 1
            unique = f"{name}-{n}"
        self._given.add(unique.lower())
        return unique
