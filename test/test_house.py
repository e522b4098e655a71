"""The house as docs/architecture.md tells it: folders of a size to look through, and each thing where one is sent."""

import ast
import re
from collections import Counter, defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median, quantiles

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
MOST_FILES = 20
ROW = re.compile(r"^\| ([^|]+) \| `([\w/.]+)`: ((?:`[\w.]+`(?:, )?)+) \|$", re.MULTILINE)


def rows():
    """(what is to be changed, file, names) of the last table of the plan."""
    table = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8").partition("To change X, open Y")[2]
    found = [(what, file, re.findall(r"`([\w.]+)`", names)) for what, file, names in ROW.findall(table)]
    assert len(found) == table.count("\n| ") - 1, "a row that is not `file`: `name`"
    return found


def defined(tree):
    """Names that a module or class body defines."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((target.id, node) for target in targets if isinstance(target, ast.Name))


def test_the_table_tells_of_twenty_five_things_or_more():
    assert len(rows()) >= 25


@pytest.mark.parametrize(("what", "file", "names"), rows(), ids=lambda value: str(value))
def test_to_change_x_open_y(what, file, names):
    for name in names:
        node = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
        for part in name.split("."):
            inside = dict(defined(node))
            assert part in inside, f"to change {what}: {file} has no {name}; bring the table up to date"
            node = inside[part]


def test_no_folder_holds_more_files_than_one_looks_through():
    code = [path for top in ("unexpected_core", "unexpected_ros", "test") for path in (REPOSITORY / top).rglob("*.py")]
    count = Counter(path.parent for path in code)
    crowded = {str(folder.relative_to(REPOSITORY)): n for folder, n in count.items() if n > MOST_FILES}
    assert not crowded, "give what belongs together a folder of its own"


def test_a_name_means_one_class():
    """Or the words of the plan tell the meanings apart."""
    places = defaultdict(list)
    for path in (path for top in ("unexpected_core", "unexpected_ros") for path in (REPOSITORY / top).rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path.relative_to(REPOSITORY).as_posix())
    words = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## 2. Decisions")[0]
    told = {name for name in places if f"`{name}`" in words}
    assert not {name: files for name, files in places.items() if len(files) > 1 and name not in told}


def needs(file):
    """Modules of ours that a module imports, in functions too; not those that are for type checkers or the command."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped = ("TYPE_CHECKING", "__name__ == '__main__'")
    skip = {
        id(n) for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test) in skipped for n in ast.walk(n)
    }
    for node in ast.walk(tree):
        if id(node) in skip:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unexpected_"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_module_needs_itself():
    files = [path for top in ("unexpected_core", "unexpected_ros") for path in (REPOSITORY / top).rglob("*.py")]
    graph = {".".join(path.relative_to(REPOSITORY).with_suffix("").parts): path for path in files}
    graph = {name: set(needs(path)) & graph.keys() - {name} for name, path in graph.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" needs ".join(reversed(error.args[1])))


def test_files_and_functions_are_of_a_size_to_read():
    """The plan's sizes, of both packages together."""
    code = [path for top in ("unexpected_core", "unexpected_ros") for path in (REPOSITORY / top).rglob("*.py")]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in code if path.name != "__init__.py"}
    functions = {
        f"{path.relative_to(REPOSITORY)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {name: lines for name, lines in functions.items() if lines > 60}
    files = [len(path.read_text(encoding="utf-8").splitlines()) for path in trees]
    assert median(files) <= 90 and quantiles(files, n=10)[8] <= 180
    assert median(functions.values()) <= 7 and quantiles(functions.values(), n=10)[8] <= 16
