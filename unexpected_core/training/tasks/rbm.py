"""Learning to redraw road patches from few numbers (experiment 0525; after Creusot & Munawar, IV 2015)."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from unexpected_core.labels import TRAIN_ID
from unexpected_core.networks import build_network
from unexpected_core.networks.rbm import cut_patches
from unexpected_core.training.engine.task import Batch, OpenedTask, to_image, to_picture
from unexpected_core.training.examples.samples import labelled_examples
from unexpected_core.training.tasks.losses import redrawing_loss
from unexpected_core.training.tasks.settings import RbmSettings, RbmTraining


class RbmTask:
    """Mean squared error of patches that are road in all of their pixels. (The original never zeroed its gradients.)"""

    published = ("network",)

    def __init__(self, settings: RbmSettings) -> None:
        self.settings = settings

    def build(self) -> nn.ModuleDict:
        """See Task.build."""
        return nn.ModuleDict({"network": build_network("rbm", hidden=self.settings.hidden)})

    def losses(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """See Task.losses."""
        patches = cut_patches(batch["image"].float())[road_patches(batch["labels"])]  # [N, 192] in 0..255
        return {"loss": redrawing_loss(networks["network"].reconstruct(patches))}

    def pictures(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, np.ndarray]:
        """See Task.pictures."""
        image = to_image(batch["image"])
        return {"image": to_picture(image), "resynthesis": to_picture(networks["network"](image))}


def road_patches(labels: Tensor) -> Tensor:
    """Labels [B, H, W] -> bool [B, P]: the patches of `cut_patches` that are road in all of their pixels."""
    road = (labels[:, None] == TRAIN_ID["road"]).float()
    return cut_patches(road).amin(-1) > 0


def open_task(settings: RbmTraining) -> OpenedTask:
    """The task and its data. Raises TrainingError, DatasetError."""
    return RbmTask(settings.task), *labelled_examples(settings.data)
