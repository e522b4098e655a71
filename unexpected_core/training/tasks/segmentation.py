"""Learning to segment: BayesSegNet (experiment 0120) and PSPNet (experiment 0121)."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from unexpected_core.labels import colorize
from unexpected_core.networks import NETWORKS, build_network
from unexpected_core.training.engine.task import Batch, OpenedTask, to_image, to_picture
from unexpected_core.training.examples.samples import labelled_examples
from unexpected_core.training.tasks.imagenet import start_pspnet, start_segnet
from unexpected_core.training.tasks.losses import pixel_cross_entropy
from unexpected_core.training.tasks.settings import SegmentationSettings, SegmentationTraining

START = {"bayes_segnet": start_segnet, "pspnet": start_pspnet}


class SegmentationTask:
    """Cross-entropy on pixels with a class; PSPNet's auxiliary head learns along (Zhao et al., CVPR 2017, sec. 3.3)."""

    published = ("network",)

    def __init__(self, settings: SegmentationSettings) -> None:
        self.settings = settings

    def build(self) -> nn.ModuleDict:
        """See Task.build."""
        s = self.settings
        network = build_network(s.network, num_classes=s.num_classes, **(NETWORKS[s.network].small if s.small else {}))
        if s.start == "imagenet":
            START[s.network](network)
        return nn.ModuleDict({"network": network})

    def losses(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """See Task.losses."""
        logits = networks["network"](to_image(batch["image"]))
        if not isinstance(logits, tuple):
            return {"loss": pixel_cross_entropy(logits, batch["labels"])}
        main, auxiliary = (pixel_cross_entropy(each, batch["labels"]) for each in logits)
        weight = self.settings.auxiliary
        return {"loss": (main + weight * auxiliary) / (1 + weight), "main": main}

    def pictures(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, np.ndarray]:
        """See Task.pictures."""
        labels = networks["network"](to_image(batch["image"])).argmax(1)
        return {
            "image": to_picture(to_image(batch["image"])),
            "target": colorize(batch["labels"].cpu().numpy()),
            "labels": colorize(labels.byte().cpu().numpy()),
        }


def open_task(settings: SegmentationTraining) -> OpenedTask:
    """The task and its data. Raises TrainingError, DatasetError."""
    return SegmentationTask(settings.task), *labelled_examples(settings.data, settings.task.num_classes)
