"""A short training of the `fast` detector in two stages, and frames for it."""

import numpy as np

from unexpected_core.config import override
from unexpected_core.images import write_image
from unexpected_core.labels import colorize
from unexpected_core.training.presets import PRESETS


def draw_roads(folder):
    """Two folders of frames 64x96: sky and road; the second stored squeezed."""
    random = np.random.default_rng(0)
    for name in ("plain", "squeezed"):
        for i, split in enumerate(("train", "train", "val")):
            labels = np.full((64, 96), 10, np.uint8)
            labels[24:] = 0
            image = np.clip(colorize(labels) + random.normal(0, 10, (64, 96, 3)), 0, 255).astype(np.uint8)
            write_image(folder / name / split / f"{i}.png", image)
            write_image(folder / name / split / f"{i}_trainIds.png", labels)
    return folder


def changes(roads, *more):
    return [
        f"data.sources=[paired_folder={roads / 'plain'}, paired_folder={roads / 'squeezed'}]",
        "data.val_examples=1",
        "loop.epochs=1",
        "loop.epoch_examples=2",
        "loop.batch=2",
        "loop.batch_val=1",
        "loop.workers=0",
        "loop.frames=[]",
        "loop.device=cpu",
        "loop.precision=32-true",
        "loop.average=0",
        "optimizer.warmup=0",
        "first.epochs=1",
        "first.batch=2",
        "first.crop=[32,64]",
        "task.crop=[32,64]",
        "task.heights=[64,64]",
        "task.aspects={squeezed: 3.0}",
        "task.repeats={squeezed: 3}",
        *more,
    ]


def settings(roads, *more):
    return override(PRESETS["nano"], changes(roads, *more))
