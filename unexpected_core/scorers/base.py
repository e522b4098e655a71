"""The one face of every method: images in, scores out."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from unexpected_core.networks.blocks import double
from unexpected_core.networks.folding import fold_batch_norms
from unexpected_core.regions import RegionSettings
from unexpected_core.structs import Scores


class ScorerError(ValueError):
    """A method that cannot stand on these networks; the message says what it needs."""


class Scorer(nn.Module):
    """Base of all scorers.

    working_height: image height in pixels the scorer was made for (None = any); the detector resizes to it,
    keeping the aspect ratio. threshold: calibrated default for masks. name, model_id: for people and messages.
    calibration: (a, b) where forward gives a raw score and the detector shall show sigmoid(a * score + b);
    None where forward's scores are shown as they are. logit_statistics: mean and standard deviation of each class's
    max logit on training images, for standardized_max_logit. max_logit_weight: see `less_max_logit`. weights, sha256:
    the file it was loaded from. random_weights: its networks are untrained, so that its results mean nothing and must
    say so. revision: of a scorer with code from elsewhere; stored scores of one revision are taken for its own, and
    without one none are.
    """

    name: str = "scorer"
    model_id: str = ""
    working_height: int | None = None
    threshold: float = RegionSettings.model_fields["threshold"].default
    calibration: tuple[float, float] | None = None
    logit_statistics: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    max_logit_weight: float = 0.0
    weights: Path | None = None
    sha256: str = ""
    random_weights: bool = False
    revision: str = ""

    @property
    def multiple(self) -> int:
        """What its networks pad height and width to multiples of; 1 where they name nothing."""
        return getattr(getattr(self, "segmenter", None), "multiple", 1)

    @property
    def step(self) -> int:
        """Working sizes are multiples of it, so that nothing is padded; 1 where images are scored at their own size."""
        return self.multiple if self.working_height else 1

    @property
    def has_threshold(self) -> bool:
        """Whether its threshold was chosen for it, as on its weights' card, and is not everybody's default."""
        return "threshold" in vars(self)

    def forward(self, images: Tensor) -> Scores:
        """RGB float [B, 3, H, W] in [0, 1], any H and W -> Scores at the same H and W."""
        raise NotImplementedError

    def fuse(self) -> None:
        """Fold batch norms into their convolutions, once the weights are loaded and it is in eval.

        Same scores, faster; it can neither be trained nor load other weights afterwards.
        """
        fold_batch_norms(self)


def less_max_logit(score: Tensor, logits: Tensor, weight: float) -> Tensor:
    """A head's logit s [B, h, w] -> s - weight * sigmoid(-s) * (max of logits [B, C, h / 2, w / 2]), float32.

    A head knows what it was shown. Where it finds nothing, what the segmenter is sure of is the less unexpected.
    """
    if not weight:
        return score
    score, greatest = score.float(), double(logits.float().amax(1, keepdim=True))[:, 0]
    return score - weight * (-score).sigmoid() * greatest


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """Float [B, C, H, W] -> the last row and column repeated until H and W are multiples; `restore` undoes it."""
    height, width = images.shape[-2:]
    return pad(images, (0, -width % multiple, 0, -height % multiple), mode="replicate")


def segment(segmenter: nn.Module, images: Tensor) -> Tensor:
    """Logits float32 [B, C, H, W] of any segmenter on images [B, 3, H, W].

    It gives logits [B, C, h, w], or a result that has them as `logits`; it may have a `multiple` that the image's
    sides must be multiples of.
    """
    padded = pad_to_multiple(images, getattr(segmenter, "multiple", 1))
    output = segmenter(padded)
    return restore(getattr(output, "logits", output), padded, images)


def restore(x: Tensor, padded: Tensor, images: Tensor) -> Tensor:
    """Maps [B, C, h, w] made from padded images -> float32 [B, C, H, W] of the images, bilinear."""
    height, width = images.shape[-2:]
    x = interpolate(x.float(), size=padded.shape[-2:], mode="bilinear", align_corners=False)
    return x[..., :height, :width]


def restore_labels(labels: Tensor, padded: Tensor, images: Tensor) -> Tensor:
    """Labels [B, h, w] made from padded images -> uint8 [B, H, W] of the images, nearest neighbour."""
    height, width = images.shape[-2:]
    return interpolate(labels.byte()[:, None], size=padded.shape[-2:], mode="nearest")[:, 0, :height, :width]
