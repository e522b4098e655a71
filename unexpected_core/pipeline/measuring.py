"""How fast detectors are: turn by turn in one process, with warm-up, tails, and what the numbers belong to."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import numpy as np

from unexpected_core.devices import processor_name, processors

PACKAGES = ("torch", "onnxruntime", "openvino", "numpy", "opencv-python-headless")


class Speed(NamedTuple):
    """Milliseconds of single calls by the clock, and how many of them were measured.

    processor: least processor time of a call, of all threads together; other programs disturb it least.
    """

    median: float
    p95: float
    p99: float
    best: float
    calls: int
    processor: float


def speed_of(milliseconds: Sequence[float], processor: Sequence[float] = (float("nan"),)) -> Speed:
    """Times of single calls by the clock, and of the processors -> Speed."""
    median, p95, p99 = (float(value) for value in np.percentile(milliseconds, [50, 95, 99]))
    return Speed(median, p95, p99, min(milliseconds), len(milliseconds), min(processor))


def side_by_side(runs: Mapping[str, Callable[[], Any]], seconds: float = 3.0, warm_up: int = 3) -> dict[str, Speed]:
    """Time functions by turns, `seconds` for each of them, so that whatever else goes on disturbs all alike."""
    for run in runs.values():
        for _ in range(warm_up):
            run()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    end = time.perf_counter() + seconds * len(runs)
    while time.perf_counter() < end or min(map(len, times.values())) < 3:
        for name, run in runs.items():
            start, worked = time.perf_counter(), time.process_time()
            run()
            times[name].append((1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - worked)))
    return {name: speed_of(*zip(*taken, strict=True)) for name, taken in times.items()}


def map_with_regions(count: int, height: int, width: int) -> np.ndarray:
    """Score float32 [height, width] with `count` round regions of growing size, at most 400, that do not touch."""
    score = np.full((height, width), 0.02, np.float32)
    columns = math.ceil(math.sqrt(2 * count))
    rows = math.ceil(count / columns)
    y, x = (np.arange(side, dtype=np.float32) for side in (height, width))
    for i in range(count):
        row, column = divmod(i, columns)
        middle = (row + 0.5) * height / rows, (column + 0.5) * width / columns
        radius = min(height / rows, width / columns) * (0.25 + 0.2 * i / count)
        near = np.hypot(y[:, None] - middle[0], x[None] - middle[1]) < radius
        score[near] = 0.9 - 0.3 * i / count
    return score


def circumstances() -> dict[str, Any]:
    """What a measurement belongs to: date, processors, GPU, versions."""
    facts: dict[str, Any] = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        "cpu": processor_name(),
        "processors": processors(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
    }
    return facts | {package: found for package in PACKAGES if (found := _version(package))}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
