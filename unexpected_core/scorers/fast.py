"""The `fast` detector's scorer: segment, resynthesise, compare, with one encoder for all three."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import interpolate

from unexpected_core.networks.fast_comparer import DirectHead, FastComparer
from unexpected_core.networks.fast_generator import FastGenerator
from unexpected_core.networks.fast_segmenter import FastSegmenter
from unexpected_core.scorers.base import Scorer, pad_to_multiple
from unexpected_core.structs import Scores


class FastScorer(Scorer):
    """Detecting the Unexpected via Image Resynthesis (Lis et al., ICCV 2019) with compact networks.

    Scores are logits; `calibration` makes probabilities of them. The direct head is there for the scorer `direct`.
    """

    name = "fast"
    calibration = (1.0, 0.0)

    def __init__(self) -> None:
        super().__init__()
        self.segmenter = FastSegmenter()
        self.generator = FastGenerator()
        self.comparer = FastComparer()
        self.direct = DirectHead()

    def forward(self, images: Tensor) -> Scores:
        """Segment, resynthesise, compare. See Scorer.forward."""
        height, width = images.shape[-2:]
        padded = pad_to_multiple(images, self.segmenter.multiple)
        segmented = self.segmenter(padded)
        resynthesis = self.generator(segmented.logits.argmax(1))
        logit = self.comparer(padded, segmented, resynthesis)

        def restore(x: Tensor) -> Tensor:
            x = interpolate(x.float(), size=padded.shape[-2:], mode="bilinear", align_corners=False)
            return x[..., :height, :width]

        return Scores(restore(logit[:, None])[:, 0], restore(segmented.logits).argmax(1).byte(), restore(resynthesis))
