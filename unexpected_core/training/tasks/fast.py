"""The `fast` detector's task: one pass teaches the segmenter, the generator, the comparer and the direct head, or
those of them that `settings.learn` names.

The segmenter never learns what pasted things are (their labels are 255), so it names them as it would name the
unexpected; the generator learns to paint the photo without them; the comparer learns to see where the two disagree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from unexpected_core.discrepancy_data.pasting.cutouts import open_cut_outs
from unexpected_core.labels import colorize
from unexpected_core.networks.blocks import double
from unexpected_core.networks.fast_generator import appearance
from unexpected_core.networks.fast_segmenter import SegmenterOutput
from unexpected_core.training.engine.task import Batch, OpenedTask, to_image, to_picture
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.tasks.fast_examples import fast_examples
from unexpected_core.training.tasks.fast_networks import fast_networks
from unexpected_core.training.tasks.losses import discrepancy_loss, distillation, painting_loss, pixel_cross_entropy
from unexpected_core.training.tasks.perceptual import SqueezeNetDistance
from unexpected_core.training.tasks.settings_fast import PARTS, FastSettings, FastTraining, Part
from unexpected_core.weights.catalog import find_weights
from unexpected_core.weights.reading import verify

WEIGHTS = {part: part for part in ("labels", "taught", "paint", "compare", "direct")} | {"perceived": "perceptual"}
"""Part of the loss -> the setting that weighs it."""


class FastTask:
    """See Task."""

    published = PARTS

    def __init__(self, settings: FastSettings) -> None:
        self.settings = settings
        self.frozen = [part for part in PARTS if part not in settings.learn]
        self.rates = {"segmenter": settings.segmenter_rate}

    def build(self) -> nn.ModuleDict:
        """The four parts from `settings.start`, the judge of the painting and the teacher. Raises WeightsError."""
        s = self.settings
        networks = fast_networks(s.size, s.start)
        for part in self.frozen:
            networks[part].requires_grad_(False)
        if s.perceptual:
            networks["judge"] = SqueezeNetDistance(s.perceptual_weights)
        if s.teacher:
            networks["teacher"] = _teacher(s.teacher)
        return networks

    def outputs(
        self, networks: nn.ModuleDict, images: Tensor, asked: Sequence[Part]
    ) -> tuple[SegmenterOutput, Tensor | None, Tensor | None, Tensor | None]:
        """Segmenter's output, resynthesis [B, 3, H/2, W/2], logits of comparer and direct head [B, H/2, W/2].

        asked: parts whose output is needed; of the others it may be None. No gradient flows from the scores into the
        labels or the painting: both must stay honest.
        """
        segmented = networks["segmenter"](images)
        still = segmented._replace(logits=segmented.logits.detach())
        resynthesis = compared = direct = None
        if set(asked) != {"segmenter"}:
            seen = appearance(images, still.logits)
        if "generator" in asked or "comparer" in asked:
            resynthesis = networks["generator"](still.logits, seen)
        if "comparer" in asked:
            compared = networks["comparer"](images, still, seen, resynthesis.detach())
        if "direct" in asked:
            direct = networks["direct"](images, still, seen)
        return segmented, resynthesis, compared, direct

    def losses(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, Tensor]:
        """'loss' and its parts: 'labels', 'taught', 'paint', 'perceived', 'compare', 'direct', as far as they learn."""
        for part in self.frozen:
            networks[part].eval()  # its batch norm stands still
        s, learn = self.settings, self.settings.learn
        images = unit(batch["image"])
        segmented, resynthesis, compared, direct = self.outputs(networks, images, learn)
        discrepancy = thinned(batch["discrepancy"], 2)
        parts = {}
        if "segmenter" in learn:
            parts["labels"] = pixel_cross_entropy(double(segmented.logits), thinned(batch["labels"], 2))
            if s.teacher:
                parts["taught"] = _taught(networks["teacher"].eval(), images, segmented.logits, batch["discrepancy"])
        if "generator" in learn:
            photo = avg_pool2d(unit(batch["photo"]), 2)
            expected = _expected(batch["photo_discrepancy"], 2)
            painted = torch.where(expected[:, None], resynthesis, photo)  # not a frame's own obstacles
            parts["paint"] = painting_loss(painted, photo, expected)
            if s.perceptual:
                parts["perceived"] = networks["judge"](painted, photo)
        if "comparer" in learn:
            parts["compare"] = discrepancy_loss(compared.float(), discrepancy, s.object_weight)
        if "direct" in learn:
            parts["direct"] = discrepancy_loss(direct.float(), discrepancy, s.object_weight)
        return {"loss": sum(getattr(s, WEIGHTS[name]) * part for name, part in parts.items()), **parts}

    def pictures(self, networks: nn.ModuleDict, batch: Batch) -> dict[str, np.ndarray]:
        """See Task.pictures: image, labels, resynthesis and score of the sample frames."""
        images = unit(batch["image"])
        segmented, resynthesis, compared, _ = self.outputs(networks, images, ("comparer",))
        labels = segmented.logits.argmax(1).byte().cpu().numpy()
        return {
            "image": to_picture(images),
            "labels": colorize(labels),
            "resynthesis": to_picture(resynthesis),
            "score": grey_picture(compared),
        }


def thinned(ids: Tensor, step: int) -> Tensor:
    """Ids uint8 [B, H, W] -> [B, H/step, W/step]; step: even.

    Of step x step pixels the one just above and left of their middle in one example, the one just below and right of it
    in the next: always the same would teach a score that lies half a pixel beside the photo. In an even number of
    examples both come alike; in an odd one, such as parts of one example, the loop's seed of this part of the step says
    which comes first. It is only looked at: nothing is drawn, so that labels and discrepancy get the same pixels, and
    dropout its numbers.
    """
    first = step // 2 - 1 + (torch.initial_seed() % 2 if len(ids) % 2 else 0)
    thin = ids[:, first::step, first::step].clone()
    second = step - 1 - first
    thin[1::2] = ids[1::2, second::step, second::step]
    return thin


def _expected(discrepancy: Tensor, step: int) -> Tensor:
    """Where none of step x step pixels is unexpected, bool [B, H/step, W/step]."""
    return avg_pool2d((discrepancy != 1)[:, None].float(), step)[:, 0] == 1


def _taught(teacher: nn.Module, images: Tensor, logits: Tensor, discrepancy: Tensor) -> Tensor:
    """Distance of logits [B, C, H/4, W/4] from the teacher's, where nothing unexpected lies."""
    with torch.no_grad():
        taught = teacher(images).logits
    return distillation(logits, taught, _expected(discrepancy, 4))


