"""How many small mistakes do the tests notice? cosmic-ray says which can be made; each is put into a copy of the tree.

    python bench/mutants.py [--sample 25] [--seed 0] [--rooms metrics regions ...]

A room's mistakes are a seeded sample of all that there are; only that room's tests are run against them, in a fork of
this process, which has loaded the libraries already.
"""

from __future__ import annotations

import argparse
import ast
import importlib
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
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = {
    "metrics": ("metrics", "core/metrics reference/test_smiyc.py"),
    "regions": ("regions.py", "core/test_regions.py"),
    "encodings": ("encodings.py", "core/test_encodings.py"),
    "pipeline": ("pipeline", "core/pipeline/test_detector.py core/pipeline/test_device_frames.py"),
    "losses": (
        "training/tasks/losses.py",
        "core/training/test_losses.py",
    ),
    "discrepancy_data": ("discrepancy_data", "core/discrepancy_data"),
}
"""Room -> its code below unexpected_core, and its tests below test."""
ELSEWHERE = ("cuda_runner.py", "onnx_runner.py", "measuring.py", "__init__.py")
"""Files that need a GPU or another runtime to be tested."""
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
PATIENCE = 120.0
"""Processor seconds after which a test that never ends has noticed the mistake."""


def mistakes(room: str, copy: Path, sample: int, seed: int) -> list[tuple[str, str, str, int, int]]:
    """(file, operator, its arguments, occurrence, line) of a sample of what cosmic-ray can do to a room's code."""
    config, session = copy / f"{room}.toml", copy / f"{room}.sqlite"
    excluded = ", ".join(f'"{path.relative_to(copy)}"' for name in ELSEWHERE for path in copy.rglob(name))
    config.write_text(
        f'[cosmic-ray]\nmodule-path = "unexpected_core/{ROOMS[room][0]}"\ntimeout = 1\ntest-command = "true"\n'
        f'excluded-modules = [{excluded}]\n[cosmic-ray.distributor]\nname = "local"\n'
    )
    command = [sys.executable, "-m", "cosmic_ray.cli", "init", config.name, session.name]
    subprocess.run(command, cwd=copy, check=True, stdout=subprocess.DEVNULL)
    with sqlite3.connect(session) as database:
        found = database.execute(
            "SELECT module_path, operator_name, operator_args, occurrence, start_pos_row FROM mutation_specs "
            "ORDER BY module_path, start_pos_row, start_pos_col, operator_name, occurrence"
        ).fetchall()
    return random.Random(seed).sample(found, min(sample, len(found)))


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


def pass_tests(room: str, copy: Path) -> bool:
    """Whether a room's tests pass on the code as it is in the copy now."""
    child = os.fork()
    if not child:
        os.chdir(copy)
        sys.path.insert(0, str(copy))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)
        words = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow"]
        os._exit(int(importlib.import_module("pytest").main([*words, *(f"test/{t}" for t in ROOMS[room][1].split())])))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def judge(room: str, copy: Path, sample: int, seed: int) -> tuple[int, list[str]]:
    """How many mistakes were made, and 'file:line kind' of those that were not noticed."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    if not pass_tests(room, copy):
        raise SystemExit(f"{room}: its tests fail without any mistake")
    made, survived = 0, []
    for file, name, options, occurrence, line in mistakes(room, copy, sample, seed):
        right = (copy / file).read_text(encoding="utf-8")
        wrong = mutate_code(right, get_operator(name)(**_options(options)), occurrence)
        if wrong is None or _program(wrong) == _program(right):  # in an annotation, say
            continue
        made += 1
        (copy / file).write_text(wrong, encoding="utf-8")
        if pass_tests(room, copy):
            survived.append(f"{file}:{line} {name}")
        (copy / file).write_text(right, encoding="utf-8")
    return made, survived


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
        copy = Path(folder)
        for part in ("unexpected_core", "test", "config"):
            shutil.copytree(REPOSITORY / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(REPOSITORY / "pyproject.toml", copy)
        for room in arguments.rooms:
            start = time.monotonic()
            made, survived = judge(room, copy, arguments.sample, arguments.seed)
            share, seconds = (made - len(survived)) / max(made, 1), time.monotonic() - start
            print(f"{room}: {made - len(survived)} of {made} noticed ({share:.0%}), {seconds:.0f} s")
            print("".join(f"  not noticed: {each}\n" for each in survived), end="", flush=True)


if __name__ == "__main__":
    main()
