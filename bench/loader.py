"""Does the loader keep training fed? Processor milliseconds per example: loading alone, and a training step.

    python bench/loader.py --data paired_folder=FOLDER
    python bench/loader.py --data camvid=FOLDER --preset fast --steps 4

Loading is everything up to the finished batch: decoding, pasting, cropping, changing colours. Both numbers are time of
the processor over all threads, so that other work on the machine counts little; the ratio says how many times faster
the loader is than the training, given the same cores.
"""

import argparse
import platform
import sys
import time
from datetime import datetime
from importlib import import_module
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from unexpected_core.config import override
from unexpected_core.files import commit
from unexpected_core.log import to_terminal
from unexpected_core.training.engine import sampler
from unexpected_core.training.engine.run import TASKS
from unexpected_core.training.presets import PRESETS


def measure(settings, steps):
    """Processor milliseconds per example: (loading, training step)."""
    task, examples, _ = import_module(TASKS[settings.task.kind]).open_task(settings)
    batch = settings.loop.batch
    share = sampler.Share(batch)
    loaded = sampler.training_batches(examples, share, 0, 1, range(steps + 1), workers=0)
    batches = [next(loaded)[0]]  # the first one warms up
    start = time.process_time()
    batches += [parts[0] for parts in loaded]
    loading = time.process_time() - start

    networks = task.build().train()
    optimizer = torch.optim.AdamW(networks.parameters())
    mixed = settings.loop.precision == "bf16-mixed"
    learn(task, networks, optimizer, batches[0], mixed)
    start = time.process_time()
    for one in batches[1:]:
        learn(task, networks, optimizer, one, mixed)
    return loading * 1e3 / (steps * batch), (time.process_time() - start) * 1e3 / (steps * batch)


def learn(task, networks, optimizer, batch, mixed):
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        loss = task.losses(networks, batch)["loss"]
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", action="append", required=True, metavar="NAME=ROOT")
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--steps", type=int, default=6)
    arguments = parser.parse_args()
    to_terminal()
    print(
        f"{datetime.now():%Y-%m-%d %H:%M}  {platform.processor() or platform.machine()}, {torch.get_num_threads()} "
        f"threads, torch {torch.__version__}, commit {commit()}"
    )
    print(f"{arguments.preset}, {' '.join(name.partition('=')[0] for name in arguments.data)}")
    for name, cache in (("read each time", 0.0), ("in memory", 64.0)):
        sources = f"data.sources=[{', '.join(arguments.data)}]"
        settings = override(PRESETS[arguments.preset], [sources, f"data.cache={cache}"])
        loading, step = measure(settings, arguments.steps)
        print(f"{name:15} loading {loading:6.1f} ms, training step {step:6.1f} ms per example: {step / loading:.1f} x")


if __name__ == "__main__":
    main()
