"""What each cue of the comparer is worth: heads that differ in their cues, trained together on a frozen detector.

All see the same examples in the same steps and share no weight, so that one backward pass through the sum of their
losses teaches each as if it were alone, but for clipped gradients.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from unexpected_core.networks.fast_cues import CueHeads
from unexpected_core.training.engine.task import Batch, OpenedTask, to_picture
from unexpected_core.training.tasks.fast import grey_picture, thinned, unit
from unexpected_core.training.tasks.fast_examples import fast_examples
from unexpected_core.training.tasks.fast_networks import frozen_parts, seen_by
from unexpected_core.training.tasks.losses import discrepancy_loss
from unexpected_core.training.tasks.settings_fast import CuesSettings, CuesTraining


class CuesTask:
    """See Task."""

    published = ("heads",)

    def __init__(self, settings: CuesSettings) -> None:
        self.settings = settings

    def build(self) -> nn.ModuleDict:
        """segmenter and generator of `settings.start`, frozen, and untrained heads. Raises WeightsError."""
        networks = frozen_parts(self.settings.start)
        networks["heads"] = CueHeads(self.settings.seeds).to(memory_format=torch.channels_last)
        return networks

    def outputs(self, networks: nn.ModuleDict, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Resynthesis [B, 3, H/2, W/2] and the logit [B, H/2, W/2] of each head."""
        segmented, seen, painted = seen_by(networks, images)
        return painted, networks["heads"](images, segmented, seen, painted)

    def losses(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """'loss', the sum of one loss for each head."""
        _, logits = self.outputs(networks, unit(batch["image"]))
        discrepancy = thinned(batch["discrepancy"], 2)
        parts = {
            name: discrepancy_loss(logit.float(), discrepancy, self.settings.object_weight)
            for name, logit in logits.items()
        }
        return {"loss": sum(parts.values()), **parts}

    def pictures(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, np.ndarray]:
        """See Task.pictures: image, resynthesis, and the scores of the first full head and the first direct one."""
        images = unit(batch["image"])
        painted, logits = self.outputs(networks, images)
        return {
            "image": to_picture(images),
            "resynthesis": to_picture(painted),
            "full": grey_picture(logits["full_0"]),
            "direct": grey_picture(logits["direct_0"]),
        }


def open_task(settings: CuesTraining) -> OpenedTask:
    """The task and its data. Raises TrainingError, DatasetError, WeightsError."""
    return CuesTask(settings.task), *fast_examples(settings)
