"""The honest rival: a head trained on pasted objects that sees the segmenter's features and no resynthesis."""

from __future__ import annotations

from torch import Tensor, nn

from unexpected_core.networks.fast_generator import appearance
from unexpected_core.scorers.base import Scorer, ScorerError, less_max_logit, pad_to_multiple, restore, restore_labels
from unexpected_core.scorers.logits.scorer import segmenter_of
from unexpected_core.structs import Scores


class DirectScorer(Scorer):
    """The direct head of a base scorer: its parts `segmenter` and `direct` (segmenter's output -> logit [B, h, w]).

    Scores are logits; `calibration` makes probabilities of them.
    """

    name = "direct"
    calibration = (1.0, 0.0)

    def __init__(self, base: Scorer) -> None:
        super().__init__()
        self.segmenter = segmenter_of(base)
        self.direct, self.max_logit_weight = getattr(base, "direct", None), base.max_logit_weight
        if not isinstance(self.direct, nn.Module):
            raise ScorerError(f"scorer '{base.name}' has no direct head; take a detector that has, such as 'fast'")

    def forward(self, images: Tensor) -> Scores:
        """See Scorer.forward."""
        padded = pad_to_multiple(images, getattr(self.segmenter, "multiple", 1))
        segmented = self.segmenter(padded)
        logit = self.direct(padded, segmented, appearance(padded, segmented.logits))
        score = less_max_logit(logit, segmented.logits, self.max_logit_weight)
        labels = restore_labels(segmented.logits.argmax(1), padded, images)
        return Scores(restore(score[:, None], padded, images)[:, 0], labels)
