"""How many small mistakes do the tests notice? cosmic-ray says which can be made; each is put into a copy of the tree.

    python bench/mutants.py [--sample 25] [--seed 0] [--rooms metrics regions ...]

A room's mistakes are a seeded sample of all that there are in what runs (annotations do not). The room's tests that
run the mistaken line are run first, the quickest first; only where all of those pass, the room's others. All run in
forks of this process, which has loaded the libraries already.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import coverage
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = {
    "metrics": ("metrics", "core/metrics reference/test_smiyc.py"),
    "regions": ("regions.py", "core/test_regions.py"),
    "encodings": ("encodings.py", "core/test_encodings.py core/test_depth.py"),
    "pipeline": ("pipeline", "core/pipeline core/cli/test_bench.py core/export"),
    "losses": ("training/tasks/losses.py", "core/training/test_losses.py"),
    "discrepancy_data": ("discrepancy_data", "core/discrepancy_data"),
}
"""Room -> its code below unexpected_core, and its tests below test."""
ELSEWHERE = ("cuda_runner.py",)
"""Files that need a GPU to be tested."""
LIBRARIES = (
    "numpy",
    "cv2",
    "torch",
    "torchvision.transforms.v2",
    "pydantic",
    "yaml",
    "sklearn.metrics",
    "scipy.ndimage",
)
PATIENCE = 60
"""Processor seconds after which a test that never ends has noticed the mistake."""


class Mistake(NamedTuple):
    """What cosmic-ray can do to a file: the occurrence-th chance of an operator, on a line."""

    file: str
    operator: str
    options: str | None
    occurrence: int
    line: int


class Tests(NamedTuple):
    """What a room's tests do on the right code: the seconds of each, and for each line of each file who runs it."""

    seconds: dict[str, float]
    runs: dict[str, dict[str, list[str]]]

    def of(self, mistake: Mistake) -> list[str]:
        """Those that run the line, the quickest first; all where it is run as the module is loaded."""
        lines = {int(line): tests for line, tests in self.runs.get(mistake.file, {}).items()}
        tests = lines.get(max((line for line in lines if line <= mistake.line), default=0), [])
        return sorted(self.seconds if "" in tests else tests, key=self.seconds.get)


class Watch:
    """A pytest plugin that notes which test runs which line."""

    def __init__(self, copy: Path) -> None:
        self.copy, self.seconds = copy, {}
        self.coverage = coverage.Coverage(data_file=None, config_file=False, source=[str(copy / "unexpected_core")])

    def pytest_sessionstart(self):
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.coverage.switch_context(item.nodeid)
        start = time.process_time()
        result = yield
        self.seconds[item.nodeid] = time.process_time() - start
        self.coverage.switch_context("")
        return result

    def pytest_sessionfinish(self):
        self.coverage.stop()
        data = self.coverage.get_data()
        runs = {str(Path(f).relative_to(self.copy)): data.contexts_by_lineno(f) for f in data.measured_files()}
        (self.copy / "tests.json").write_text(json.dumps((self.seconds, runs)))


class Only:
    """A pytest plugin that runs these tests, in this order."""

    def __init__(self, tests: list[str]) -> None:
        self.place = {test: place for place, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        items[:] = sorted((i for i in items if i.nodeid in self.place), key=lambda item: self.place[item.nodeid])


def pass_tests(copy: Path, files: list[str], plugin: object = None) -> bool:
    """Whether tests pass on the code as it is in the copy now; stops at the first that does not."""
    child = os.fork()
    if not child:
        os.chdir(copy)
        sys.path.insert(0, str(copy))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)
        signal.alarm(20 * PATIENCE)
        words = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", *files]
        os._exit(int(pytest.main(words, [plugin] if plugin else [])))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code < 3, f"pytest could not run {files}"
    return code == 0


