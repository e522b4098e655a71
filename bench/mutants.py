"""How many small mistakes do the tests notice? cosmic-ray puts them in, one at a time, in a copy of the tree.

    python bench/mutants.py [--sample 12] [--seed 0] [--rooms metrics regions ...]

Each room's mistakes are a seeded sample of all that cosmic-ray knows; only the tests of that room are run against them.
"""

from __future__ import annotations

import argparse
import random
import shutil
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
    "losses": ("training/tasks/losses.py", "core/training/test_losses.py"),
    "discrepancy_data": ("discrepancy_data", "core/discrepancy_data"),
}
"""Room -> its code below unexpected_core, and its tests below test."""
ELSEWHERE = ("cuda_runner.py", "onnx_runner.py", "measuring.py", "__init__.py")
"""Files that need a GPU or another runtime to be tested."""
CONFIG = """[cosmic-ray]
module-path = "unexpected_core/{code}"
timeout = {timeout}
excluded-modules = [{excluded}]
test-command = "{python} -P -m pytest -x -q -p no:cacheprovider -m 'not slow' {tests}"
[cosmic-ray.distributor]
name = "local"
"""


def judge(room: str, copy: Path, sample: int, seed: int) -> tuple[int, int, list[str]]:
    """Mistakes noticed, mistakes made, and where the others are (file:line, the kind of mistake)."""
    code, tests = ROOMS[room]
    command = " ".join(f"test/{each}" for each in tests.split())
    others = [path.relative_to(copy) for name in ELSEWHERE for path in copy.rglob(name)]
    excluded = ", ".join(f'"{path}"' for path in others)
    config, session = copy / f"{room}.toml", copy / f"{room}.sqlite"
    config.write_text(CONFIG.format(code=code, timeout=600, excluded=excluded, python=sys.executable, tests=command))
    cosmic = [sys.executable, "-m", "cosmic_ray.cli"]
    environment = {"PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    subprocess.run([*cosmic, "baseline", config.name], cwd=copy, check=True, env=environment)  # right code passes
    subprocess.run([*cosmic, "init", config.name, session.name], cwd=copy, check=True, stdout=subprocess.DEVNULL)
    with sqlite3.connect(session) as database:
        jobs = sorted(job for (job,) in database.execute("SELECT job_id FROM work_items"))
        kept = random.Random(seed).sample(jobs, min(sample, len(jobs)))
        for table in ("mutation_specs", "work_items"):
            database.execute(f"DELETE FROM {table} WHERE job_id NOT IN ({','.join('?' * len(kept))})", kept)
    subprocess.run([*cosmic, "exec", config.name, session.name], cwd=copy, check=True, env=environment)
    with sqlite3.connect(session) as database:
        rows = database.execute(
            "SELECT module_path, start_pos_row, operator_name, test_outcome FROM mutation_specs "
            "JOIN work_results USING (job_id) WHERE worker_outcome = 'NORMAL'"
        ).fetchall()
    survived = [f"{path}:{row} {kind}" for path, row, kind, outcome in rows if "SURVIVED" in str(outcome).upper()]
    return len(rows) - len(survived), len(rows), survived


def main() -> None:
    """Print a line for each room, and where mistakes went unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=12, metavar="N", help="mistakes in each room (default 12)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample (default 0)")
    parser.add_argument("--rooms", nargs="+", choices=ROOMS, default=list(ROOMS), help="default: all")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("unexpected_core", "test", "config"):
            shutil.copytree(REPOSITORY / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(REPOSITORY / "pyproject.toml", copy)
        for room in arguments.rooms:
            start = time.monotonic()
            noticed, made, survived = judge(room, copy, arguments.sample, arguments.seed)
            share, seconds = noticed / max(made, 1), time.monotonic() - start
            print(f"{room}: {noticed} of {made} noticed ({share:.0%}), {seconds:.0f} s")
            print("".join(f"  not noticed: {each}\n" for each in survived), end="", flush=True)


if __name__ == "__main__":
    main()
