"""How much memory this process holds, what it gives back to the system, and what it keeps for the next frame."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
"""As <malloc.h> has them."""
GREATEST = 32 << 20
"""Bytes of the greatest M_MMAP_THRESHOLD that glibc takes."""
HEAP = 512 << 20
"""Bytes at the heap's end that are kept."""
CHOSEN = "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_"
"""What of the environment says the same; GLIBC_TUNABLES may, too."""


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
    if trim := _of_libc("malloc_trim"):
        trim(0)


def keep_freed(of_any_size: bool = False) -> None:
    """Tell glibc to keep freed blocks of up to 32 MiB, or of any size.

    Otherwise each frame's, message's or training step's maps are mapped and their pages faulted in anew. of_any_size
    is not for processes that run for days: what small blocks lie between cannot be given back. Nothing happens where
    the environment says what is kept, nor without glibc.
    """
    if any(name in os.environ for name in CHOSEN) or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return
    if mallopt := _of_libc("mallopt"):
        mallopt(M_MMAP_THRESHOLD, GREATEST)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1 if of_any_size else HEAP)
        if of_any_size:
            mallopt(M_MMAP_MAX, 0)


def _of_libc(name: str) -> ctypes._NamedFuncPointer | None:
    """A function that glibc has, and other C libraries may not."""
    try:
        return getattr(ctypes.CDLL(None), name, None)
    except (OSError, TypeError):
        return None
