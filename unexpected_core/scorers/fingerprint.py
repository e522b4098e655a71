"""What decides a scorer's scores, by name and in words or hashes, so that stored scores are never taken for others."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Callable
from functools import cache
from inspect import getmembers, isfunction
from pathlib import Path
from types import FunctionType

from torch import nn

from unexpected_core.scorers.base import Scorer
from unexpected_core.scorers.described import described, held
from unexpected_core.scorers.sources import PACKAGE, foreign_sources

CODE = ("scorers", "networks", "pipeline", "images.py", "structs.py")
"""Files and folders of the package that scores pass through."""
NAMES = {"name", "model_id", "weights", "sha256", "threshold", "training"}
"""Attributes that change no score."""
_OF_MODULES = frozenset(vars(nn.Module()))


def fingerprint(scorer: Scorer) -> dict[str, str]:
    """{"tensors": hash of all parameters and buffers, "layers": of all other options inside, "code": of the source}.

    And the scorer's own options, such as its card's working_height, one by one, so that a change can be named.
    """
    return _parts(scorer, _statements)


def quick_fingerprint(scorer: Scorer) -> str:
    """One hash for all that `fingerprint` tells apart, and for comments in the source; in a fraction of the time."""
    return _hash(json.dumps(_parts(scorer, _text)))


def _parts(scorer: Scorer, read: Callable[[Path], str]) -> dict[str, str]:
    inside = [(name, type(module).__qualname__, _options(module)) for name, module in scorer.named_modules() if name]
    return _options(scorer) | {
        "tensors": _tensors(scorer),
        "layers": _hash(json.dumps(inside)),
        "code": code_of(scorer, read),
    }


def _options(module: nn.Module) -> dict[str, str]:
    """What a module's attributes say, those of its class too where the module has its own.

    Not what a scorer derives of them, nor what only this package's own modules keep for themselves.
    """
    of_all = {name for name, value in vars(Scorer).items() if not isinstance(value, property)}
    names = {*vars(module), *(of_all if isinstance(module, Scorer) else ())} - NAMES
    ours = _ours(type(module))
    hidden = {name for name in names if name.startswith("_") and (ours or name in _OF_MODULES or name[1:2] == "_")}
    values: dict[str, object] = {name: getattr(module, name) for name in sorted(names - hidden)}
    if not ours:
        values["methods"] = [held(method) for _, method in getmembers(type(module), isfunction) if not _ours(method)]
    return {name: text for name, value in values.items() if (text := described(value)) is not None}


def _ours(thing: type | FunctionType) -> bool:
    return thing.__module__.partition(".")[0] in ("unexpected_core", "torch")


def _tensors(module: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        values = tensor.detach().cpu().float().contiguous().numpy()
        digest.update(f"{name} {values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def own_code() -> str:
    """Hash of this package's source that scores pass through whatever makes them, an exported file too."""
    return _hash(_package_code(PACKAGE, _statements))


def code_of(module: nn.Module, read: Callable[[Path], str]) -> str:
    """Hash of the source that runs: this package's, and that of classes and functions from elsewhere."""
    return _hash("".join([_package_code(PACKAGE, read), *(read(file) for file in foreign_sources(module))]))


@cache
def _package_code(package: Path, read: Callable[[Path], str]) -> str:
    files = [file for part in CODE for file in sorted([package / part, *(package / part).rglob("*.py")])]
    return _hash("".join(read(file) for file in files if file.is_file()))


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="backslashreplace")


def _statements(file: Path) -> str:
    """A file's syntax without comments, layout and docstrings; its text where it is no Python of today."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return _text(file)
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
