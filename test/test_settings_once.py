"""One definition of every setting: no default and no choice of a settings model stands a second time in the code."""

import ast
import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

import unexpected_core
from unexpected_core.config import Settings, SettingsError, build, same
from unexpected_core.regions import RegionSettings

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = ("unexpected_core", "unexpected_ros", "demo")
FILES = sorted(path for room in ROOMS for path in (REPOSITORY / room).rglob("*.py"))
NEUTRAL = (None, True, False, "", 0, 1, (), [], {})
"""Defaults that say 'nothing', whatever they are the defaults of."""
OTHERS = {
    ("unexpected_core/drawing/tracks.py", "size"): "frames that are drawn without any settings",
    ("unexpected_core/networks/fast_baselines.py", "members"): "the cards of trained ones carry their own number",
}
"""(file, parameter) that shares name and default with a setting but is another thing -> what it is."""


def models() -> Iterator[type[BaseModel]]:
    """Every pydantic model of the package."""
    for module in pkgutil.walk_packages(unexpected_core.__path__, "unexpected_core."):
        importlib.import_module(module.name)
    waiting = [BaseModel]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if model.__module__.startswith("unexpected_"):
            yield model


def choices_in(annotation: Any) -> Iterator[frozenset[str]]:
    """The sets of names that a field may have, wherever they stand in its type."""
    if get_origin(annotation) is Literal and len(get_args(annotation)) > 1:
        yield frozenset(get_args(annotation))
    for part in get_args(annotation):
        yield from choices_in(part)


def written_defaults(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """(name, default) of the fields of a module's classes whose default is written out."""
    for node in ast.walk(tree):
        written = isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call) and node.value.args
        if written and ast.unparse(node.value.func) == "Field":
            yield from ((ast.unparse(node.target), value) for value in literal(node.value.args[0]))


def literal(node: ast.expr | None) -> list[Any]:
    """[the value] of a literal, [] of anything else."""
    try:
        return [ast.literal_eval(node)] if node is not None else []
    except ValueError:
        return []


def option(call: ast.Call) -> Iterator[tuple[int, str, Any]]:
    """(line, name, default) of an option of a command, ``add("--name", default=...)``."""
    names = [value for each in call.args for value in literal(each) if isinstance(value, str) and value[:2] == "--"]
    defaults = [value for each in call.keywords if each.arg == "default" for value in literal(each.value)]
    yield from ((call.lineno, name[2:].replace("-", "_"), value) for name in names for value in defaults)


def parameters(tree: ast.Module) -> Iterator[tuple[int, str, Any]]:
    """(line, name, default) of every parameter, option and field of a plain class whose default is written out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from option(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named = [*node.args.posonlyargs, *node.args.args]
            pairs = [*zip(named[::-1], node.args.defaults[::-1], strict=False)]
            pairs += zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            yield from ((node.lineno, name.arg, value) for name, default in pairs for value in literal(default))
        if isinstance(node, ast.ClassDef):
            fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
            yield from ((each.lineno, ast.unparse(each.target), v) for each in fields for v in literal(each.value))


def repeated_defaults(settings: set[tuple[str, str]], files: dict[str, ast.Module]) -> list[str]:
    """'file:line name = default' of everything that repeats a (name, repr of default) of the settings."""
    return [
        f"{file}:{line}: {name} = {value!r}"
        for file, tree in files.items()
        for line, name, value in parameters(tree)
        if value not in NEUTRAL and (name, repr(value)) in settings and (file, name) not in OTHERS
    ]


def lists_of_choices(choices: set[frozenset[str]], files: dict[str, ast.Module]) -> dict[frozenset[str], list[str]]:
    """Set of names -> every place that lists exactly these, as a type or as a table."""
    found = defaultdict(list)
    for file, tree in files.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Tuple | ast.List | ast.Set):
                names = frozenset(value for each in node.elts for value in literal(each) if isinstance(value, str))
                if names in choices and len(node.elts) == len(names):
                    found[names].append(f"{file}:{node.lineno}")
    return found


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return {str(path.relative_to(REPOSITORY)): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def test_no_default_of_a_setting_is_written_twice(trees):
    settings = {(name, repr(value)) for tree in trees.values() for name, value in written_defaults(tree)}
    assert ("hysteresis", "0.25") in settings and ("size", "(256, 512)") in settings
    found = repeated_defaults(settings, trees)
    assert not found, "take the default from the settings:\n" + "\n".join(found)


def test_no_choices_of_a_setting_are_listed_twice(trees):
    choices = {names for model in models() for f in model.model_fields.values() for names in choices_in(f.annotation)}
    assert frozenset({"pspnet", "bayes_segnet"}) in choices and frozenset({"normalised", "raw_tanh"}) in choices
    twice = {places[0]: places[1:] for places in lists_of_choices(choices, trees).values() if len(places) > 1}
    assert not twice, f"name the choices once and use get_args: {twice}"


def test_exceptions_are_still_needed(trees):
    for file, name in OTHERS:
        assert any(name == each and value not in NEUTRAL for _, each, value in parameters(trees[file])), (file, name)


@pytest.mark.parametrize(
    "code",
    [
        "def f(*, hysteresis: float = 0.25): ...",
        "class C:\n    hysteresis: float = 0.25",
        "def f(hysteresis=.25): ...",
        "add('--hysteresis', default=0.25)",
    ],
)
def test_a_second_default_is_found(code):
    assert len(repeated_defaults({("hysteresis", "0.25")}, {"a.py": ast.parse(code)})) == 1
    assert not repeated_defaults({("hysteresis", "0.3")}, {"a.py": ast.parse(code)})


def test_a_second_list_of_choices_is_found():
    code = {"a.py": "K = Literal['x', 'y']", "b.py": "def f(k: Literal['y', 'x']): ...\nZ = ('x', 'z')"}
    files = {name: ast.parse(text) for name, text in code.items()}
    assert lists_of_choices({frozenset("xy")}, files) == {frozenset("xy"): ["a.py:1", "b.py:1"]}


def test_the_same_field_of_another_model_keeps_default_bounds_and_description():
    class Other(Settings):
        threshold: float = same(RegionSettings, "threshold")

    there, here = RegionSettings.model_fields["threshold"], Other.model_fields["threshold"]
    assert (here.default, here.description, here.metadata) == (there.default, there.description, there.metadata)
    with pytest.raises(SettingsError, match=r"'threshold' = 1\.5: Input should be less than or equal to 1"):
        build(Other, {"threshold": 1.5})