def unit(images: Tensor) -> Tensor:
    """uint8 [B, 3, H, W] -> float in [0, 1], channels last."""
    return to_image(images).contiguous(memory_format=torch.channels_last)


def grey_picture(logits: Tensor) -> np.ndarray:
    """Logits [B, h, w] as probabilities, for people."""
    return to_picture(logits.float().sigmoid()[:, None].expand(-1, 3, -1, -1))


def open_task(settings: FastTraining) -> OpenedTask:
    """The task and its data. Raises TrainingError, DatasetError, WeightsError, ImageError."""
    check_helpers(settings.task)
    return FastTask(settings.task), *fast_examples(settings)


def check_helpers(task: FastSettings, taught: bool = True) -> None:
    """Read what teaches beside the data: teacher (if taught), judge of the painting, cut-outs.

    Raises TrainingError, DatasetError, WeightsError, ImageError.
    """
    if task.teacher and "segmenter" not in task.learn:
        raise TrainingError("task.teacher teaches the segmenter, which is not in task.learn: add it, or leave it out")
    if task.teacher and taught:
        _teacher(task.teacher)
    if task.perceptual:
        SqueezeNetDistance(task.perceptual_weights)
    for training in (True, False) if task.paste else ():
        open_cut_outs(task.pastes.things, training)


def _teacher(name: str) -> nn.Module:
    """The segmenter of a detector of either size. Raises WeightsError."""
    return fast_networks(verify(find_weights(name)).size, name)["segmenter"].eval().requires_grad_(False)
