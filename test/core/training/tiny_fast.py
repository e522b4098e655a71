"""Trainings of the `fast` family for tests: of a few steps, on frames of 64x128."""

import torch

from unexpected_core.config import override
from unexpected_core.scorers.fast import FastScorer
from unexpected_core.training.presets import PRESETS
from unexpected_core.weights.cards import Card
from unexpected_core.weights.reading import write_weights

STATISTICS = ((1.0,) * 19, (2.0,) * 19)


def detector(folder, seed=0):
    """A `fast` detector with random weights, as a file."""
    torch.manual_seed(seed)
    write_weights(
        folder / "fast.safetensors",
        FastScorer().state_dict(),
        Card(
            name="fast",
            architecture="fast",
            threshold=0.9,
            working_height=64,
            logit_statistics=STATISTICS,
            training_data=["photographs"],
        ),
    )
    return folder / "fast.safetensors"


def tiny(name, roads, start):
    return override(
        PRESETS[name],
        [
            "loop.epochs=1",
            "loop.batch=2",
            "loop.batch_val=1",
            "loop.device=cpu",
            "loop.frames=[0]",
            "loop.average=0",
            "loop.epoch_examples=4",
            "optimizer.warmup=0",
            "task.crop=[64,128]",
            "task.heights=[64,64]",
            f"task.start={start}",
            f"data.sources=[paired_folder={roads}]",
            "data.val_examples=1",
        ],
    )
