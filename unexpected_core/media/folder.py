"""A folder of photographs, as cameras and phones fill it, videos and bags among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from unexpected_core.files import by_number, files_in
from unexpected_core.formats import IMAGE_SUFFIXES, count_pictures
from unexpected_core.images import ImageError, read_image
from unexpected_core.log import LOGGER
from unexpected_core.media.errors import IncompleteError, MediaError
from unexpected_core.media.kinds import BAG_SUFFIXES, VIDEO_SUFFIXES
from unexpected_core.media.shots import PHOTO_RATE, Footage, Shot


@dataclass(frozen=True, slots=True)
class Photographs(Footage):
    """See Footage. Files in order: photographs, and other footage among them, which `open_other` opens.

    bit_depth: see images.read_image.
    """

    path: Path
    files: tuple[Path, ...]
    open_other: Callable[[Path], Footage]
    bit_depth: int = 0

    @property
    def claimed(self) -> int | None:
        """See Footage; what is not a photograph is not opened for it."""
        return len(self.files) if self.is_untimed else None

    @property
    def is_untimed(self) -> bool:
        """See Footage."""
        return not any(map(_is_other, self.files))

    def shots(self) -> Iterator[Shot]:
        """See Footage."""
        time, problems, given = 0.0, [], 0
        for file in self.files:
            if not _is_other(file):
                yield Shot(self._name(file), time, file, partial(read_image, file, self.bit_depth))
                time, given = time + 1 / PHOTO_RATE, given + 1
                problems += _unread(file)
                continue
            try:
                start = time
                for shot in self.open_other(file).shots():
                    time = start + shot.time
                    yield replace(shot, name=f"{self._name(file)}/{shot.name}", time=time)
                    given += 1
            except ImageError as error:
                problems.append(str(error))
            time += 1 / PHOTO_RATE
        if problems:
            raise IncompleteError("; ".join(problems), given, None)

    def _name(self, file: Path) -> str:
        root = self.path if self.path.is_dir() else self.path.parent
        return file.relative_to(root).as_posix()


def _unread(file: Path) -> list[str]:
    try:
        count = count_pictures(file)
    except OSError:
        return []  # who read the picture was told
    cure = "make a video of it, or a file of each"
    return [f"{file} holds {count} pictures, of which the first was read; {cure}"] if count > 1 else []


def _is_other(file: Path) -> bool:
    return file.suffix.lower() in (*VIDEO_SUFFIXES, *BAG_SUFFIXES)


def _visible_files(folder: Path, skip: Sequence[Path]) -> list[Path]:
    root = folder.resolve()
    return [
        file
        for file in files_in(folder)
        if not any((root / file.relative_to(folder)).is_relative_to(other) for other in skip)
    ]


def open_folder(
    folder: Path,
    open_other: Callable[[Path], Footage],
    bit_depth: int = 0,
    skip: Sequence[Path] = (),
) -> Photographs:
    """The pictures and videos of a folder by name, numbers in names by value (2 before 10).

    What is of no use here is counted and named in the log. skip: folders (resolved) that are left alone.
    Raises MediaError when there is nothing.
    """
    there = _visible_files(folder, skip)
    files = tuple(sorted((file for file in there if _is_footage(file)), key=lambda file: by_number(file.as_posix())))
    rest = [file for file in there if not _is_footage(file)]
    if not files:
        held = f"; it holds {_named(rest)}" if rest else ""
        raise MediaError(f"{folder} holds no images ({', '.join(IMAGE_SUFFIXES[:6])}, ...) and no videos{held}")
    if rest:
        LOGGER.warning("%s: %d files are no pictures and are left out: %s", folder, len(rest), _named(rest))
    return Photographs(folder, files, open_other, bit_depth)


def open_photograph(file: Path, bit_depth: int = 0) -> Photographs:
    """One photograph as footage."""
    return Photographs(file, (file,), _no_other, bit_depth)


def _no_other(file: Path) -> Footage:
    raise MediaError(f"{file} is not a photograph")


def _is_footage(file: Path) -> bool:
    return file.suffix.lower() in IMAGE_SUFFIXES or _is_other(file)


def _named(files: list[Path]) -> str:
    """'3 .txt (a.txt, ...), 1 .json (b.json)'."""
    kinds = Counter(file.suffix.lower() or file.name for file in files)
    first = {kind: next(f.name for f in files if (f.suffix.lower() or f.name) == kind) for kind in kinds}
    return ", ".join(f"{n} {kind} ({first[kind]}{', ...' if n > 1 else ''})" for kind, n in kinds.most_common(5))
