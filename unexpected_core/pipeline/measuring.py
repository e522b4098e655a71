"""How fast detectors are: turn by turn in one process, with warm-up, tails, and what the numbers belong to."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

PACKAGES = ("torch", "onnxruntime", "openvino", "numpy", "opencv-python-headless")


class Speed(NamedTuple):
    """Milliseconds of single calls, and how many of them were measured."""

    median: float
    p95: float
    p99: float
    best: float
    calls: int


def speed_of(milliseconds: list[float]) -> Speed:
    """Times of single calls -> Speed."""
    median, p95, p99 = (float(value) for value in np.percentile(milliseconds, [50, 95, 99]))
    return Speed(median, p95, p99, min(milliseconds), len(milliseconds))


def side_by_side(runs: Mapping[str, Callable[[], Any]], seconds: float = 3.0, warm_up: int = 3) -> dict[str, Speed]:
    """Time functions by turns, `seconds` for each of them, so that whatever else goes on disturbs all alike."""
    for run in runs.values():
        for _ in range(warm_up):
            run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + seconds * len(runs)
    while time.perf_counter() < end or min(map(len, times.values())) < 3:
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: speed_of(taken) for name, taken in times.items()}


def circumstances() -> dict[str, Any]:
    """What a measurement belongs to: date, processors, GPU, versions."""
    facts: dict[str, Any] = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        "cpu": _processor(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
    }
    return facts | {package: found for package in PACKAGES if (found := _version(package))}


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
