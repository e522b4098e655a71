"""The RBM baseline: what an autoencoder of road patches cannot redraw (Creusot & Munawar, IV 2015)."""

from __future__ import annotations

import torch
from torch import Tensor

from unexpected_core.networks.padding import Padding, pad_reflect
from unexpected_core.networks.rbm import PATCH, RoadAutoencoder, cover, cut_patches, join_patches
from unexpected_core.scorers.base import Scorer
from unexpected_core.scorers.published import Published
from unexpected_core.structs import Scores


def patch_scores(error: Tensor, per_image: bool) -> Tensor:
    """Error float [B, P] of each patch -> score in [0, 1): 0 up to the mean error, tending to 1 above it.

    The mean is that of the image's own patches, or (per_image=False, as the original did) of the whole batch, where an
    image's score depends on its company.
    """
    m = error.mean(1, keepdim=True) if per_image else error.mean()
    return 1 - (m / error.clamp(min=torch.finfo(error.dtype).tiny)).clamp(0, 1)


class RbmScorer(Scorer):
    """Patch scores, averaged where patches overlap; the redrawn image is the resynthesis. No labels.

    compat: the original's rules, mean over the batch, and a score of 0 in the last rows and columns that its patches do
    not reach.
    """

    def __init__(self, autoencoder: RoadAutoencoder, compat: bool = False) -> None:
        super().__init__()
        self.autoencoder, self.compat = autoencoder, compat

    def forward(self, images: Tensor) -> Scores:
        """See Scorer.forward."""
        height, width = images.shape[-2:]
        padding = Padding(0, 0, 0, 0) if self.compat else cover((height, width))
        size = (height + padding.bottom, width + padding.right)
        redrawn = self.autoencoder.reconstruct(cut_patches(pad_reflect(images, padding) * 255))
        score = patch_scores(redrawn.error().float(), per_image=not self.compat)  # [B, P]
        score = join_patches(score.unsqueeze(-1).expand(-1, -1, PATCH * PATCH), size)[:, 0, :height, :width]
        painted = join_patches(redrawn.patches(), size)[..., :height, :width] / 255
        return Scores(score, resynthesis=painted)


def rbm(source: Published) -> Scorer:
    """Experiment 0525."""
    return source.finish(RbmScorer(*source.networks("rbm"), compat=source.compat), "rbm")
