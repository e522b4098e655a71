"""YAML as people mean it."""

import math

import pytest
import yaml

from unexpected_core.yaml_values import TextLoader, format_yaml, parse_yaml

READ = {
    "12": 12, "-3": -3, "0": 0, "1_000": 1000, "0x1F": 31, "1e3": 1000.0, "1e-3": 0.001, "-.5": -0.5, "5.": 5.0,
    "1.5E+2": 150.0, ".inf": math.inf, "-.Inf": -math.inf, "+.INF": math.inf,
    "yes": True, "false": False, "~": None, "[64, 0552]": [64, "0552"],
    "{a: 1, b: 2}": {"a": 1, "b": 2},
}  # fmt: skip
TEXTS = [
    "0552",
    "010",
    "0b11",
    "1:30",
    "2026-11-27",
    "2026-11-27 12:30:00",
    "1.2.3",
    "08",
    ".",
    "+",
    "1e3x",
    "e5",
    "12-3",
]


@pytest.mark.parametrize(("text", "value"), READ.items())
def test_numbers_truths_and_collections(text, value):
    assert parse_yaml(text) == value and type(parse_yaml(text)) is type(value)


@pytest.mark.parametrize("text", TEXTS)
def test_what_only_looks_like_a_number_is_text(text):
    assert parse_yaml(text) == text


@pytest.mark.parametrize("text", ["{a: 1, a: 2}", "a: 1\nb: {c: 1}\na: 2", "repeats:\n- {x: 1, x: 1}"])
def test_a_name_stands_once_in_a_mapping(text):
    with pytest.raises(yaml.YAMLError, match="stands twice"):
        parse_yaml(text)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_no_number_is_a_number(text):
    assert math.isnan(parse_yaml(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            "a: &a {x: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b, y: 3}",
            {"a": {"x": 1}, "b": {"x": 2}, "c": {"x": 2, "y": 3}},
        ),
        ("a: {b: &b {<<: {x: 1}, x: 2}}\nc: {<<: *b}", {"a": {"b": {"x": 2}}, "c": {"x": 2}}),
        ("a: &a {x: 1}\nb: {<<: [*a, {x: 3, y: 4}]}", {"a": {"x": 1}, "b": {"x": 1, "y": 4}}),
    ],
)
def test_what_is_merged_gives_way(text, value):
    assert parse_yaml(text) == value


def test_texts_of_a_text_loader():
    read = parse_yaml("a: 0552\nb: 12\nc: yes\nd: 1e3\ne: ~\nf:\n", TextLoader)
    assert read == {"a": "0552", "b": "12", "c": "yes", "d": "1e3", "e": None, "f": None}


@pytest.mark.parametrize(
    "value", [*READ, *TEXTS, *READ.values(), 1e-05, 1e22, "", "a: b", "true", "null", "'", {"3e8": "1e5"}]
)
def test_what_is_written_is_read_as_the_same(value):
    for read in (parse_yaml, yaml.safe_load):
        assert read(format_yaml(value)) == value and type(read(format_yaml(value))) is type(value)
