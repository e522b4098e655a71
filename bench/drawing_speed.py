"""Frames per second of drawn roads, one process and one process per core.

python bench/drawing_speed.py
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from datetime import UTC, datetime

import cv2

from unexpected_core.devices import processors
from unexpected_core.drawing.tracks import TRACKS, DrawnRoads
from unexpected_core.files import commit
from unexpected_core.processes import processes


def draw(track: str, size: tuple[int, int], first: int, count: int) -> tuple[float, float]:
    """Draw frames after eight that warm the caches up; seconds on the wall, seconds of this process's CPU time."""
    cv2.setNumThreads(1)
    roads = DrawnRoads(track, first + count, seed=1, size=size)
    for number in range(first, first + min(8, count)):
        roads.frame(number)
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(first, first + count):
        roads.frame(number)
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40, help="frames per process")
    parser.add_argument("--processes", type=int, default=processors())
    options = parser.parse_args()
    print(
        f"{datetime.now(UTC):%Y-%m-%d}  {platform.processor() or platform.machine()}, {os.cpu_count()} cores  "
        f"commit {commit()}  load {os.getloadavg()[0]:.1f}"
    )
    print("track          size      ms CPU/frame   frames/s of one CPU")
    for track in TRACKS:
        _, cpu = draw(track, (256, 512), 0, options.count)
        print(f"{track:14} 512x256   {cpu / options.count * 1e3:10.0f} {options.count / cpu:16.1f}")
    _, cpu = draw("train", (512, 1024), 0, options.count)
    print(f"{'train':14} 1024x512  {cpu / options.count * 1e3:10.0f} {options.count / cpu:16.1f}")
    with processes(options.processes) as pool:
        firsts = range(0, options.count * options.processes, options.count)
        jobs = [pool.submit(draw, "train", (256, 512), first, options.count) for first in firsts]
        walls = [job.result()[0] for job in jobs]
    rate = options.count * options.processes / max(walls)
    print(f"train 512x256, {options.processes} processes: {rate:.1f} frames/s on the wall")


if __name__ == "__main__":
    main()
