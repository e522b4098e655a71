"""The `fast` detector's task: one pass teaches the segmenter, the generator, the comparer and the direct head.

The segmenter never learns what pasted things are (their labels are 255), so it names them as it would name the
unexpected; the generator paints from those names; the comparer learns to see that the painting is not the photo.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, binary_cross_entropy_with_logits, max_pool2d

from unexpected_core.labels import IGNORE, colorize
from unexpected_core.networks.fast_comparer import DirectHead, FastComparer
from unexpected_core.networks.fast_generator import FastGenerator
from unexpected_core.networks.fast_segmenter import FastSegmenter
from unexpected_core.training.examples import open_source, spread
from unexpected_core.training.fast_examples import FastExamples, FastSettings
from unexpected_core.training.losses import over_processes, pixel_cross_entropy
from unexpected_core.training.settings_fast import FastTraining
from unexpected_core.training.tasks import Batch, OpenedTask, TrainingError


class FastTask:
    """See training.tasks.Task."""

    published = ("segmenter", "generator", "comparer", "direct")

    def __init__(self, settings: FastSettings):
        self.settings = settings

    def build(self) -> nn.ModuleDict:
        """The four parts; started from `settings.start` where it names weights."""
        networks = nn.ModuleDict({"segmenter": FastSegmenter(), "generator": FastGenerator(),
                                  "comparer": FastComparer(), "direct": DirectHead()})
        if self.settings.start:
            from unexpected_core.weights.reading import read_weights

            networks.load_state_dict(read_weights(self.settings.start).state)
        return networks.to(memory_format=torch.channels_last)

    def outputs(self, networks: nn.ModuleDict, images: Tensor):
        """Segmenter's output, resynthesis [B, 3, H/2, W/2], logits of comparer and direct head [B, H/2, W/2].

        No gradient flows from the scores into the labels or the painting: both must stay honest.
        """
        segmented = networks["segmenter"](images)
        resynthesis = networks["generator"](segmented.logits.argmax(1))
        still = segmented._replace(logits=segmented.logits.detach())
        compared = networks["comparer"](images, still, resynthesis.detach())
        return segmented, resynthesis, compared, networks["direct"](still)

    def losses(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """'loss' and its parts 'labels', 'paint', 'compare', 'direct'."""
        images = _unit(batch["image"])
        segmented, resynthesis, compared, direct = self.outputs(networks, images)
        discrepancy = batch["discrepancy"][:, ::2, ::2]
        parts = {
            "labels": pixel_cross_entropy(segmented.logits, batch["labels"][:, 2::4, 2::4]),
            "paint": painting_loss(resynthesis.float(), avg_pool2d(_unit(batch["photo"]), 2), discrepancy != 1),
            "compare": discrepancy_loss(compared.float(), discrepancy, self.settings.object_weight),
            "direct": discrepancy_loss(direct.float(), discrepancy, self.settings.object_weight),
        }
        s = self.settings
        loss = parts["labels"] + s.paint * parts["paint"] + s.compare * parts["compare"] + s.direct * parts["direct"]
        return {"loss": loss, **parts}

    def pictures(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, np.ndarray]:
        """image, labels, resynthesis and score of the sample frames."""
        images = _unit(batch["image"])
        segmented, resynthesis, compared, _ = self.outputs(networks, images)
        labels = segmented.logits.argmax(1).byte().cpu().numpy()
        score = compared.float().sigmoid()[:, None].expand(-1, 3, -1, -1)
        return {"image": _bytes(images), "labels": colorize(labels), "resynthesis": _bytes(resynthesis),
                "score": _bytes(score)}


def discrepancy_loss(logits: Tensor, discrepancy: Tensor, object_weight: float) -> Tensor:
    """Binary cross entropy, `object_weight` on pixels of 1, none on 255. Both [B, h, w]."""
    weight = torch.where(discrepancy == 1, object_weight, 1.0) * (discrepancy != IGNORE)
    total = binary_cross_entropy_with_logits(logits, (discrepancy == 1).float(), weight, reduction="sum")
    return total / over_processes(weight.sum()).clamp(min=1)


def painting_loss(painted: Tensor, photo: Tensor, valid: Tensor) -> Tensor:
    """Mean absolute difference of colours, and of local contrast (greatest minus least in 5x5), over valid pixels.

    painted, photo [B, 3, h, w] in [0, 1]; valid bool [B, h, w].
    """
    contrast = (_contrast(painted) - _contrast(photo)).abs()
    total = ((painted - photo).abs() + 0.25 * contrast).mean(1)[valid].sum()
    return total / over_processes(valid.sum()).clamp(min=1)


def _contrast(x: Tensor) -> Tensor:
    return max_pool2d(x, 5, 1, 2) + max_pool2d(-x, 5, 1, 2)


def _unit(images: Tensor) -> Tensor:
    return (images.float() / 255).contiguous(memory_format=torch.channels_last)


def _bytes(x: Tensor) -> np.ndarray:
    return (x.float().clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).cpu().numpy()


def open_task(settings: FastTraining) -> OpenedTask:
    """The task and its data. Raises TrainingError, DatasetError."""
    return FastTask(settings.task), _examples(settings, training=True), _examples(settings, training=False)


def _examples(settings: FastTraining, training: bool) -> FastExamples:
    data, task = settings.data, settings.task
    if not data.sources:
        raise TrainingError("no data to train on: give --data NAME=ROOT, or --data drawn")
    opened = [open_source(data, name, data.train if training else data.val) for name in data.roots]
    examples = FastExamples(opened, task, [task.aspects.get(name, 0.0) for name in data.roots],
                            [name in task.coarse for name in data.roots], training)
    chosen = spread(len(examples), 0 if training else data.val_examples)
    examples.where, examples.keys = [examples.where[i] for i in chosen], [examples.keys[i] for i in chosen]
    return examples
