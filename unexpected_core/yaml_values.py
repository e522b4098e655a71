"""YAML as people mean it: 0552 and 2026-11-27 are text, 1e-3 is a number, and a name stands once in a mapping."""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F]+)$")
_FLOAT = re.compile(
    r"[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.(?:inf|Inf|INF))$|"
    r"\.(?:nan|NaN|NAN)$"
)
_TAGS = {kind: f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "timestamp")}


class ValueLoader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1: there 0552 is 362 and 1:30 is 90, and of two equal names the last one wins."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, form) for tag, form in kinds if tag not in _TAGS.values()]
        for first, kinds in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge what `<<` names; what stands beside it wins, in a mapping that is merged into a further one too.

        Raises MarkedYAMLError where a name stands twice.
        """
        names: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in names:
                raise yaml.MarkedYAMLError(problem=f"'{name}' stands twice", problem_mark=key.start_mark)
            names.add(name)
        super().flatten_mapping(node)
        node.value = list({str(key.value): (key, value) for key, value in node.value}.values())


class TextLoader(ValueLoader):
    """All values are text, or nothing."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, form) for tag, form in kinds if tag.endswith((":null", ":merge"))]
        for first, kinds in ValueLoader.yaml_implicit_resolvers.items()
    }


class _ValueDumper(yaml.SafeDumper):
    """Puts in quotes what either reading takes for a number."""


for _kind, (_form, _first) in {"int": (_INTEGER, "-+0123456789"), "float": (_FLOAT, "-+.0123456789")}.items():
    for _each in (ValueLoader, _ValueDumper):
        _each.add_implicit_resolver(_TAGS[_kind], _form, [*_first])


def parse_yaml(text: str | bytes, loader: type[ValueLoader] = ValueLoader) -> Any:
    """Text, or the bytes of a file -> plain values. Raises yaml.YAMLError, also for bytes that are not UTF-8."""
    try:
        text = text.decode() if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise yaml.YAMLError(f"byte {error.start} is not UTF-8, which the file is to be saved as") from error
    return yaml.load(text, loader)


def reason(error: yaml.YAMLError) -> str:
    """What is wrong with a text of one line, without its place."""
    return getattr(error, "problem", None) or " ".join(str(error).split())


def format_yaml(value: Any, flow: bool = False) -> str:
    """Plain values -> text that `parse_yaml` reads as the same, names in their order. flow: in one line."""
    style = {"default_flow_style": True, "width": math.inf} if flow else {}
    return yaml.dump(value, Dumper=_ValueDumper, sort_keys=False, allow_unicode=not flow, **style)
