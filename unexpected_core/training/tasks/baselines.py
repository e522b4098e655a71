"""The paper's baselines of the `fast` detector, trained together on its frozen segmenter and generator.

All see the same examples in the same steps: the comparers learn what the detector's comparer learned, the label heads
what its segmenter learned, and the road autoencoder redraws the road patches of the same frames. They share no weight,
so that one backward pass through the sum of their losses teaches each as if it were alone, but for clipped gradients.
The autoencoder has a rate of its own: its weights must grow several times over before they redraw anything.
"""

from __future__ import annotations

from typing import get_args

import numpy as np
import torch
from torch import Tensor, nn

from unexpected_core.networks.choices import Compares
from unexpected_core.networks.fast_baselines import FastBaselines
from unexpected_core.networks.rbm import Reconstruction
from unexpected_core.training.engine.task import Batch, OpenedTask, to_picture
from unexpected_core.training.tasks.fast import grey_picture, thinned, unit
from unexpected_core.training.tasks.fast_examples import fast_examples
from unexpected_core.training.tasks.fast_networks import frozen_parts, seen_by
from unexpected_core.training.tasks.losses import discrepancy_loss, pixel_cross_entropy, redrawing_loss
from unexpected_core.training.tasks.rbm import road_patches
from unexpected_core.training.tasks.settings_fast import BaselineSettings, BaselineTraining

COMPARERS = get_args(Compares)


class BaselinesTask:
    """See Task."""

    published = ("baselines",)

    def __init__(self, settings: BaselineSettings) -> None:
        self.settings = settings
        self.rates = {"baselines.rbm": settings.rbm_rate}

    def build(self) -> nn.ModuleDict:
        """segmenter and generator of `settings.start`, frozen, and untrained baselines. Raises WeightsError."""
        networks = frozen_parts(self.settings.start)
        networks["baselines"] = FastBaselines(self.settings.members).to(memory_format=torch.channels_last)
        return networks

    def losses(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """'loss', the sum of one loss for each baseline."""
        images, labels = unit(batch["image"]), batch["labels"]
        found = networks["baselines"](images, *seen_by(networks, images))
        discrepancy, quarter = thinned(batch["discrepancy"], 2), thinned(labels, 4)
        road = road_patches(labels)
        parts = {
            name: discrepancy_loss(getattr(found, name).float(), discrepancy, self.settings.object_weight)
            for name in COMPARERS
        }
        parts["ensemble"] = sum(pixel_cross_entropy(member, quarter) for member in found.ensemble.unbind(1))
        parts["dropout"] = pixel_cross_entropy(found.dropout, quarter)
        parts["rbm"] = redrawing_loss(Reconstruction(*(values[road] for values in found.rbm)))
        return {"loss": sum(parts.values()), **parts}

    def pictures(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, np.ndarray]:
        """See Task.pictures: image, resynthesis, and the score of each comparer."""
        images = unit(batch["image"])
        segmented, seen, resynthesis = seen_by(networks, images)
        found = networks["baselines"](images, segmented, seen, resynthesis)
        return {
            "image": to_picture(images),
            "resynthesis": to_picture(resynthesis),
            **{name: grey_picture(getattr(found, name)) for name in COMPARERS},
        }


def open_task(settings: BaselineTraining) -> OpenedTask:
    """The task and its data. Raises TrainingError, DatasetError, WeightsError."""
    return BaselinesTask(settings.task), *fast_examples(settings)
