"""What loading leaves behind goes back to the system; what a frame leaves behind stays for the next."""

import ctypes
import os
import subprocess
import sys

import numpy as np
import pytest

from unexpected_core.memory import give_back, keep_freed, resident_mb

GLIBC = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
FAULTS = """
import resource
def faults(mebibytes):
    def now():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        blocks = [b"x" * (mebibytes << 20) for _ in range(120 // mebibytes)]
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    now()
    return min(now() for _ in range(3))
"""
"""How many pages 120 MiB in such blocks take anew after they were freed."""
PAGES = 120 * 256
KEEP = "from unexpected_core.memory import keep_freed; keep_freed({})"


def again(before, mebibytes, **environment):
    """`faults` in a process of its own that did this before."""
    code, environment = f"{before}\n{FAULTS}\nprint(faults({mebibytes}))", os.environ | environment
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return int(ran.stdout.splitlines()[-1])


@GLIBC
def test_freed_memory_goes_back_to_the_system():
    held = [np.ones(10_000, np.uint8) for _ in range(10_000)]  # small enough that the allocator keeps it when freed
    last = np.ones(10_000, np.uint8)  # noqa: F841  # and it cannot just lower the heap's end
    full = resident_mb()
    del held
    give_back()
    assert resident_mb() < full - 80


@GLIBC
def test_freed_blocks_are_kept_for_what_comes_next():
    kept, all_kept = (KEEP.format(of_any_size) for of_any_size in (False, True))
    assert again("", 20) > PAGES / 2, "else there is nothing to gain"
    assert again(kept, 20) < PAGES / 50
    assert again(kept, 60) > PAGES / 2 and again(all_kept, 60) < PAGES / 50


@GLIBC
@pytest.mark.parametrize(
    "chosen", [{"MALLOC_MMAP_THRESHOLD_": "1000000"}, {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=1000000"}]
)
def test_what_the_environment_says_counts(chosen):
    assert again(KEEP.format(True), 20, **chosen) > PAGES / 2


@GLIBC
@pytest.mark.parametrize(("words", "mebibytes"), [(["weights", "list"], 20), (["train", "fast", "--dry-run"], 60)])
def test_the_command_line_keeps_them(words, mebibytes):
    before = f"from unexpected_core.cli.main import main\nassert main({words}) == 0"
    assert again(before, mebibytes) < PAGES / 50


def test_where_there_is_no_such_allocator_nothing_happens(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    give_back()
    keep_freed()
