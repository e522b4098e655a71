"""Names of results: safe on every system, and none of them twice."""

import pytest

from unexpected_core.cli.detecting.inputs import UniqueNames, safe_name


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("frame 01", "frame 01"),
        ('a:b*c?"<>|', "a_b_c_____"),
        ("dots. ", "dots"),
        ("con", "_con"),
        ("NUL.tar", "_NUL.tar"),
        ("..", "_"),
        ("", "_"),
        ("a\\b/c", "a_b_c"),
        ("x" * 300, "x" * 100),
        ("夜" * 82, "夜" * 33),  # of three bytes each: the system refused what 100 of them and an ending make
        ("x" + "é" * 99, "x" + "é" * 49),
        ("caf\udce9", "caf\udce9"),  # of a disk whose names are no UTF-8
        ("straße_夜", "straße_夜"),
    ],
)
def test_names_are_safe_on_every_system(text, safe):
    assert safe_name(text) == safe


def test_numbers_for_names_that_are_taken():
    unique = UniqueNames()
    assert [unique(name, "x") for name in ("a", "A", "a-2", "a", "b")] == ["a", "A-2", "a-2-2", "a-3", "b"]


def test_a_name_that_has_an_owner_is_only_his():
    unique = UniqueNames({"A": "x", "a-2": "y"})
    assert [unique("a", source) for source in ("y", "z", "x")] == ["a-2", "a-3", "a"]
