"""The scorer that applies a function of logits to any segmenter, and its makers by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from unexpected_core.scorers.base import Scorer, ScorerError, segment
from unexpected_core.scorers.calibration import RAW_TO_UNIT
from unexpected_core.scorers.logits.functions import energy, entropy, max_logit, softmax
from unexpected_core.scorers.logits.standardized import StandardizedMaxLogit
from unexpected_core.structs import Scores


class LogitsScorer(Scorer):
    """Any segmenter with any function of its logits; labels come along, no resynthesis.

    The logits are enlarged to the image before they are judged. segmenter: see scorers.base.segment.
    """

    def __init__(
        self, segmenter: nn.Module, function: Callable[[Tensor], Tensor], calibration: tuple[float, float] | None = None
    ) -> None:
        super().__init__()
        self.segmenter, self.function, self.calibration = segmenter, function, calibration

    def forward(self, images: Tensor) -> Scores:
        """See Scorer.forward."""
        logits = segment(self.segmenter, images)
        return Scores(self.function(logits), logits.argmax(1).byte())


def softmax_scorer(base: Scorer) -> Scorer:
    """`softmax` on the base's segmenter."""
    return LogitsScorer(segmenter_of(base), softmax)


def entropy_scorer(base: Scorer) -> Scorer:
    """`entropy` on the base's segmenter."""
    return LogitsScorer(segmenter_of(base), entropy)


def max_logit_scorer(base: Scorer) -> Scorer:
    """`max_logit` on the base's segmenter."""
    return LogitsScorer(segmenter_of(base), max_logit, RAW_TO_UNIT)


def energy_scorer(base: Scorer) -> Scorer:
    """`energy` on the base's segmenter."""
    return LogitsScorer(segmenter_of(base), energy, RAW_TO_UNIT)


def standardized_max_logit_scorer(base: Scorer) -> Scorer:
    """`standardized_max_logit` on the base's segmenter, with the statistics on its weights' card."""
    if base.logit_statistics is None and base.model_id:
        raise ScorerError(
            f"standardized_max_logit needs 'logit_statistics' on the card of {base.model_id}: write "
            "them there with `unexpected weights statistics WEIGHTS --dataset NAME --split train`"
        )
    return LogitsScorer(segmenter_of(base), StandardizedMaxLogit(base.logit_statistics), RAW_TO_UNIT)


def segmenter_of(base: Scorer) -> nn.Module:
    """The segmenter inside a scorer. Raises ScorerError."""
    segmenter = getattr(base, "segmenter", None)
    if not isinstance(segmenter, nn.Module):
        raise ScorerError(f"scorer '{base.name}' has no segmenter; logits scores need one")
    return segmenter
