"""A training of a second, with everything that can go wrong in resuming: dropout, batch norm, random crops, averaged
weights. Run as a program by the tests: tiny_training.py FOLDER KIND [name=value ...]

KIND: 'stochastic' as said; 'steady' without dropout and batch norm, so that an example's loss does not depend on the
process or part that it is computed in; 'plain' moreover weighs all pixels alike, so that parts of a batch count alike.
"""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from unexpected_core.config import override
from unexpected_core.training.engine.loop import Training
from unexpected_core.training.settings import TrainingSettings
from unexpected_core.training.tasks.losses import pixel_cross_entropy

SETTINGS = override(
    TrainingSettings(name="tiny"),
    [
        "loop.epochs=3",
        "loop.batch=4",
        "loop.batch_val=3",
        "loop.average=0.9",
        "loop.device=cpu",
        "loop.frames=[0]",
        "loop.checkpoint_seconds=0",
        "optimizer.learning_rate=0.01",
        "optimizer.schedule=plateau",
        "optimizer.patience=0",
    ],
)


class TinyExamples:
    """Noise, a new one in each epoch, labelled by its brightness; some rows ignored."""

    def __init__(self, count: int, kind: str) -> None:
        self.keys = [f"street/{i}" for i in range(count)]
        self.kind = kind

    def __len__(self) -> int:
        return len(self.keys)

    def example(self, index, random):
        values = random.integers(0, 256, (3, 8, 12), dtype=np.uint8)
        labels = (values[0] > 127).astype(np.uint8)
        if self.kind != "plain":
            labels[: index % 5] = 255
        values[1] = torch.randint(0, 256, (8, 12), dtype=torch.uint8).numpy()  # from torch's global random numbers
        return {"image": values, "labels": labels}


class TinyTask:
    published = ("network",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def build(self):
        middle = [nn.BatchNorm2d(4), nn.Dropout(0.3)] if self.kind == "stochastic" else []
        network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), *middle, nn.ReLU(), nn.Conv2d(4, 2, 1))
        return nn.ModuleDict({"network": network})

    def losses(self, networks, batch):
        logits = networks["network"](batch["image"].float() / 255)
        loss = pixel_cross_entropy(logits, batch["labels"], () if self.kind == "plain" else (1.0, 3.0))
        return {"loss": loss, "sharpness": logits.abs().mean()}

    def pictures(self, networks, batch):
        seen = networks["network"](batch["image"].float() / 255).argmax(1)
        return {"labels": (seen[..., None] * 255).expand(-1, -1, -1, 3).byte().cpu().numpy()}


def run(folder, assignments=(), kind="stochastic", train=13, val=7):
    settings = override(SETTINGS, assignments)
    return Training(settings, TinyTask(kind), TinyExamples(train, kind), TinyExamples(val, kind), Path(folder)).run()


if __name__ == "__main__":
    torch.set_num_threads(1)
    multiprocessing.set_start_method("fork", force=True)  # the tests start this program by a fork server
    folder, kind, *assignments = globals().get("ARGUMENTS") or sys.argv[1:]
    run(folder, assignments, kind)
