"""Settings that say one thing once: pydantic models hold name, type, default, bounds and description.

YAML files, ``--set key=value``, ROS parameters, README tables and saved config.json files are all read off them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from math import inf
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from unexpected_core.log import one_line
from unexpected_core.yaml_values import parse_yaml, reason


def ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    """A range as it is. Raises ValueError."""
    if not 0 < bounds[0] <= bounds[1] < inf:
        raise ValueError("expected two positive numbers, the smaller one first")
    return bounds


Range = Annotated[tuple[float, float], AfterValidator(ascending)]
"""Least and greatest factor or length, above 0."""
type Value = str | int | float | bool | Path | Sequence[Value] | None
"""What an option or a setting can be where it is given by name; the model, or the signature it goes to, says more."""
Number = Annotated[float, BeforeValidator(lambda value: float("nan") if value is None else value)]
"""A float that may be NaN, which is null in JSON."""
_NO_TEXT = (int, float)
"""What YAML makes of some texts without quotes; a truth is an int, too."""


class SettingsError(ValueError):
    """A setting that does not exist or does not fit; the message names it, the value, and what was expected."""


class Settings(BaseModel):
    """Base of all settings: frozen, no unknown names, defaults checked too."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def same(model: type[Settings], name: str) -> Any:
    """A field that means the same as one of another model: its default, bounds and description, defined there."""
    return copy(model.model_fields[name])


class Setting(NamedTuple):
    """One leaf of a settings model: dotted name, type, default, bounds (None = open), description."""

    name: str
    type: Any
    default: Any
    minimum: float | None
    maximum: float | None
    description: str


def settings_of(model: type[Settings], prefix: str = "") -> Iterator[Setting]:
    """Every leaf of a (nested) settings model, in order of definition."""
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Settings):
            yield from settings_of(info.annotation, f"{prefix}{name}.")
            continue
        bounds = {key: getattr(m, key) for m in info.metadata for key in ("ge", "gt", "le", "lt") if hasattr(m, key)}
        yield Setting(
            f"{prefix}{name}",
            info.annotation,
            info.get_default(call_default_factory=True),
            bounds.get("ge", bounds.get("gt")),
            bounds.get("le", bounds.get("lt")),
            info.description or "",
        )


def value_at(values: Mapping[str, Any], name: str) -> Any:
    """What nested mappings hold under a dotted name; None where they hold nothing."""
    found: Any = values
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def build[S: Settings](model: type[S], values: Mapping[str, Any]) -> S:
    """Values (nested mapping) -> settings. Raises SettingsError: one line per fault, unknown names with the nearest."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        known = [setting.name for setting in settings_of(model)]
        raise SettingsError("\n".join(_explain(fault, known) for fault in error.errors())) from None


def _explain(fault: Mapping[str, Any], known: list[str]) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return unknown_name("setting", name, known)
    if fault["type"] == "string_type" and isinstance(fault["input"], _NO_TEXT):
        return (
            f"setting '{name}' = {fault['input']!r}: expected text; YAML takes 12, 1e+3 or yes for a number or a "
            'truth: put it in quotes, such as "12"'
        )
    if not name:  # of several settings together, which the message names
        return fault["msg"]
    return f"setting '{name}' = {fault['input']!r}: {fault['msg']}"


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that is not in a table: says the nearest one and lists them all."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'? Known" if near else "known"
    return f"unknown {kind} '{name}'; {hint}: {', '.join(known) or 'none'}"


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings merge, everything else is replaced."""
    merged = dict(base)
    for key, value in changes.items():
        nested = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if nested else value
    return merged


def changed[S: Settings](settings: S, *changes: Mapping[str, Any]) -> S:
    """Settings with nested changes, one after the other. Raises SettingsError.

    Fields that are mappings themselves take over the new entries; an empty mapping empties them.
    """
    values = settings.model_dump()
    for each in changes:
        values = _merged(settings, values, each)
    return build(type(settings), values)


def _merged(settings: Any, values: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """values: of the settings, some changed already."""
    merged = dict(values) if isinstance(values, Mapping) else {}
    for name, value in changes.items():
        part, before = getattr(settings, name, None), merged.get(name)
        if isinstance(value, Mapping) and isinstance(part, Settings):
            merged[name] = _merged(part, before, value)
        elif isinstance(value, Mapping) and isinstance(before, Mapping) and value:
            merged[name] = merge(before, value)
        else:
            merged[name] = value
    return merged


def override[S: Settings](settings: S, assignments: Iterable[str]) -> S:
    """Apply 'dotted.name=value' texts to settings; values are YAML, and nothing is "". Raises SettingsError.

    Where text is expected, what YAML takes for a number is text: the shell has taken the quotes off.
    """
    words = {setting.name for setting in settings_of(type(settings)) if setting.type is str}
    changes: list[dict[str, Any]] = []
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"expected name=value, found '{text}'")
        try:
            nested: Any = parse_yaml(value) if value.strip() else ""
        except yaml.YAMLError as error:
            raise SettingsError(
                f"setting '{name.strip()}': cannot read '{value}' as a YAML value ({reason(error)})"
            ) from error
        if name.strip() in words and isinstance(nested, _NO_TEXT):
            nested = value.strip()
        for part in reversed(name.strip().split(".")):
            nested = {part: nested}
        changes.append(nested)
    return changed(settings, *changes)


def read_yaml[S: Settings](path: str | Path, presets: Mapping[str, S]) -> S:
    """A YAML file whose ``base:`` names a preset and whose other keys override it. Raises SettingsError."""
    try:
        values = parse_yaml(Path(path).read_bytes()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(f"cannot read settings from {path}: {one_line(error)}") from error
    if not isinstance(values, dict):
        raise SettingsError(f"cannot read settings from {path}: expected 'name: value' lines")
    name = values.pop("base", None)
    if not isinstance(name, str) or name not in presets:
        raise SettingsError(f"{path}: 'base:' must name a preset; {unknown_name('preset', str(name), presets)}")
    return changed(presets[name], values)


def read_json[T](path: Path, form: type[T], error: type[ValueError], cure: str) -> T:
    """What a file holds, in a form that pydantic knows, such as list[str].

    Raises `error`, which names the file, what is wrong, and the cure: for a file that is damaged, not in UTF-8, or of
    another form.
    """
    try:
        return TypeAdapter(form).validate_json(path.read_bytes())
    except ValidationError as faults:
        fault = faults.errors()[0]
        place = "".join(f"{part}: " for part in fault["loc"])
        raise error(f"cannot read {path}: {place}{fault['msg']}; {cure}") from faults
