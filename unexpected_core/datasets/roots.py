"""Where data sets lie on this machine: an argument, an environment variable, or one line in roots.yaml.

The order is: argument, environment variables (the authors' names), ./roots.yaml, ~/.config/unexpected/roots.yaml,
$DIR_DATASETS/<the authors' folder name>. roots.yaml maps names of data sets to folders: ``cityscapes: /data/ctc``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from unexpected_core.datasets.base import DatasetError
from unexpected_core.files import HomeError, expand_home, files_in
from unexpected_core.log import one_line
from unexpected_core.yaml_values import TextLoader, parse_yaml


@dataclass(frozen=True, slots=True)
class Home:
    """How the root of one data set is found and recognised.

    variables: environment variables that may hold it. folder: its place below $DIR_DATASETS.
    layout: glob patterns, one for each accepted layout; a root shows at least one file of one of them.
    source: where a person gets it.
    """

    name: str
    layout: tuple[str, ...]
    source: str
    variables: tuple[str, ...] = ()
    folder: str = ""


def config_files() -> list[Path]:
    """The files that may name roots, first one first; a user without a home folder has one less."""
    try:
        base = expand_home(os.environ.get("XDG_CONFIG_HOME") or "~/.config")
    except HomeError:
        return [Path("roots.yaml")]
    return [Path("roots.yaml"), base / "unexpected" / "roots.yaml"]


def find_root(home: Home, root: str | Path | None = None) -> Path:
    """The folder of a data set. Raises DatasetError saying what was looked for, where, and where to get it."""
    for candidate, origin in _candidates(home, root):
        path = expand_home(candidate)
        if any(_shows(path, pattern) for pattern in home.layout):
            return path
        wanted = "\n".join(f"  {path}/{pattern}" for pattern in home.layout)
        state = "has none of the expected files" if path.is_dir() else "is not a folder"
        raise DatasetError(
            f"data set '{home.name}': {path} ({origin}) {state}; looked for\n{wanted}\nGet it from: {home.source}"
        )
    variables = f"set {' or '.join(home.variables)}, " if home.variables else ""
    files = " or ".join(str(path) for path in config_files())
    raise DatasetError(
        f"data set '{home.name}': its folder is not known. Pass root=... (--root), {variables}"
        f"or write '{home.name}: /its/folder' into {files}. Get it from: {home.source}"
    )


def _shows(root: Path, pattern: str) -> bool:
    """Whether a root has a file of a glob pattern; behind ** also in folders that are links, which glob passes by."""
    above, anywhere, name = pattern.partition("**/")
    if anywhere:
        return any(fnmatchcase(path.name, name) for path in files_in(root / above))
    return next(root.glob(pattern), None) is not None


def _candidates(home: Home, root: str | Path | None) -> Iterator[tuple[Path, str]]:
    if root is not None:
        yield Path(root), "the root given"
    for variable in home.variables:
        if os.environ.get(variable):
            yield Path(os.environ[variable]), f"from ${variable}"
    for path in config_files():
        folder = _read(path).get(home.name)
        if folder:
            yield path.parent / expand_home(str(folder)), f"from {path}"
    if home.folder and os.environ.get("DIR_DATASETS"):
        yield Path(os.environ["DIR_DATASETS"]) / home.folder, "below $DIR_DATASETS"


def _read(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        roots = parse_yaml(path.read_bytes(), TextLoader) or {}
    except yaml.YAMLError as error:
        raise DatasetError(f"cannot read {path}: {one_line(error)}") from error
    if not isinstance(roots, dict):
        raise DatasetError(f"{path}: expected lines 'data set: folder', found {type(roots).__name__}")
    return roots
