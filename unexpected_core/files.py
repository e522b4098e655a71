"""Files that are whole or absent, and fingerprints: of a file, and of the code that made it."""

from __future__ import annotations

import ast
import errno
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from unexpected_core.log import LOGGER

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class HomeError(ValueError):
    """A path that begins in a home folder, where there is none; the message names it and the cure."""


def expand_home(path: str | Path) -> Path:
    """'~/x' -> its place. Raises HomeError: containers run as users who have no home folder."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise HomeError(f"'{path}': this user has no home folder; set HOME, or write the folder out") from error


def file_state(path: str | Path) -> tuple[int, int] | None:
    """What differs when the file is another: when it was written, and its size; None where there is none."""
    try:
        found = expand_home(path).stat()
    except (OSError, ValueError):  # such as a text that is too long for a name
        return None
    return found.st_mtime_ns, found.st_size


@contextmanager
def atomic_path(path: str | Path, settled: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it there when the block ends well, delete it when it does not.

    A crash or a full disk thus never leaves half a file under the final name. Parent folders are made. settled: nor
    does a power cut; for what cannot be made again soon, since it takes some milliseconds or more.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}{path.suffix}"
    os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666))  # less what the user's umask denies
    try:
        with written_named(path):
            yield temporary
            if settled:
                settle(temporary)
        temporary.replace(path)
        if settled:
            settle(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def written_named(path: Path) -> Iterator[None]:
    """What fails in writing without naming a file, as a full disk does, is raised with this name."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        free = shutil.disk_usage(path.parent).free / 2**20
        fault = error.strerror or f"cannot be written whole ({error})"
        raise OSError(error.errno or errno.EIO, f"{fault}; {free:.0f} MiB are free there", str(path)) from error


def settle(path: str | Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk: the system would keep them for half a minute.

    A power cut leaves names of files that have none of their bytes otherwise. Raises OSError, of a file only: some
    file systems know of no such thing for folders, and one that may be written to need not be readable.
    """
    path = Path(path)
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError:
        if not path.is_dir():
            raise


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sha256(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def visible(folder: str | Path, pattern: str) -> list[Path]:
    """Whole files of a folder whose name fits a pattern ("**/*.png" looks below it too), sorted; see `files_in`."""
    name, recursive = pattern.removeprefix("**/"), pattern.startswith("**/")
    return sorted(path for path in files_in(folder, recursive) if fnmatchcase(path.name, name))


def files_in(
    folder: str | Path,
    recursive: bool = True,
    above: tuple[Path, ...] = (),
    whole: Callable[[Path], bool] = lambda _: False,
) -> Iterator[Path]:
    """Whole files of a folder, in any order; none where it is no folder. What cannot be read is named in the log.

    recursive: look into folders in it too, also those that are links, but in none that holds itself (above). Hidden
    files and folders are left out: `atomic_path` hides what is not whole yet, and a kill leaves it behind.
    whole: what is given as if it were a file, such as folders that are one thing.
    """
    folder = Path(folder)
    if not folder.is_dir() or (real := folder.resolve()) in above:
        return
    try:
        there = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        LOGGER.warning("%s is left out: %s", folder, error.strerror or error)
        return
    others = []
    for path in there:
        if path.is_file() or whole(path):
            yield path
        elif not path.is_dir():
            others.append(path.name)
        elif recursive:
            yield from files_in(path, True, (*above, real), whole)
    if others:
        what = "links that lead nowhere, or no files, are left out"
        LOGGER.warning("%s: %d %s, such as %s", folder, len(others), what, min(others))


def by_number(name: str) -> list[tuple[int, str]]:
    """To sort names with their numbers by value: 2 before 10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def damaged_member(path: str | Path) -> str | None:
    """The first member of a zip archive whose checksum is wrong; None where all are whole. Raises BadZipFile."""
    with zipfile.ZipFile(path) as archive:
        return archive.testzip()


def statements(path: Path) -> str:
    """A Python file's syntax without comments, layout and docstrings: what of it can change results."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


@cache
def commit() -> str:
    """Short commit of the package's checkout, with '+' where it has changes; '' outside a checkout."""
    file = Path(__file__).resolve()  # a build may have laid links to the checkout elsewhere
    try:
        # Installed into the environment of another project, the package lies in that one's checkout, but is not of it.
        _, head, changes = (
            subprocess.run(["git", *arguments], cwd=file.parent, capture_output=True, text=True, check=True).stdout
            for arguments in (
                ("ls-files", "--error-unmatch", file.name),
                ("rev-parse", "--short=12", "HEAD"),
                ("status", "--porcelain", "--untracked-files=no", "--", "."),
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.strip() + ("+" if changes.strip() else "")
