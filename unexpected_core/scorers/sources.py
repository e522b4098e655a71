"""Files of Python that scores pass through, but this package's: of classes, functions, and what these import."""

from __future__ import annotations

import ast
import inspect
import site
import sys
import sysconfig
from collections.abc import Iterator
from functools import partial
from importlib.machinery import ModuleSpec
from importlib.util import resolve_name
from pathlib import Path

from torch import nn

PACKAGE = Path(__file__).resolve().parents[1]
_TORCH = Path(inspect.getfile(nn.Module)).resolve().parents[2]
_INSTALLED = (
    _TORCH.parent,
    Path(sysconfig.get_path("stdlib")).resolve(),
    *(Path(place).resolve() for place in (*site.getsitepackages(), site.getusersitepackages())),
)


def foreign_sources(module: nn.Module) -> list[Path]:
    """The files of all classes and functions inside a module and of what these files import, sorted."""
    found: set[Path] = set()
    waiting = [*_sources(module)]
    while waiting:
        file, package = waiting.pop()
        if file not in found and is_foreign(file):
            found.add(file)
            waiting += [each for each in _imported(file, package) if _beside(each[0], file)]
    return sorted(found)


def is_foreign(file: Path) -> bool:
    """Neither this package's nor torch's."""
    return not file.is_relative_to(PACKAGE) and not file.is_relative_to(_TORCH) and file.is_file()


def _beside(other: Path, file: Path) -> bool:
    """Somebody's own, not what is installed for all (its version would count, but seldom changes a score)."""
    if not any(other.is_relative_to(place) for place in _INSTALLED):
        return True
    return file.parent not in _INSTALLED and other.is_relative_to(file.parent)


def _sources(module: nn.Module) -> Iterator[tuple[Path, str | None]]:
    """Files of classes and functions inside a module, those below decorators too, each with its package."""
    for part in module.modules():
        for value in (type(part), *vars(part).values()):
            while isinstance(value, partial):
                value = value.func
            if inspect.isclass(value):
                try:
                    file = inspect.getfile(value)
                except TypeError:  # built in
                    continue
                yield Path(file).resolve(), getattr(sys.modules[value.__module__], "__package__", None)
            elif inspect.isfunction(value):
                for each in (value, inspect.unwrap(value)):
                    if inspect.isfunction(each):
                        yield Path(inspect.getfile(each)).resolve(), each.__globals__.get("__package__")


def _imported(file: Path, package: str | None) -> Iterator[tuple[Path, str]]:
    """Files of the modules that a file's import statements name, inside functions too; none of what is no Python."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # nothing that scores passes through it
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            names = [base, *(f"{base}{'' if base.endswith('.') else '.'}{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            spec = _spec(name, package)
            if spec is not None and spec.origin and spec.origin.endswith(".py"):
                yield Path(spec.origin).resolve(), spec.parent


def _spec(name: str, package: str | None) -> ModuleSpec | None:
    """Where a module is, found without running any: find_spec runs the packages that it is in, such as a script's."""
    places, spec = None, None
    try:
        parts = resolve_name(name, package).split(".")
        for end in range(1, len(parts) + 1):
            if end > 1 and places is None:  # a name in a module
                return None
            found = (finder.find_spec(".".join(parts[:end]), places) for finder in sys.meta_path)
            spec = next(filter(None, found))
            places = spec.submodule_search_locations
    except Exception:  # not there, or nothing that can be found without running it
        return None
    return spec
