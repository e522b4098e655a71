"""The node's parameters: its settings, declared, validated and documented."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from unexpected_core.config import Setting, Settings, build, merge, settings_of, unknown_name, value_at
from unexpected_core.files import write_text
from unexpected_ros.live.ros import as_meant
from unexpected_ros.settings import NodeSettings

SETTINGS = {setting.name: setting for setting in settings_of(NodeSettings)}
DECIMAL = frozenset(name for name, setting in SETTINGS.items() if setting.type is float)
WORDS = frozenset(name for name, setting in SETTINGS.items() if "yes" in get_args(setting.type))
THRESHOLD = "detect.threshold"
"""When not given, it becomes the one on the weights' card."""
CAMERAS, LISTS = "cameras", (Parameter.Type.STRING_ARRAY,)
"""The parameter that may be given as a list, too. ROS cannot hold an empty list, so it is declared as text."""
_NOT_OURS = ("use_sim_time", "start_type_description_service", "qos_overrides.")
OPEN = {float: (-math.inf, math.inf), int: (-(2**63), 2**63 - 1)}
"""Type -> the ends of a range that a setting leaves open, as ROS messages hold them."""


def is_live(name: str) -> bool:
    """Whether the parameter may change while the node runs; the others are read when it starts."""
    return name.startswith(("detect.", "load.", "camera.", "ground.")) or name in (
        "input.bit_depth",
        "input.max_age_ms",
        "input.max_pixels",
        "input.max_rate_hz",
        "output.overlay_alpha",
        "output.jpeg_quality",
        "output.scale",
        "save.above",
        "save.per_minute",
    )


def describe(setting: Setting) -> ParameterDescriptor:
    """Description, range and choices of a setting as ROS tools show them."""
    descriptor = ParameterDescriptor(description=setting.description, read_only=not is_live(setting.name))
    choices = get_args(setting.type)
    if choices:
        descriptor.additional_constraints = f"one of: {', '.join(choices)}"
    if setting.type in OPEN and (setting.minimum, setting.maximum) != (None, None):
        least, most = (
            setting.type(open_ if bound is None else bound)
            for bound, open_ in zip((setting.minimum, setting.maximum), OPEN[setting.type], strict=True)
        )
        if setting.type is float:
            descriptor.floating_point_range = [FloatingPointRange(from_value=least, to_value=most)]
        else:
            descriptor.integer_range = [IntegerRange(from_value=least, to_value=most)]
    return descriptor


def declare(node: Node) -> tuple[NodeSettings, set[str]]:
    """Declare every parameter on a node made with automatically_declare_parameters_from_overrides=True.

    Returns the settings and the names that were given (by file or command line). Integers do for decimal numbers.
    Raises SettingsError for values that do not fit; unknown names are warned of, with the nearest known one.
    """
    given = {
        name: ", ".join(parameter.value) if name == CAMERAS and parameter.type_ in LISTS else parameter.value
        for name, parameter in node.get_parameters_by_prefix("").items()
        if not name.startswith(_NOT_OURS)
    }
    for name in given:
        node.undeclare_parameter(name)
        if name not in SETTINGS:
            node.get_logger().warning(unknown_name("parameter", name, SETTINGS) + "; it is ignored")
    settings = build(NodeSettings, nest((name, value) for name, value in given.items() if name in SETTINGS))
    for name, value in flatten(settings).items():
        node.declare_parameter(name, value, describe(SETTINGS[name]), ignore_override=True)
    node.add_pre_set_parameters_callback(as_meant(DECIMAL, WORDS))
    return settings, given.keys() & SETTINGS.keys()


def changed(settings: NodeSettings, parameters: Iterable[Parameter]) -> NodeSettings:
    """Settings with a batch of parameters applied, all or none. Raises SettingsError."""
    changes = nest((parameter.name, parameter.value) for parameter in parameters if parameter.name in SETTINGS)
    return build(NodeSettings, merge(settings.model_dump(), changes))


def nest(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """('a.b', 1), ... -> {'a': {'b': 1}, ...}."""
    nested: dict[str, Any] = {}
    for name, value in values:
        for part in reversed(name.split(".")):
            value = {part: value}
        nested = merge(nested, value)
    return nested


def flatten(settings: Settings) -> dict[str, Any]:
    """Settings -> values by dotted name, in order of definition."""
    values = settings.model_dump()
    return {setting.name: value_at(values, setting.name) for setting in settings_of(type(settings))}


def documentation() -> str:
    """The parameter table of docs/ros.md and README.md (Markdown)."""
    rows = ["| parameter | type | default | range | live | description |", "|---|---|---|---|---|---|"]
    for s in SETTINGS.values():
        choices = " ".join(f"`{choice}`" for choice in get_args(s.type))
        ends = ["" if end is None else f"{end:.10g}" for end in (s.minimum, s.maximum)]
        bounds = " .. ".join(ends).strip() if any(ends) else choices
        kind = s.type.__name__ if isinstance(s.type, type) else "str"
        rows.append(
            f"| `{s.name}` | {kind} | {_default(s)} | {bounds} | {'yes' if is_live(s.name) else ''} | {s.description} |"
        )
    return "\n".join(rows) + "\n"


def _default(setting: Setting) -> str:
    return "weights' card" if setting.name == THRESHOLD else f"`{_yaml(setting.default)}`"


def _yaml(value: Any) -> str:
    if isinstance(value, float):  # YAML 1.1 takes 1e-05 for text
        mantissa, e, exponent = repr(value).partition("e")
        return mantissa + (".0" if e and "." not in mantissa else "") + e + exponent
    return json.dumps(value, ensure_ascii=False)  # a subset of YAML, text and escapes too


def parameter_file(settings: NodeSettings | None = None) -> str:
    """The text of a parameter file: every parameter as in settings, or with its default."""
    values = flatten(settings) if settings else {name: s.default for name, s in SETTINGS.items()}
    said = "as it was" if settings else "with its default"
    lines = [
        f"# Every parameter of the detector node {said}; docs/ros.md says which may change live.",
        "/**:",
        "  ros__parameters:",
    ]
    group = ""
    for s in SETTINGS.values():
        inside, _, name = s.name.rpartition(".")
        if inside != group:
            lines.append(f"    {inside}:")
            group = inside
        indent = "      " if group else "    "
        lines.append(f"{indent}# {s.description}")
        lines.append(
            f"{indent}# {name}: {_yaml(s.default)}  # when not given: the one on the weights' card"
            if s.name == THRESHOLD and not settings
            else f"{indent}{name}: {_yaml(values[s.name])}"
        )
    return "\n".join(lines) + "\n"


BEGIN, END = "<!-- parameters -->\n", "<!-- /parameters -->\n"
"""The lines between which `documentation` stands in PAGES."""
PAGES = ("docs/ros.md", "README.md")


def write_documentation(repository: Path) -> None:
    """Bring config/detector.param.yaml and the tables in PAGES up to date with the fields."""
    write_text(repository / "config" / "detector.param.yaml", parameter_file())
    for page in (repository / name for name in PAGES):
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        write_text(page, before + BEGIN + documentation() + END + rest.partition(END)[2])


if __name__ == "__main__":
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / PAGES[0]).is_file():
        raise SystemExit(f"{checkout} is no checkout of the project: there is nothing to bring up to date")
    write_documentation(checkout)
