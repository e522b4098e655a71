"""Learning where labels were altered: experiments 0516, 0517, 0521 and their variants (Lis et al., ICCV 2019)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from unexpected_core.discrepancy_data.reader import DiscrepancyDataset, DiscrepancySample
from unexpected_core.files import expand_home
from unexpected_core.labels import colorize
from unexpected_core.networks import build_network
from unexpected_core.training.engine.task import Batch, OpenedTask, to_image, to_picture
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.examples.augment import Augmentation
from unexpected_core.training.examples.samples import Maps, SampleExamples, checked_labels, has_splits, open_joined
from unexpected_core.training.tasks.imagenet import start_discrepancy
from unexpected_core.training.tasks.losses import pixel_cross_entropy
from unexpected_core.training.tasks.settings import DiscrepancySettings, DiscrepancyTraining
from unexpected_core.visualize import heat_map

INPUTS = {"full": ("resynthesis", "labels"), "generator_only": ("resynthesis",), "labels_only": ("labels",)}
"""settings.compares -> what the network gets after the image."""


class DiscrepancyTask:
    """Weighted cross-entropy of two classes, expected and unexpected, inside the ROI."""

    published = ("network",)

    def __init__(self, settings: DiscrepancySettings) -> None:
        self.settings = settings

    def build(self) -> nn.ModuleDict:
        """See Task.build."""
        network = build_network(f"discrepancy_{self.settings.compares}", width=self.settings.width)
        if self.settings.start == "imagenet":
            start_discrepancy(network)
        else:
            network.vgg_extractor.requires_grad_(True)
        return nn.ModuleDict({"network": network})

    def logits(self, networks: nn.ModuleDict, batch: Batch) -> Tensor:
        """Logits float [B, 2, H, W]: as expected, unexpected."""
        given = {"resynthesis": to_image(batch["resynthesis"]), "labels": batch["labels"]}
        return networks["network"](to_image(batch["image"]), *(given[name] for name in INPUTS[self.settings.compares]))

    def losses(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """See Task.losses."""
        logits = self.logits(networks, batch)
        return {"loss": pixel_cross_entropy(logits, batch["discrepancy"], self.settings.class_weights)}

    def pictures(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, np.ndarray]:
        """See Task.pictures."""
        scores = self.logits(networks, batch).float().softmax(1)[:, 1].cpu().numpy()
        targets = (batch["discrepancy"].cpu().numpy() == 1).astype(np.float32)
        return {
            "image": to_picture(to_image(batch["image"])),
            "target": np.stack([heat_map(t) for t in targets]),
            "labels": colorize(batch["labels"].cpu().numpy()),
            "resynthesis": to_picture(to_image(batch["resynthesis"])),
            "score": np.stack([heat_map(score) for score in scores]),
        }


def discrepancy_maps(sample: DiscrepancySample) -> Maps:
    """Image, resynthesis, altered labels and discrepancy of a sample, to be changed alike. Raises TrainingError."""
    return {
        "image": sample.image,
        "resynthesis": sample.resynthesis,
        "labels": checked_labels(sample.key, sample.labels),
        "discrepancy": sample.discrepancy,
    }


def open_set(settings: DiscrepancyTraining, split: str) -> DiscrepancyDataset:
    """The discrepancy set of a training. Raises TrainingError, DatasetError, ManifestError."""
    task = settings.task
    if len(settings.data.sources) > 1:
        raise TrainingError(
            f"a discrepancy set is made of one data set, found {', '.join(settings.data.sources)}: give one --data"
        )
    data = Path(os.environ.get("DIR_DATA") or "data")
    root = (
        expand_home(task.set_folder) if task.set_folder else data / "discrepancy_dataset" / "cityscapes" / task.gen_name
    )
    # Of data without splits there is one discrepancy set, which is divided as they are.
    made_of = split if any(map(has_splits, settings.data.names)) else "train"
    opened = DiscrepancyDataset(root, open_joined(settings.data, split), made_of, task.gen_img_ext)
    made = opened.manifest.recipe.swap_fraction if opened.manifest else task.swap_fraction
    if made != task.swap_fraction:
        raise TrainingError(
            f"{root} was made with swap_fraction {made}, the settings say {task.swap_fraction}: make a "
            "set with `unexpected data discrepancy` into another gen_name, or --set task.swap_fraction"
        )
    return opened


def open_task(settings: DiscrepancyTraining) -> OpenedTask:
    """The task and its data. Raises what `open_set` raises."""
    data = settings.data
    return (
        DiscrepancyTask(settings.task),
        SampleExamples(open_set(settings, data.train), discrepancy_maps, Augmentation(data)),
        SampleExamples(open_set(settings, data.val), discrepancy_maps, None, data.val_examples),
    )
