"""Public faces: who takes or gives arrays says their shape and what is in them; every option has a type."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
FILES = sorted(path for room in ("unexpected_core", "unexpected_ros") for path in (REPOSITORY / room).rglob("*.py"))
STATE_DICT = re.compile(r"(dict|Mapping)\[str, Tensor\]")
"""Weights by name have shapes of their own."""
ARRAY = re.compile(r"\b(ndarray|Tensor)\b")
SHAPE = re.compile(r"\[[^\]]*\]|any shape", re.IGNORECASE)
CONTENT = re.compile(
    r"u?int(8|16|32|64)?\b|float|bool|integer|unsigned|dtype|any type|RGB|train ids|logit|0\.\.|in \[0, 1",
    re.IGNORECASE,
)
ELSEWHERE = re.compile(r"\b[Ss]ee \w")
"""'See Scorer.forward': said there."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(node: ast.Module | ast.ClassDef, about: str = "") -> Iterator[tuple[Function, str]]:
    """Every public function and method, and what its docstring and that of its class say."""
    for child in node.body:
        name = getattr(child, "name", "_")
        if isinstance(child, ast.ClassDef) and not name.startswith("_"):
            yield from functions(child, ast.get_docstring(child) or "")
        if isinstance(child, Function) and (not name.startswith("_") or name in ("__call__", "__init__")):
            yield (
                child,
                f"{ast.get_docstring(child) or ''}\n{about if name in ('forward', '__call__', '__init__') else ''}",
            )


def handles_arrays(function: Function) -> bool:
    """Whether the signature names arrays or tensors other than those of a state dict."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    given = [each.annotation for each in arguments] + [function.returns]
    return any(ARRAY.search(STATE_DICT.sub("", ast.unparse(each))) for each in given if each is not None)


def silent(source: str) -> list[str]:
    """'line: name' of the public functions that handle arrays and do not say which."""
    return [
        f"{function.lineno}: {function.name}"
        for function, said in functions(ast.parse(source))
        if handles_arrays(function) and not (SHAPE.search(said) and CONTENT.search(said)) and not ELSEWHERE.search(said)
    ]


def untyped(source: str) -> list[str]:
    """'line: name' of the functions with ** options of no type, or of any where the function is public."""
    taking = [n for n in ast.walk(ast.parse(source)) if isinstance(n, Function) and n.args.kwarg]
    types = {node: node.args.kwarg.annotation and ast.unparse(node.args.kwarg.annotation) for node in taking}
    return [
        f"{node.lineno}: {node.name}"
        for node, kind in types.items()
        if kind is None or (kind == "Any" and not node.name.startswith("_"))
    ]


def test_arrays_are_described_by_shape_and_content():
    paths = {path: path.relative_to(REPOSITORY).as_posix() for path in FILES}
    found = [f"{name}:{each}" for path, name in paths.items() for each in silent(path.read_text(encoding="utf-8"))]
    assert not found, "say shape and dtype, range or unit in the docstring:\n" + "\n".join(found)


def test_options_have_types():
    found = [
        f"{path.relative_to(REPOSITORY)}:{each}"
        for path in FILES
        if path.parts[-2:] != ("live", "ros.py")  # fields of any message
        for each in untyped(path.read_text("utf-8"))
    ]
    assert not found, "name the options, or give them a type:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("said", "enough"),
    [
        ("Score uint8 [H, W] -> the same.", True),
        ("See Scorer.forward.", True),
        ("A score.", False),
        ("A score [H, W].", False),
        ("A uint8 score.", False),
        ("", False),
    ],
)
def test_what_is_enough(said, enough):
    assert silent(f"def f(x: np.ndarray) -> int:\n    {said!r}") == ([] if enough else ["1: f"])
    method = f"class C:\n    {said!r}\n    def forward(self, x: Tensor): ..."
    assert silent(method) == ([] if enough else ["3: forward"])


def test_what_is_not_asked():
    assert not silent("def _f(x: np.ndarray): ...\nclass _C:\n    def f(self, x: Tensor): ...")
    assert not silent("def f(state: dict[str, Tensor]): ...")
    assert untyped("def f(**x): ...\ndef g(**x: int): ...\nclass C:\n    def _h(self, **x): ...") == ["1: f", "4: _h"]
    assert untyped("def f(**x: Any): ...\ndef _g(**x: Any): ...\ndef h(**x: Value): ...") == ["1: f"]