def mistakes(room: str, copy: Path) -> list[Mistake]:
    """All that cosmic-ray can do to a room's code."""
    config, session = copy / f"{room}.toml", copy / f"{room}.sqlite"
    excluded = ", ".join(f'"{path.relative_to(copy)}"' for name in ELSEWHERE for path in copy.rglob(name))
    config.write_text(
        f'[cosmic-ray]\nmodule-path = "unexpected_core/{ROOMS[room][0]}"\ntimeout = 1\ntest-command = "true"\n'
        f'excluded-modules = [{excluded}]\n[cosmic-ray.distributor]\nname = "local"\n'
    )
    command = [sys.executable, "-m", "cosmic_ray.cli", "init", config.name, session.name]
    subprocess.run(command, cwd=copy, check=True, stdout=subprocess.DEVNULL)
    with sqlite3.connect(session) as database:
        rows = database.execute(
            "SELECT module_path, operator_name, operator_args, occurrence, start_pos_row FROM mutation_specs "
            "ORDER BY module_path, start_pos_row, start_pos_col, operator_name, occurrence"
        )
        return [Mistake(*row) for row in rows]


def made(room: str, copy: Path, seed: int) -> Iterator[tuple[Mistake, str]]:
    """Mistakes in a random order, each with its file's text; none that changes only an annotation."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    found = mistakes(room, copy)
    for mistake in random.Random(seed).sample(found, len(found)):
        right = (copy / mistake.file).read_text(encoding="utf-8")
        operator = get_operator(mistake.operator)(**_options(mistake.options))
        wrong = mutate_code(right, operator, mistake.occurrence)
        if wrong is not None and _program(wrong) != _program(right):
            yield mistake, wrong


def _options(text: str | None) -> dict:
    while isinstance(text, str):  # it is JSON in JSON
        text = json.loads(text)
    return text or {}


def _program(code: str) -> str:
    """What runs of the code: without annotations, which nobody evaluates."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                setattr(node, name, ast.Constant(None))
    return ast.dump(tree)


def judge(room: str, copy: Path, sample: int, seed: int) -> Iterator[tuple[Mistake, bool]]:
    """Each mistake of a sample, and whether the room's tests notice it."""
    files = [f"test/{name}" for name in ROOMS[room][1].split()]
    if not pass_tests(copy, files, Watch(copy)):
        raise SystemExit(f"{room}: its tests fail without any mistake")
    tests = Tests(*json.loads((copy / "tests.json").read_text()))
    for mistake, wrong in itertools.islice(made(room, copy, seed), sample):
        file = copy / mistake.file
        right = file.read_text(encoding="utf-8")
        file.write_text(wrong, encoding="utf-8")
        those = tests.of(mistake)
        missed = not those or pass_tests(copy, sorted({name.partition("::")[0] for name in those}), Only(those))
        yield mistake, not (missed and pass_tests(copy, files))
        file.write_text(right, encoding="utf-8")


def main() -> None:
    """Print a line for each room, and where mistakes went unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=25, metavar="N", help="mistakes in each room (default 25)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample (default 0)")
    parser.add_argument("--rooms", nargs="+", choices=ROOMS, default=list(ROOMS), help="default: all")
    arguments = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = True
    sys.path.remove(str(Path(__file__).resolve().parent))  # a benchmark may bear the name of a library
    for library in LIBRARIES:
        importlib.import_module(library)
    assert "unexpected_core" not in sys.modules, "the forks would not see the copy"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve()
        for part in ("unexpected_core", "test", "config", "examples"):
            shutil.copytree(REPOSITORY / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(REPOSITORY / "pyproject.toml", copy)
        for room in arguments.rooms:
            start, verdicts = time.monotonic(), []
            for mistake, noticed in judge(room, copy, arguments.sample, arguments.seed):
                verdicts.append(noticed)
                if not noticed:
                    what = f"{mistake.operator} {mistake.occurrence} {_options(mistake.options) or ''}"
                    print(f"  not noticed: {mistake.file}:{mistake.line} {what}", flush=True)
            share, seconds = sum(verdicts) / max(len(verdicts), 1), time.monotonic() - start
            print(f"{room}: {sum(verdicts)} of {len(verdicts)} noticed ({share:.0%}), {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
