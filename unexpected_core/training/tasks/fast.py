"""The `fast` detector's task: one pass teaches the segmenter, the generator, the comparer and the direct head, or
those of them that `settings.learn` names.

The segmenter never learns what pasted things are (their labels are 255), so it names them as it would name the
unexpected; the generator paints from those names; the comparer learns to see that the painting is not the photo.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from unexpected_core.labels import colorize
from unexpected_core.networks.fast_comparer import DirectHead, FastComparer
from unexpected_core.networks.fast_generator import FastGenerator
from unexpected_core.networks.fast_segmenter import FastSegmenter
from unexpected_core.training.engine.task import Batch, OpenedTask, to_image, to_picture
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.examples.fast import FastExamples
from unexpected_core.training.examples.samples import open_data, spread
from unexpected_core.training.tasks.losses import discrepancy_loss, painting_loss, pixel_cross_entropy
from unexpected_core.training.tasks.settings_fast import PARTS, FastSettings, FastTraining, OpponentTraining, Part
from unexpected_core.weights.catalog import find_weights
from unexpected_core.weights.reading import load_into, read_weights, verify


class FastTask:
    """See Task."""

    published = PARTS

    def __init__(self, settings: FastSettings):
        self.settings = settings
        self.frozen = [part for part in PARTS if part not in settings.learn]

    def build(self) -> nn.ModuleDict:
        """The four parts, started from `settings.start`. Raises WeightsError."""
        networks = fast_networks(self.settings.start)
        for part in self.frozen:
            networks[part].requires_grad_(False)
        return networks

    def outputs(self, networks: nn.ModuleDict, images: Tensor, asked: Sequence[Part]):
        """Segmenter's output, resynthesis [B, 3, H/2, W/2], logits of comparer and direct head [B, H/2, W/2].

        asked: parts whose output is needed; of the others it may be None. No gradient flows from the scores into the
        labels or the painting: both must stay honest.
        """
        segmented = networks["segmenter"](images)
        still = segmented._replace(logits=segmented.logits.detach())
        resynthesis = compared = direct = None
        if "generator" in asked or "comparer" in asked:
            resynthesis = networks["generator"](segmented.logits.argmax(1))
        if "comparer" in asked:
            compared = networks["comparer"](images, still, resynthesis.detach())
        if "direct" in asked:
            direct = networks["direct"](still)
        return segmented, resynthesis, compared, direct

    def losses(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """'loss' and its parts: 'labels', 'paint', 'compare', 'direct', one for each part that learns."""
        for part in self.frozen:
            networks[part].eval()  # its batch norm stands still
        s, learn = self.settings, self.settings.learn
        images = unit(batch["image"])
        segmented, resynthesis, compared, direct = self.outputs(networks, images, learn)
        discrepancy = batch["discrepancy"][:, ::2, ::2]
        parts = {}
        if "segmenter" in learn:
            parts["labels"] = pixel_cross_entropy(segmented.logits, batch["labels"][:, 2::4, 2::4])
        if "generator" in learn:
            photo = avg_pool2d(unit(batch["photo"]), 2)
            parts["paint"] = painting_loss(resynthesis.float(), photo, discrepancy != 1)
        if "comparer" in learn:
            parts["compare"] = discrepancy_loss(compared.float(), discrepancy, s.object_weight)
        if "direct" in learn:
            parts["direct"] = discrepancy_loss(direct.float(), discrepancy, s.object_weight)
        weights = {"labels": 1.0, "paint": s.paint, "compare": s.compare, "direct": s.direct}
        return {"loss": sum(weights[name] * part for name, part in parts.items()), **parts}

    def pictures(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, np.ndarray]:
        """image, labels, resynthesis and score of the sample frames."""
        images = unit(batch["image"])
        segmented, resynthesis, compared, _ = self.outputs(networks, images, ("comparer",))
        labels = segmented.logits.argmax(1).byte().cpu().numpy()
        return {
            "image": to_picture(images),
            "labels": colorize(labels),
            "resynthesis": to_picture(resynthesis),
            "score": grey_picture(compared),
        }


def fast_networks(start: str) -> nn.ModuleDict:
    """The four parts; started from the detector that `start` names (shipped name, file or folder), if any.

    Raises WeightsError.
    """
    networks = nn.ModuleDict(
        {"segmenter": FastSegmenter(), "generator": FastGenerator(), "comparer": FastComparer(), "direct": DirectHead()}
    )
    if start:
        load_into(networks, read_weights(start))
    return networks.to(memory_format=torch.channels_last)


def unit(images: Tensor) -> Tensor:
    """uint8 [B, 3, H, W] -> float in [0, 1], channels last."""
    return to_image(images).contiguous(memory_format=torch.channels_last)


def grey_picture(logits: Tensor) -> np.ndarray:
    """Logits [B, h, w] as probabilities, for people."""
    return to_picture(logits.float().sigmoid()[:, None].expand(-1, 3, -1, -1))


def open_task(settings: FastTraining) -> OpenedTask:
    """The task and its data. Raises TrainingError, DatasetError, WeightsError."""
    return FastTask(settings.task), *fast_examples(settings)


def fast_examples(settings: FastTraining | OpponentTraining) -> tuple[FastExamples, FastExamples]:
    """Examples to learn from and to validate with. Raises TrainingError, DatasetError, WeightsError."""
    if settings.task.start:
        verify(find_weights(settings.task.start))  # now, not after minutes of reading data
    return _examples(settings, training=True), _examples(settings, training=False)


def _examples(settings: FastTraining | OpponentTraining, training: bool) -> FastExamples:
    data, task = settings.data, settings.task
    if not data.sources:
        raise TrainingError("no data to train on: give --data NAME=ROOT, or --data drawn")
    opened = [open_data(data, name, data.train if training else data.val) for name in data.roots]
    examples = FastExamples(
        opened,
        task,
        [task.aspects.get(name, 0.0) for name in data.roots],
        [name in task.coarse for name in data.roots],
        training,
    )
    chosen = spread(len(examples), 0 if training else data.val_examples)
    examples.where, examples.keys = [examples.where[i] for i in chosen], [examples.keys[i] for i in chosen]
    return examples
