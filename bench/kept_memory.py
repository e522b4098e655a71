"""What is it worth that freed memory is kept for what comes next? See unexpected_core/memory.py.

    python bench/kept_memory.py

Each row in processes of its own, by turns; nothing else should run. `of any size` is what training does.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

from unexpected_core import load_detector
from unexpected_core.memory import keep_freed

KEPT = ("nothing", "up to 32 MiB", "of any size")
WORK = ("detect 1024x512", "detect 4000x2000", "train fast")


def frame(rows):
    """What is timed: the shipped detector on one image of noise, 2:1."""
    detector = load_detector("fast")
    image = np.random.default_rng(0).integers(0, 255, (rows, 2 * rows, 3), np.uint8)
    return lambda: detector.detect(image)


def step():
    """What is timed: an optimiser step of the preset, in bfloat16, without what judges the painting."""
    import torch
    from training_step import synthetic_batch

    from unexpected_core.training.engine.muon import Muon
    from unexpected_core.training.presets import PRESETS
    from unexpected_core.training.tasks.fast import FastTask

    settings = PRESETS["fast"]
    task = FastTask(settings.task)
    networks = task.build().train()
    optimizer = Muon(networks.parameters())
    batch = synthetic_batch(settings.task.crop, settings.loop.batch, torch.device("cpu"))

    def learn():
        with torch.autocast("cpu", torch.bfloat16):
            loss = task.losses(networks, batch)["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return learn


def measure(work, kept, times):
    """Print seconds of each time, and page faults and resident megabytes at the end."""
    if kept != "nothing":
        keep_freed(kept == "of any size")
    once = step() if work == "train fast" else frame(int(work.rpartition("x")[2]))
    for _ in range(3):
        once()
    seconds, before = [], resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        start = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - start)
    ended = resource.getrusage(resource.RUSAGE_SELF)
    print(*seconds, (ended.ru_minflt - before) / times, ended.ru_maxrss / 1024)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10, help="frames or steps of each process")
    parser.add_argument("--turns", type=int, default=3, help="processes for each row")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        measure(*options.child, options.times)
        return
    for work in WORK:
        found = {kept: [] for kept in KEPT}
        for _ in range(options.turns):
            for kept in KEPT:
                command = [sys.executable, __file__, "--times", str(options.times), "--child", work, kept]
                ran = subprocess.run(command, capture_output=True, text=True, check=True)
                found[kept].append([float(word) for word in ran.stdout.split()])
        usual = statistics.median(value for run in found["nothing"] for value in run[:-2])
        for kept, runs in found.items():
            median = statistics.median(value for run in runs for value in run[:-2])
            faults, megabytes = (max(run[place] for run in runs) for place in (-2, -1))
            text = f"{1e3 * median:.0f} ms, {median / usual:.2f} of the time, {faults:.0f} page faults"
            print(f"{work}, kept {kept}: {text}, {megabytes:.0f} MB")


if __name__ == "__main__":
    main()
