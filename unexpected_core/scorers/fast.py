"""The `fast` detector's scorer: segment, resynthesise, compare, with one encoder for all three."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import interpolate, pad

from unexpected_core.networks.fast_comparer import DirectHead, FastComparer
from unexpected_core.networks.fast_generator import FastGenerator
from unexpected_core.networks.fast_segmenter import FastSegmenter, SegmenterOutput
from unexpected_core.scorers.base import Scorer
from unexpected_core.structs import Scores

MULTIPLE = 16


class FastOutput(NamedTuple):
    """Raw outputs for training: segmenter's, resynthesis [B, 3, H/2, W/2], logits of the comparer and the direct head [B, H/2, W/2]."""

    segmented: SegmenterOutput
    resynthesis: Tensor
    compared: Tensor
    direct: Tensor


class FastScorer(Scorer):
    """Detecting the Unexpected via Image Resynthesis (Lis et al., ICCV 2019) with compact networks.

    slope, offset: calibration, score = sigmoid(slope * logit + offset).
    """

    name = "fast"

    def __init__(self, slope: float = 1.0, offset: float = 0.0):
        super().__init__()
        self.segmenter = FastSegmenter()
        self.generator = FastGenerator()
        self.comparer = FastComparer()
        self.direct = DirectHead()
        self.slope, self.offset = slope, offset

    def outputs(self, images: Tensor) -> FastOutput:
        """RGB [B, 3, H, W] in [0, 1], H and W multiples of 16. Gradients do not flow from the scores into labels or painting."""
        segmented = self.segmenter(images)
        resynthesis = self.generator(segmented.logits.argmax(1))
        still = segmented._replace(logits=segmented.logits.detach())
        compared = self.comparer(images, still, resynthesis.detach())
        return FastOutput(segmented, resynthesis, compared, self.direct(still))

    def forward(self, images: Tensor) -> Scores:
        """Segment, resynthesise, compare. See Scorer.forward."""
        height, width = images.shape[-2:]
        padded = pad(images, (0, -width % MULTIPLE, 0, -height % MULTIPLE), mode="replicate")
        segmented = self.segmenter(padded)
        resynthesis = self.generator(segmented.logits.argmax(1))
        logit = self.comparer(padded, segmented, resynthesis)

        def restore(x: Tensor) -> Tensor:
            x = interpolate(x, size=padded.shape[-2:], mode="bilinear", align_corners=False)
            return x[..., :height, :width]

        score = (self.slope * restore(logit[:, None])[:, 0].float() + self.offset).sigmoid()
        labels = restore(segmented.logits).argmax(1).byte()
        return Scores(score, labels, restore(resynthesis))
