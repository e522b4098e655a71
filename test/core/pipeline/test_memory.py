"""What loading leaves behind goes back to the system."""

import ctypes
import sys

import numpy as np
import pytest

from unexpected_core.pipeline.memory import give_back, resident_mb


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_freed_memory_goes_back_to_the_system():
    held = [np.ones(10_000, np.uint8) for _ in range(10_000)]  # small enough that the allocator keeps it when freed
    last = np.ones(10_000, np.uint8)  # noqa: F841  # and it cannot just lower the heap's end
    full = resident_mb()
    del held
    give_back()
    assert resident_mb() < full - 80


def test_where_there_is_no_such_allocator_nothing_happens(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    give_back()
