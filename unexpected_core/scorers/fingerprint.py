"""What decides a scorer's scores, by name and in words or hashes, so that stored scores are never taken for others."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType
from uuid import uuid4

import torch
from torch import nn

from unexpected_core.files import statements
from unexpected_core.scorers.base import Scorer

PACKAGE = Path(__file__).resolve().parents[1]
CODE = ("scorers", "networks", "pipeline", "images.py", "structs.py")
"""Files and folders of the package that scores pass through."""
KNOWN = ("unexpected_core", "torch", "torchvision")
"""Packages whose code is known here: the first by its source, the others change no scores by themselves."""
NAMES = {"name", "model_id", "weights", "sha256", "threshold", "training", "revision"}
"""Attributes that change no score, or that are spoken of by themselves."""
PROGRAMS = (torch.jit.ScriptModule, torch.fx.GraphModule)
"""Modules of torch's whose code is a value that they hold, traced or exported from somebody's."""
_OF_MODULES = frozenset(vars(nn.Module()))
_UNKNOWN = "?"
"""In place of a value's JSON."""


def fingerprint(scorer: Scorer) -> dict[str, str]:
    """{"tensors": hash of all parameters and buffers, "layers": of all other options inside, "code": of the source}.

    And the scorer's own options, such as its card's working_height, one by one, so that a change can be named; and
    where `has_unknown_code`, "revision": the scorer's, or a new one each time.
    """
    return _parts(scorer, statements)


def quick_fingerprint(scorer: Scorer) -> str:
    """One hash for all that `fingerprint` tells apart, and for comments in the source; in a fraction of the time."""
    return _hash(json.dumps(_parts(scorer, _text)))


def has_unknown_code(scorer: Scorer) -> bool:
    """Whether classes, functions or values inside are not this package's: nothing here tells when they change."""
    kinds = {type(module) for module in scorer.modules()}
    return not all(_comes_from_known(each) for kind in kinds for each in (kind, *_methods(kind))) or any(
        isinstance(module, PROGRAMS)
        or module._forward_hooks
        or module._forward_pre_hooks
        or _UNKNOWN in _options(module).values()
        for module in scorer.modules()
    )


def _methods(kind: type) -> list[FunctionType]:
    """A class's methods, which others may have been put in the place of."""
    return [method for _, method in inspect.getmembers(kind, inspect.isfunction)]


def own_code() -> str:
    """Hash of this package's source that scores pass through."""
    return _package_code(statements)


def _parts(scorer: Scorer, read: Callable[[Path], str]) -> dict[str, str]:
    inside = [(name, type(module).__qualname__, _options(module)) for name, module in scorer.named_modules() if name]
    parts = {"tensors": _tensors(scorer), "layers": _hash(json.dumps(inside)), "code": _package_code(read)}
    if has_unknown_code(scorer):
        parts["revision"] = str(scorer.revision or f"none-{uuid4().hex[:8]}")  # somebody's may be a number
    return _options(scorer) | parts


def _options(module: nn.Module) -> dict[str, str]:
    """What a module's attributes say, in JSON; those of its class too where it is a scorer.

    Not what a scorer derives of them, nor what only this package's own modules keep for themselves.
    """
    of_all = Scorer.__annotations__ if isinstance(module, Scorer) else ()
    names = {*vars(module), *of_all} - NAMES - _OF_MODULES
    hidden = "_" if _comes_from_known(type(module)) else "__"
    return {name: _described(getattr(module, name)) for name in sorted(names) if not name.startswith(hidden)}


def _described(value: object) -> str:
    try:
        return json.dumps(value, default=_plain)
    except (TypeError, ValueError, RecursionError):  # no plain values, or in themselves
        return _UNKNOWN


def _plain(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(value)
    if inspect.isfunction(value) and _comes_from_known(value) and "<" not in value.__qualname__:
        return f"{value.__module__}.{value.__qualname__}"
    raise TypeError(value)


def _comes_from_known(thing: type | FunctionType) -> bool:
    return (thing.__module__ or "").partition(".")[0] in KNOWN  # of no module: made by exec


def _tensors(module: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        values = tensor.detach().cpu().float().contiguous().numpy()
        digest.update(f"{name} {values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


@cache
def _package_code(read: Callable[[Path], str]) -> str:
    files = [file for part in CODE for file in sorted([PACKAGE / part, *(PACKAGE / part).rglob("*.py")])]
    return _hash("".join(read(file) for file in files if file.is_file()))


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
