"""Values in words or hashes that are the same in every process, so that two makers of scores can be told apart."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np
from torch import Tensor

UNKNOWN = "?"
AGAIN = "..."
"""A collection inside itself."""


def described(value: object, seen: dict[int, object] | None = None) -> str | None:
    """Text for plain values, arrays, functions with what they hold, and collections of these; None for all else.

    Methods of classes have none: their source counts (fingerprint.code_of). seen: functions that were described before,
    and collections that this value is in, by id.
    """
    seen = {} if seen is None else seen
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return repr(value)
    if isinstance(value, Tensor | np.ndarray | np.generic):
        return _array(value, seen)
    if inspect.isfunction(value):
        return _function(value, seen)
    if isinstance(value, set | frozenset):  # in any order, which must not decide what was seen before
        return f"({', '.join(sorted(described(each, dict(seen)) or UNKNOWN for each in value))})"
    if isinstance(value, Mapping):
        return _all([part for item in value.items() for part in item], value, seen)
    if isinstance(value, list | tuple):
        return _all(value, value, seen)
    if isinstance(value, partial):
        return _all([value.func, value.args, value.keywords], value, seen)
    if is_dataclass(value) and not isinstance(value, type):
        return _all([getattr(value, field.name) for field in fields(value)], value, seen)
    return None


def _all(parts: Iterable[object], whole: object, seen: dict[int, object]) -> str:
    if id(whole) in seen:
        return AGAIN
    seen[id(whole)] = whole
    text = ", ".join(described(each, seen) or UNKNOWN for each in parts)
    del seen[id(whole)]
    kind = type(whole)
    return f"({text})" if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}({text})"


def _array(value: Any, seen: dict[int, object]) -> str | None:
    try:
        values = value.detach().cpu().float().numpy() if isinstance(value, Tensor) else np.asarray(value)
    except (RuntimeError, TypeError):  # tensors that are no arrays, such as sparse ones
        return None
    if values.dtype == object:
        return _all(values.ravel().tolist(), value, seen)
    return f"{values.dtype} {values.shape} {hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()}"


def _function(function: FunctionType, seen: dict[int, object]) -> str | None:
    """Its name, and the first time what it holds: functions may name one another, and tables that they are in."""
    if "." in function.__qualname__.rpartition("<locals>.")[2]:
        return None
    name = f"{function.__module__}.{function.__qualname__}"
    kept = "" if id(function) in seen else held(function, seen)
    return f"{name} with {kept}" if kept else name


def held(function: FunctionType, seen: dict[int, object] | None = None) -> str:
    """What a function keeps of the one it was made in, and its module's values that it names, if they can be described.

    A decorated one also what is below its decorators. Not what can be called: its source counts.
    """
    seen = {} if seen is None else seen
    seen[id(function)] = function
    kept = []
    for each in dict.fromkeys([function, inspect.unwrap(function)]):
        try:
            names = inspect.getclosurevars(each)
        except (TypeError, ValueError):  # no function below; what it names is not there yet
            continue
        values = {name: value for name, value in names.globals.items() if not callable(value)} | names.nonlocals
        texts = {name: described(values[name], seen) for name in sorted(values)}
        kept += [f"{name}={text}" for name, text in texts.items() if text is not None]
    return ", ".join(kept)
