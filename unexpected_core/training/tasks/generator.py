"""Learning to paint images from labels: the pix2pixHD generator (experiment 0405; Wang et al., CVPR 2018).

Generator and discriminator learn in one backward pass: the generator's losses see the discriminator's weights as
constants, the discriminator's loss sees the painted image as a constant. Each thus gets exactly its own gradient, and
one Adam over both steps as two would, since both losses are computed before either steps (as in the original).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from unexpected_core.labels import FULL_IDS, NUM_CLASSES, NUM_FULL_IDS, colorize, map_labels
from unexpected_core.networks import build_network
from unexpected_core.networks.one_hot import one_hot
from unexpected_core.training.engine.task import Batch, OpenedTask, to_image, to_picture
from unexpected_core.training.examples.samples import labelled_examples
from unexpected_core.training.tasks.imagenet import imagenet_state
from unexpected_core.training.tasks.losses import feature_matching, least_squares_gan
from unexpected_core.training.tasks.perceptual import SqueezeNetDistance, VggDistance
from unexpected_core.training.tasks.settings import GeneratorSettings, GeneratorTraining


class GeneratorTask:
    """Least-squares GAN, feature matching and perceptual distance. Validation: feature matching and perceptual only,
    as the game with the discriminator has no lowest point."""

    published = ("generator",)

    def __init__(self, settings: GeneratorSettings) -> None:
        self.settings = settings

    def build(self) -> nn.ModuleDict:
        """See Task.build."""
        names = ("generator", "discriminator")
        networks = {name: build_network(f"pix2pixhd_{name}", width=self.settings.width) for name in names}
        if self.settings.perceptual:
            networks["perceptual"] = self.judge()
        return nn.ModuleDict(networks)

    def judge(self) -> nn.Module:
        """The frozen network in whose features painting and photo are compared."""
        if self.settings.perceptual_weights:
            return SqueezeNetDistance(self.settings.perceptual_weights)
        distance = VggDistance()
        if self.settings.start == "imagenet":
            distance.start(imagenet_state("vgg19"))
        return distance

    def losses(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """See Task.losses."""
        s, photo = self.settings, to_image(batch["image"]) * 2 - 1  # [-1, 1] is what these networks paint and judge
        labels = self.one_hot(networks, batch["labels"])
        judge = networks["discriminator"].forward_one_hot
        painted = networks["generator"].forward_one_hot(labels)
        with constant(networks["discriminator"]):
            seen = judge(labels, painted)
        real = judge(labels, photo)
        losses = {"features": s.feature_matching * feature_matching(seen, real)}
        if s.perceptual:
            losses["perceptual"] = s.perceptual * perceived(networks["perceptual"], painted, photo)
        if networks.training:
            losses["fooling"] = least_squares_gan(seen, 1.0)
            fake = judge(labels, painted.detach())
            losses["judging"] = 0.5 * (least_squares_gan(real, 1.0) + least_squares_gan(fake, 0.0))
        return {"loss": torch.stack(list(losses.values())).sum(), **losses}

    def one_hot(self, networks: nn.ModuleDict, labels: Tensor) -> Tensor:
        """Labels of the settings' kind, uint8 [B, H, W] -> one-hot full ids [B, 35, H, W]."""
        return one_hot(labels, NUM_FULL_IDS) if self.settings.ids == "full" else networks["generator"].one_hot(labels)

    def pictures(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, np.ndarray]:
        """See Task.pictures."""
        painted = networks["generator"].forward_one_hot(self.one_hot(networks, batch["labels"]))
        labels = batch["labels"].cpu().numpy()
        return {
            "image": to_picture(to_image(batch["image"])),
            "resynthesis": to_picture((painted + 1) / 2),
            "labels": colorize(map_labels(labels, FULL_IDS) if self.settings.ids == "full" else labels),
        }


def perceived(judge: nn.Module, painted: Tensor, photo: Tensor) -> Tensor:
    """How different two images, float [B, 3, H, W] in [-1, 1], look to the judge; SqueezeNet's takes [0, 1]."""
    if isinstance(judge, SqueezeNetDistance):
        painted, photo = (painted + 1) / 2, (photo + 1) / 2
    return judge(painted, photo)


@contextmanager
def constant(network: nn.Module) -> Iterator[None]:
    """What is computed in this block sees the network's weights as constants."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


def open_task(settings: GeneratorTraining) -> OpenedTask:
    """The task and its data. Raises TrainingError, DatasetError."""
    ids = settings.task.ids
    classes = NUM_FULL_IDS if ids == "full" else NUM_CLASSES
    return GeneratorTask(settings.task), *labelled_examples(settings.data, classes, ids)
