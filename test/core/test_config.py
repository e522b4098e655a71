"""Settings: listed, changed and refused by the names of their fields."""

import pytest
from pydantic import Field

from unexpected_core.config import (
    Setting,
    Settings,
    SettingsError,
    build,
    changed,
    merge,
    override,
    read_yaml,
    settings_of,
    unknown_name,
)


class Inner(Settings):
    rate: float = Field(1.5, gt=0.0, le=10.0, description="images per second")
    names: list[str] = Field(["a"], description="who")


class Outer(Settings):
    steps: int = Field(3, ge=1, description="how many")
    inner: Inner = Inner()
    note: str = ""
    repeats: dict[str, int] = Field({"a": 1}, description="how often")


PRESETS = {"small": Outer(), "big": Outer(steps=100)}


def test_leaves_are_listed_with_bounds_and_descriptions():
    assert list(settings_of(Outer)) == [
        Setting("steps", int, 3, 1, None, "how many"),
        Setting("inner.rate", float, 1.5, 0.0, 10.0, "images per second"),
        Setting("inner.names", list[str], ["a"], None, None, "who"),
        Setting("note", str, "", None, None, ""),
        Setting("repeats", dict[str, int], {"a": 1}, None, None, "how often"),
    ]


def test_settings_are_frozen_and_survive_a_round_trip():
    settings = build(Outer, {"inner": {"rate": 2}})
    assert settings.inner.rate == 2.0 and settings.steps == 3
    assert build(Outer, settings.model_dump()) == settings
    assert Outer.model_validate_json(settings.model_dump_json()) == settings
    with pytest.raises(ValueError, match="frozen"):
        settings.steps = 4


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stesp": 4}, "unknown setting 'stesp'; did you mean 'steps'"),
        ({"inner": {"rat": 4}}, r"unknown setting 'inner\.rat'; did you mean 'inner\.rate'"),
        ({"zzzz": 4}, r"unknown setting 'zzzz'; known: steps, inner\.rate, inner\.names, note, repeats"),
        ({"steps": 0}, "setting 'steps' = 0: Input should be greater than or equal to 1"),
        ({"inner": {"rate": "fast"}}, r"setting 'inner\.rate' = 'fast': Input should be a valid number"),
        ({"steps": 0, "note": 7}, r"setting 'steps' = 0.*\nsetting 'note' = 7"),
        (
            {"note": 362},
            r"setting 'note' = 362: expected text; YAML takes 12, .*: put it in quotes, such as \"12\"",
        ),
        (
            {"inner": {"names": [362]}},
            r"setting 'inner\.names\.0' = 362: expected text; .* quotes, such as \"12\"$",
        ),
        ({"note": None}, "setting 'note' = None: Input should be a valid string"),
    ],
)
def test_faults_name_the_setting_the_value_and_what_was_expected(values, message):
    with pytest.raises(SettingsError, match=message):
        build(Outer, values)


def test_overrides_are_yaml_values_on_dotted_names():
    other = override(Outer(), ["inner.rate=4", "inner.names=[x, y]", "note=a=b", "steps = 7"])
    assert other == Outer(steps=7, inner=Inner(rate=4, names=["x", "y"]), note="a=b")
    assert override(other, ["note="]) == Outer(steps=7, inner=Inner(rate=4, names=["x", "y"]))
    decimal = override(other, ["steps=010", "inner.names=[0552]"])  # as a shell and YAML 1.2 have it
    assert decimal == Outer(steps=10, inner=Inner(rate=4, names=["0552"]), note="a=b")
    with pytest.raises(SettingsError, match="expected name=value, found 'steps'"):
        override(Outer(), ["steps"])
    with pytest.raises(SettingsError, match=r"setting 'inner': cannot read .* as a YAML value \('rate' stands twice\)"):
        override(Outer(), ["inner={rate: 1, rate: 2}"])
    with pytest.raises(SettingsError, match=r"setting 'note': cannot read '\[' as a YAML value"):
        override(Outer(), ["note=["])
    with pytest.raises(SettingsError, match=r"did you mean 'inner\.rate'"):
        override(Outer(), ["inner.raet=4"])


