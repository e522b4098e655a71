"""Scorers that look at the resynthesis: the paper's method, and its plain baseline, photo minus resynthesis."""

from __future__ import annotations

from torch import Tensor

from unexpected_core.scorers.base import Scorer, ScorerError
from unexpected_core.structs import Scores


def resynthesis(base: Scorer) -> Scorer:
    """The method itself: segment, resynthesise, compare, as `base` does it."""
    return base


class ImageDifference(Scorer):
    """Photo minus resynthesis: mean absolute difference over the colours, in [0, 1]. Needs a base that paints."""

    name = "image_difference"

    def __init__(self, base: Scorer) -> None:
        super().__init__()
        self.base = base

    @property
    def multiple(self) -> int:
        """See Scorer.multiple."""
        return self.base.multiple

    def forward(self, images: Tensor) -> Scores:
        """See Scorer.forward."""
        scores = self.base(images)
        if scores.resynthesis is None:
            raise ScorerError(
                f"image_difference needs a scorer that resynthesises, such as 'fast'; '{self.base.name}' does not"
            )
        return scores._replace(score=(images.float() - scores.resynthesis.float()).abs().mean(1))
