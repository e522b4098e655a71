"""What README and docs say of names: links, modules, commands and their options, scripts, tables of what there is."""

import argparse
import ast
import importlib
import importlib.util
import json
import re
import shlex
import sys
from itertools import chain, product, takewhile
from pathlib import Path
from textwrap import dedent
from typing import get_args

import pytest

from unexpected_core.cli.main import COMMANDS, _parser, _read
from unexpected_core.datasets import DATASETS
from unexpected_core.discrepancy_data.swaps import RECIPES
from unexpected_core.drawing.tracks import TRACKS
from unexpected_core.encodings import ENCODINGS
from unexpected_core.evaluation.settings import EvaluationSettings
from unexpected_core.metrics.modes import PIXEL_MODES
from unexpected_core.networks import NETWORKS
from unexpected_core.pipeline.settings import Runtime
from unexpected_core.scorers import SCORERS
from unexpected_core.training.presets import PRESETS

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def texts():
    return [(page.name, page.read_text(encoding="utf-8")) for page in PAGES]


def first_column(page, heading):
    """Names in backticks in the first column of the first table after a heading."""
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8").partition(heading)[2]
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE).group()
    return [name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_links_lead_somewhere():
    broken = [
        (page.name, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert not broken


def test_no_page_holds_what_a_merge_could_not_decide():
    marked = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
    pages = [*PAGES, REPOSITORY / "CHANGELOG.rst"]
    assert not [page.name for page in pages if marked.search(page.read_text(encoding="utf-8"))]


def test_files_and_folders_of_the_project_are_where_they_are_said_to_be():
    tops = "test|bench|config|examples|scripts|launch|msg|docs|demo|authors|unexpected_core|unexpected_ros"
    for page, text in texts():
        found = re.findall(rf"`((?:{tops})/[\w./-]*)(?:: [^`]*)?`", text)
        assert not [name for name in found if not (REPOSITORY / name).exists()], page


def blocks():
    """(page, code) of every block marked as Python; the plan's are signatures only."""
    pages = [(page, text) for page, text in texts() if page != "architecture.md"]
    return [(page, code) for page, text in pages for code in re.findall(r"```python\n(.*?)\n *```", text, re.DOTALL)]


def test_python_in_the_pages_imports_what_there_is():
    found = 0
    for page, code in blocks():
        for node in ast.walk(ast.parse(dedent(code))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("unexpected_core"):
                module, found = importlib.import_module(node.module), found + 1
                assert not [alias.name for alias in node.names if not hasattr(module, alias.name)], page
    assert found >= 5


def test_modules_and_scripts_that_are_run_are_there_and_take_the_options_given():
    for page, text in texts():
        for module, _ in re.findall(r"python -m (unexpected_[\w.]+)([^`\n]*)", text):
            path = REPOSITORY / (module.replace(".", "/") + ".py")
            assert path.is_file(), (page, module)
        for script, rest in re.findall(r"(?<!/)\b((?:bench|examples|scripts|demo)/[\w/]+\.py)([^`\n]*)", text):
            assert (REPOSITORY / script).is_file(), (page, script)
            code = (REPOSITORY / script).read_text(encoding="utf-8")
            for option in re.findall(r" (--[a-z-]+)", rest.partition("#")[0]):
                assert f'"{option}"' in code, f"{page}: {script} has no {option}"


def commands():
    """(page, words) of every `unexpected ...`: in code of a line or a block, without what is said beside it."""
    for page, text in texts():
        text = re.sub(r"(?<!`)`[^`]+`(?!`)", lambda code: code.group().replace("\n", " "), text.replace("\\\n", " "))
        for line in re.findall(r"(?:^|[`;] ?|do |in )(?:\s*)unexpected ([a-z-]+ [^`\n]*)", text, re.MULTILINE):
            command = re.split(r"\s{3,}|\s#|;|, ", re.sub(r"(--[a-z-]+ )?\.\.\.", "", line))[0]
            if command.split()[0] in COMMANDS and "[" not in command:
                yield page, tuple(shlex.split(command))


@pytest.mark.parametrize(
    ("page", "words"),
    sorted(set(commands())),
    ids=lambda value: value if isinstance(value, str) else " ".join(value)[:60],
)
def test_commands_are_understood(page, words, capsys):
    """Placeholders stand for names that are looked up later; what is left out on purpose may be all that is missed."""
    try:
        options = _read(words[0], list(words))
    except SystemExit:
        said = capsys.readouterr().err
        assert "arguments are required" in said or "is required" in said, f"{page}: {said}"
    else:
        assert isinstance(options, argparse.Namespace)


def examples_in_help():
    """(command, words) of each line below "examples:" in the help of a command or of its actions."""
    for name in COMMANDS:
        called = _parser(name)[1]
        actions = [a for a in called._actions if isinstance(a, argparse._SubParsersAction)]
        for parser in [called, *(sub for a in actions for sub in a.choices.values())]:
            lines = (parser.epilog or "").partition("examples:\n")[2].splitlines()
            yield from ((name, line.strip()) for line in takewhile(lambda line: line.startswith("  "), lines))


@pytest.mark.parametrize(("name", "line"), sorted(set(examples_in_help())), ids=lambda value: value[:60])
def test_examples_in_the_help_can_be_typed(name, line):
    program, command, *rest = shlex.split(line, comments=True)
    if program == "unexpected":
        _read(command, [command, *rest])
    else:
        assert (program, command) == ("ros2", "run"), f"{name}: {line}"


def test_enough_commands_were_found():
    assert len(set(commands())) >= 35 and {words[0] for _, words in commands()} == set(COMMANDS)


@pytest.mark.parametrize(
    ("page", "heading", "names"),
    [
        ("datasets.md", "## What there is", DATASETS),
        ("datasets.md", "## Discrepancy data", RECIPES),
        ("datasets.md", "## Drawn roads", TRACKS),
        ("training.md", "## Presets", PRESETS),
        ("deployment.md", "## Which runtime", set(get_args(Runtime)) - {"auto"}),
        ("evaluation.md", "## Modes", PIXEL_MODES),
    ],
)
def test_tables_name_what_there_is(page, heading, names):
    assert sorted(name for name in first_column(page, heading) if "=" not in name) == sorted(names)


def test_presets_have_the_crops_batches_and_lengths_that_the_table_says():
    text = (REPOSITORY / "docs" / "training.md").read_text(encoding="utf-8")
    text = text.partition("## Presets")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \|[^|]*\|[^|]*\|[^|]*\| ([^|]*) \| ([^|]*) \|$", text, re.MULTILINE)
    found = 0
    for names, sizes, lengths in rows:
        preset = PRESETS.get(re.findall(r"`(\w+)`", names)[0])
        for height, width, batch in re.findall(r"(\d+)x(\d+), (\d+)$", sizes):
            crop = getattr(preset.task, "crop", None) or preset.data.crop
            assert (crop, preset.loop.batch) == ((int(height), int(width)), int(batch)), names
        for first, epochs, examples in re.findall(r"(?:(\d+) \+ )?(\d+) x (\d+) examples", lengths):
            assert (preset.loop.epochs, preset.loop.epoch_examples) == (int(epochs), int(examples)), names
            assert not first or preset.first.epochs == int(first), names
            found += 1
    assert found == 5


def test_the_extras_are_those_of_the_setup():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    said = re.findall(r"`(\w+)`", re.search(r"\(extras: ([^)]+)\)", text).group(1))
    calls = ast.walk(ast.parse((REPOSITORY / "setup.py").read_text(encoding="utf-8")))
    (extras,) = [n.value for n in calls if isinstance(n, ast.keyword) and n.arg == "extras_require"]
    assert said == [ast.literal_eval(key) for key in extras.keys]


def test_methods_of_the_paper_and_of_its_comparison_are_there():
    assert set(first_column("iccv2019.md", "## Networks")) <= set(NETWORKS)
    assert set(first_column("iccv2019.md", "## Methods")) <= set(SCORERS)
    assert set(first_column("evaluation.md", "## The paper's comparison")) <= set(SCORERS)


def test_the_node_reads_the_encodings_that_its_page_lists():
    text = (REPOSITORY / "docs" / "ros.md").read_text(encoding="utf-8")
    listed = re.search(r"Encodings: `([^`]+)`", text).group(1).split()
    spread = [re.findall(r"\{([^}]+)\}", name) for name in listed]
    names = chain.from_iterable(
        (re.sub(r"\{[^}]+\}", "{}", name).format(*parts) for parts in product(*(c.split(",") for c in choices)))
        for name, choices in zip(listed, spread, strict=True)
    )
    assert sorted(names) == sorted(ENCODINGS)


def test_published_networks_have_as_many_keys_and_parameters_as_said():
    published = json.loads((REPOSITORY / "test" / "reference" / "iccv_state_dicts.json").read_text(encoding="utf-8"))
    text = (REPOSITORY / "docs" / "iccv2019.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (\d+)[^|]*\| ([\d,]+)", text, re.MULTILINE)
    said = {name: (int(keys), int(parameters.replace(",", ""))) for name, keys, parameters in rows}
    assert said == {name: (counts["keys"], counts["parameters"]) for name, counts in published.items()}


def test_the_tree_names_files_that_are_there():
    text = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## 4. The tree")[2]
    groups = re.findall(r"(\w+)/\{([^}]+)\}", text)
    assert len(groups) >= 7
    for folder, names in groups:
        places = [path for path in (REPOSITORY / "unexpected_core").rglob(folder) if path.is_dir()]
        for name in (name for name in names.split() if name != "..."):
            assert any(list(place.glob(f"{name}.py")) for place in places), f"{folder}/{name}.py"


def test_the_doctor_is_tried_with_as_many_faults_as_said():
    path = REPOSITORY / "bench" / "spoiling.py"
    spec = importlib.util.spec_from_file_location("faults", path)
    sys.modules["faults"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    said = re.search(
        r"spoils the scores of honest methods in (\d+) ways", (REPOSITORY / "docs/evaluation.md").read_text()
    )
    assert int(said.group(1)) == len(set(module.FAULTS)) == len(module.FAULTS)


def test_numbers_of_settings_are_those_of_the_code():
    text = (REPOSITORY / "docs" / "evaluation.md").read_text(encoding="utf-8")
    assert f"drawn with replacement {EvaluationSettings().resamples} times" in text
