"""What does one optimiser step of a preset cost? Its own networks, losses, crop and batch on made-up examples.

    python bench/training_step.py fast fast_drawn
    python bench/training_step.py 0521_discrepancy_full --device cuda --precision bf16

On the CPU the seconds are the processor's, over all cores, so that other work on the machine counts little; on CUDA
they are the clock's. Loading examples is not in it: see bench/loader.py.
"""

import argparse
import platform
import time
from datetime import datetime
from importlib import import_module

import torch

from unexpected_core.config import override
from unexpected_core.files import commit
from unexpected_core.training.engine.loop import OPTIMIZERS
from unexpected_core.training.engine.run import TASKS
from unexpected_core.training.presets import PRESETS

CLASSES = {
    "fast": "FastTask",
    "fast_baselines": "BaselinesTask",
    "segmentation": "SegmentationTask",
    "generator": "GeneratorTask",
    "discrepancy": "DiscrepancyTask",
    "rbm": "RbmTask",
}


def synthetic_batch(size, count, device):
    """Every map that any task asks for, uint8; mostly road, so that the road autoencoder has patches."""
    height, width = size
    maps = {name: torch.randint(0, 256, (count, 3, height, width)) for name in ("image", "photo", "resynthesis")}
    maps["labels"] = torch.randint(0, 19, (count, height, width))
    maps["labels"][:, height // 2 :] = 0
    for name in ("discrepancy", "photo_discrepancy"):
        maps[name] = torch.randint(0, 2, (count, height, width))
    return {name: values.to(device, torch.uint8) for name, values in maps.items()}


def seconds_per_step(name, device, half, steps):
    settings = PRESETS[name]
    if not settings.task.kind.startswith("fast") and hasattr(settings.task, "start"):
        settings = override(settings, ["task.start=random"])
    task = getattr(import_module(TASKS[settings.task.kind]), CLASSES[settings.task.kind])(settings.task)
    networks = task.build().to(device).train()
    optimizer = OPTIMIZERS[settings.optimizer.method](p for p in networks.parameters() if p.requires_grad)
    cut = settings.task if hasattr(settings.task, "crop") else settings.data
    size = cut.crop or (512, 1024)
    batch = synthetic_batch(size, settings.loop.batch, device)
    clock, times = time.perf_counter if device.type == "cuda" else time.process_time, []
    for _ in range(steps):
        start = clock()
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            task.losses(networks, batch)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(clock() - start)
    return settings.loop.batch, size, min(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    measured = [name for name, settings in PRESETS.items() if settings.task.kind in CLASSES]
    parser.add_argument("presets", nargs="+", choices=measured)
    parser.add_argument("--device", default="cpu", type=torch.device)
    parser.add_argument("--precision", default="float32", choices=["float32", "bf16"])
    parser.add_argument("--steps", default=4, type=int, help="the fastest counts")
    options = parser.parse_args()
    machine = torch.cuda.get_device_name(options.device) if options.device.type == "cuda" else platform.machine()
    threads = torch.get_num_threads()
    print(f"{datetime.now():%Y-%m-%d}, {machine}, {threads} threads, torch {torch.__version__}, commit {commit()}")
    for name in options.presets:
        batch, (height, width), seconds = seconds_per_step(
            name, options.device, options.precision == "bf16", options.steps
        )
        print(f"{name}: {seconds:.3g} s per step of {batch} x {height}x{width}, {options.precision}")


if __name__ == "__main__":
    main()
