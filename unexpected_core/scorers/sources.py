"""Files of Python that scores pass through, but this package's: of classes, functions, and what these import."""

from __future__ import annotations

import ast
import inspect
import sys
import sysconfig
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec, resolve_name
from pathlib import Path

from torch import nn

PACKAGE = Path(__file__).resolve().parents[1]
_TORCH = Path(inspect.getfile(nn.Module)).resolve().parents[2]
_INSTALLED = (_TORCH.parent, Path(sysconfig.get_path("stdlib")).resolve())


def foreign_sources(module: nn.Module) -> list[Path]:
    """The files of all classes and functions inside a module and of what these files import, sorted."""
    found: set[Path] = set()
    waiting = [file for file in _sources(module) if is_foreign(file)]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += [other for other in _imported(file) if is_foreign(other) and _beside(other, file)]
    return sorted(found)


def is_foreign(file: Path) -> bool:
    """Neither this package's nor torch's."""
    return not file.is_relative_to(PACKAGE) and not file.is_relative_to(_TORCH) and file.is_file()


def _beside(other: Path, file: Path) -> bool:
    """Somebody's own, not what is installed for all (its version would count, but seldom changes a score)."""
    return not any(other.is_relative_to(place) for place in _INSTALLED) or other.is_relative_to(file.parent)


def _sources(module: nn.Module) -> Iterator[Path]:
    for part in module.modules():
        for value in (type(part), *vars(part).values()):
            while isinstance(value, partial):
                value = value.func
            if inspect.isclass(value) or inspect.isfunction(value):
                try:
                    yield Path(inspect.getfile(value)).resolve()
                except TypeError:  # built in
                    continue


def _imported(file: Path) -> Iterator[Path]:
    """Files of the modules that a file's import statements name, inside functions too; none of what is no Python."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # nothing that scores passes through it
        return
    package = next((m.__package__ for m in list(sys.modules.values()) if _file_of(m) == file), None)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            names = [base, *(f"{base}{'' if base.endswith('.') else '.'}{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            yield from _found(name, package)


def _file_of(module: object) -> Path | None:
    text = getattr(module, "__file__", None)
    return Path(text).resolve() if isinstance(text, str) else None


def _found(name: str, package: str | None) -> Iterator[Path]:
    try:
        spec = find_spec(resolve_name(name, package))
    except Exception:  # a name in a module, not there at all, or a package that cannot be imported here
        return
    if spec is not None and spec.origin and spec.origin.endswith(".py"):
        yield Path(spec.origin).resolve()
