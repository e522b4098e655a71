"""How much memory this process holds, and giving back what loading left behind."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path


def resident_mb() -> float:
    """Memory of this process in RAM now, megabytes; NaN where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return float("nan")
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def give_back() -> None:
    """Return freed memory to the system, which glibc keeps for later; elsewhere nothing happens.

    Loading leaves as much as a copy of the weights behind. Some milliseconds: not for every frame.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    trim(0)
