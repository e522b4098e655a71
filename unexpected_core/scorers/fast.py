"""The `fast` detector's scorer: segment, resynthesise, compare, with one encoder for all three."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from unexpected_core.networks.choices import SIZE, Size
from unexpected_core.networks.fast_comparer import CUES, Cue
from unexpected_core.networks.fast_generator import appearance
from unexpected_core.networks.fast_parts import fast_parts
from unexpected_core.scorers.base import Scorer, less_max_logit, pad_to_multiple, restore, restore_labels
from unexpected_core.structs import Scores


class FastScorer(Scorer):
    """Detecting the Unexpected via Image Resynthesis (Lis et al., ICCV 2019) with compact networks.

    Scores are logits; `calibration` makes probabilities of them. The direct head is there for the scorer `direct`.
    size: 'fast', or the narrower 'nano'. cues: what the comparer looks at (networks.fast_comparer.CUES).
    """

    name = "fast"
    calibration = (1.0, 0.0)

    def __init__(self, size: Size = SIZE, cues: Sequence[Cue] = CUES) -> None:
        super().__init__()
        for name, part in fast_parts(size, cues).items():
            self.add_module(name, part)

    def forward(self, images: Tensor) -> Scores:
        """Segment, resynthesise, compare. See Scorer.forward."""
        padded = pad_to_multiple(images, self.segmenter.multiple)
        segmented = self.segmenter(padded)
        seen = appearance(padded, segmented.logits)
        resynthesis = self.generator(segmented.logits, seen)
        compared = self.comparer(padded, segmented, seen, resynthesis)
        score = less_max_logit(compared, segmented.logits, self.max_logit_weight)
        labels = restore_labels(segmented.logits.argmax(1), padded, images)
        return Scores(restore(score[:, None], padded, images)[:, 0], labels, restore(resynthesis, padded, images))