@pytest.mark.parametrize("text", ["0552", "1e+3", "yes", "2026-11-27", "12:30", "0.10"])
def test_a_text_from_the_shell_needs_no_quotes(text):
    assert override(Outer(), [f"note= {text} "]).note == override(Outer(), [f"note='{text}'"]).note == text


def test_merging_replaces_leaves_and_keeps_the_rest():
    base = {"a": {"b": 1, "c": 2}, "d": [1, 2]}
    assert merge(base, {"a": {"c": 3}, "d": [4]}) == {"a": {"b": 1, "c": 3}, "d": [4]}
    assert base == {"a": {"b": 1, "c": 2}, "d": [1, 2]}


def test_changes_replace_leaves_and_keep_the_rest():
    base = Outer(steps=9, inner=Inner(rate=2))
    assert changed(base, {"inner": {"names": ["b"]}}) == Outer(steps=9, inner=Inner(rate=2, names=["b"]))
    assert changed(base, {"inner": {}}) == base and changed(base, {"steps": 1}, {"steps": 2}).steps == 2
    with pytest.raises(SettingsError, match="setting 'inner' = 3"):
        changed(base, {"inner": 3})


def test_mappings_take_over_entries_and_can_be_emptied(tmp_path):
    assert override(Outer(), ["repeats.b=2"]).repeats == {"a": 1, "b": 2}
    assert override(Outer(), ["repeats={b: 2}"]).repeats == {"a": 1, "b": 2}
    assert override(Outer(), ["repeats={}"]).repeats == {}
    assert override(Outer(), ["repeats={}", "repeats={b: 2}"]).repeats == {"b": 2}
    (tmp_path / "mine.yaml").write_text("base: big\ninner: {}\nrepeats: {}\n")
    assert read_yaml(tmp_path / "mine.yaml", PRESETS) == Outer(steps=100, repeats={})


def test_yaml_files_name_a_base_and_change_it(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("base: big\ninner: {rate: 9}\n")
    assert read_yaml(path, PRESETS) == Outer(steps=100, inner=Inner(rate=9))
    for text, message in [
        ("base: bgi", r"must name a preset; unknown preset 'bgi'; did you mean 'big'"),
        ("steps: 3", "must name a preset"),
        ("base: [", "cannot read settings from .*mine.yaml"),
        ("base: big\nsteps: -1", "setting 'steps' = -1"),
        ("- 1", "expected 'name: value' lines"),
        ("base: big\ninner: {rate: 9}\ninner: {names: [x]}", r"mine\.yaml: 'inner' stands twice .*line 3, column 1"),
        ("base: big\ninner: {rate: 9, rate: 8}", "'rate' stands twice"),
    ]:
        path.write_text(text)
        with pytest.raises(SettingsError, match=message):
            read_yaml(path, PRESETS)
    with pytest.raises(SettingsError, match=r"cannot read settings from .*No such file"):
        read_yaml(tmp_path / "gone.yaml", PRESETS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("# café\nbase: a".encode("latin-1"), "cannot read settings from .*variant.yaml: byte 5 is not UTF-8, which"),
        (b"base: [a]", r"'base:' must name a preset; unknown preset '\['a'\]'"),
        (b"base: {a: 1}", "'base:' must name a preset"),
    ],
)
def test_yaml_files_that_are_none_are_refused_by_name(content, message, tmp_path):
    (tmp_path / "variant.yaml").write_bytes(content)
    with pytest.raises(SettingsError, match=message):
        read_yaml(tmp_path / "variant.yaml", PRESETS)


def test_unknown_names_are_answered_with_the_nearest():
    assert unknown_name("scorer", "sofmax", ["softmax", "energy"]) == (
        "unknown scorer 'sofmax'; did you mean 'softmax'? Known: softmax, energy"
    )
    assert unknown_name("scorer", "qqq", ["softmax"]) == "unknown scorer 'qqq'; known: softmax"
