"""The honest opponent: a head trained on pasted objects that sees the segmenter's features and no resynthesis."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate

from unexpected_core.scorers.base import Scorer, ScorerError, pad_to_multiple
from unexpected_core.scorers.from_logits import segmenter_of
from unexpected_core.structs import Scores


class DirectScorer(Scorer):
    """The direct head of a base scorer: its parts `segmenter` and `direct` (segmenter's output -> logit [B, h, w])."""

    name = "direct"

    def __init__(self, base: Scorer):
        super().__init__()
        self.segmenter = segmenter_of(base)
        self.direct = getattr(base, "direct", None)
        if not isinstance(self.direct, nn.Module):
            raise ScorerError(f"scorer '{base.name}' has no direct head")

    def forward(self, images: Tensor) -> Scores:
        """See Scorer.forward."""
        height, width = images.shape[-2:]
        padded = pad_to_multiple(images, getattr(self.segmenter, "multiple", 1))
        segmented = self.segmenter(padded)
        logits = getattr(segmented, "logits", segmented)

        def restore(x: Tensor) -> Tensor:
            x = interpolate(x.float(), size=padded.shape[-2:], mode="bilinear", align_corners=False)
            return x[..., :height, :width]

        score = restore(self.direct(segmented)[:, None]).sigmoid()
        return Scores(score[:, 0], restore(logits).argmax(1).byte())
