"""How long does a detector need for one image, and where? Milliseconds by stage and by network operation.

    python bench/detector_speed.py --rows 384 512 --threads 1 2
    python bench/detector_speed.py --device cuda --operations 12

The image is random, so that every stage has work to do. On the CPU the numbers are the processor's, over all threads,
so that other work on the machine counts little; on CUDA they are the clock's.
"""

import argparse
import platform
import subprocess
import time
from datetime import datetime

import cv2
import numpy as np
import torch

from unexpected_core import load_detector


def fastest(detector, image, repeats):
    """Milliseconds of the fastest of some detections, and its stages by the clock."""
    clock = time.perf_counter if detector.device.startswith("cuda") else time.process_time
    times = []
    for _ in range(repeats + 1):
        start = clock()
        timings = detector.detect(image).timings
        times.append((1e3 * (clock() - start), timings))
    return min(times[1:], key=lambda measured: measured[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detector", default="fast", help="name of a shipped detector, file or folder")
    parser.add_argument("--rows", type=int, nargs="+", default=[384, 512], help="image heights; twice as wide")
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--operations", type=int, default=0, metavar="N", help="also list the N dearest operations")
    options = parser.parse_args()
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    machine = torch.cuda.get_device_name() if options.device.startswith("cuda") else platform.machine()
    print(f"{datetime.now():%Y-%m-%d}, {machine}, torch {torch.__version__}, commit {commit}")
    detector = load_detector(options.detector, options.device)
    random = np.random.default_rng(0)
    for rows in options.rows:
        detector._runner.working_height = rows
        image = random.integers(0, 256, (rows, 2 * rows, 3), np.uint8)
        for threads in options.threads:
            torch.set_num_threads(threads)
            cv2.setNumThreads(threads)
            total, stages = fastest(detector, image, options.repeats)
            stages = ", ".join(f"{name} {value:.1f}" for name, value in stages.items())
            print(f"{2 * rows}x{rows}, {threads} threads: {total:.0f} ms ({stages} by the clock)", flush=True)
        if options.operations:
            with torch.profiler.profile() as profile:
                detector.detect(image)
            print(profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=options.operations))


if __name__ == "__main__":
    main()
