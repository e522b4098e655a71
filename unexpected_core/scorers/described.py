"""Values in words or hashes that are the same in every process, so that two makers of scores can be told apart."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np
from torch import Tensor

UNKNOWN = "?"


def described(value: object, seen: Collection[object] = ()) -> str | None:
    """Text for plain values, arrays, functions with what they hold, and collections of these; None for all else.

    Methods of classes have none: their source counts (fingerprint.code_of). seen: functions that ask for it.
    """
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return repr(value)
    if isinstance(value, Tensor | np.ndarray | np.generic):
        return _array(value)
    if isinstance(value, Mapping):
        return _all([part for item in value.items() for part in item], seen)
    if isinstance(value, list | tuple):
        return _all(value, seen)
    if isinstance(value, set | frozenset):
        return f"({', '.join(sorted(described(each, seen) or UNKNOWN for each in value))})"
    if isinstance(value, partial):
        return _all([value.func, value.args, value.keywords], seen)
    if is_dataclass(value) and not isinstance(value, type):
        return _all([getattr(value, field.name) for field in fields(value)], seen)
    return _function(value, seen) if inspect.isfunction(value) else None


def _all(values: Collection[object], seen: Collection[object]) -> str:
    return f"({', '.join(described(each, seen) or UNKNOWN for each in values)})"


def _array(value: Any) -> str | None:
    try:
        values = value.detach().cpu().float().numpy() if isinstance(value, Tensor) else np.asarray(value)
    except (RuntimeError, TypeError):  # tensors that are no arrays, such as sparse ones
        return None
    if values.dtype == object:
        return _all(values.ravel().tolist(), ())
    return f"{values.dtype} {values.shape} {hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()}"


def _function(function: FunctionType, seen: Collection[object]) -> str | None:
    if "." in function.__qualname__.rpartition("<locals>.")[2]:
        return None
    name = f"{function.__module__}.{function.__qualname__}"
    if function in seen:
        return name
    kept = described(held(function), [*seen, function])
    return name if kept == "()" else f"{name} with {kept}"


def held(function: FunctionType) -> dict[str, object]:
    """What a function keeps of the one it was made in, and its module's values that it names, if they can be described.

    Not what can be called: its source counts.
    """
    try:
        names = inspect.getclosurevars(function)
    except ValueError:  # what it names is not there yet
        return {}
    values = {name: value for name, value in names.globals.items() if not callable(value)}
    kept = sorted((names.nonlocals | values).items())
    return {name: value for name, value in kept if described(value, [function]) is not None}
