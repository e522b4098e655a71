"""The `fast` detector's scorer: segment, resynthesise, compare, with one encoder for all three."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import avg_pool2d

from unexpected_core.labels import TRAIN_ID
from unexpected_core.networks.fast_comparer import DirectHead, FastComparer
from unexpected_core.networks.fast_generator import FastGenerator
from unexpected_core.networks.fast_segmenter import FastSegmenter
from unexpected_core.scorers.base import Scorer, pad_to_multiple, restore, restore_labels
from unexpected_core.structs import Scores

FLOOR = 0.02
"""Share of road that even the sky is granted: the prior weakens what is far from the road, it does not forbid it."""


class FastScorer(Scorer):
    """Detecting the Unexpected via Image Resynthesis (Lis et al., ICCV 2019) with compact networks.

    Scores are logits; `calibration` makes probabilities of them. The direct head is there for the scorer `direct`.
    road_prior: weight of `road_around` in the logits, 0 = off.
    """

    name = "fast"
    calibration = (1.0, 0.0)

    def __init__(self, road_prior: float = 0.0) -> None:
        super().__init__()
        self.segmenter = FastSegmenter()
        self.generator = FastGenerator()
        self.comparer = FastComparer()
        self.direct = DirectHead()
        self.road_prior = road_prior

    def forward(self, images: Tensor) -> Scores:
        """Segment, resynthesise, compare. See Scorer.forward."""
        padded = pad_to_multiple(images, self.segmenter.multiple)
        segmented = self.segmenter(padded)
        labels = segmented.logits.argmax(1)  # (B, H/4, W/4)
        resynthesis = self.generator(labels)
        logit = restore(self.comparer(padded, segmented, resynthesis)[:, None], padded, images)
        if self.road_prior:
            logit = logit + self.road_prior * restore(road_around(segmented.logits), padded, images)
        return Scores(logit[:, 0], restore_labels(labels, padded, images), restore(resynthesis, padded, images))


def road_around(logits: Tensor) -> Tensor:
    """Log of the share of road (and half of the sidewalk) in a window around each pixel.

    Logits [B, C, h, w] -> float32 [B, 1, h, w], log FLOOR .. about 0. The window is h/7 high and twice as wide: an
    obstacle that matters has road around it, whatever the segmenter calls the obstacle itself.
    """
    probability = logits.float().softmax(1)
    ground = probability[:, TRAIN_ID["road"]] + 0.5 * probability[:, TRAIN_ID["sidewalk"]]
    reach = max(1, round(logits.shape[-2] / 14))
    share = _mean(_mean(ground[:, None], (reach, 0)), (0, 2 * reach))  # rows, then columns: far fewer additions
    return (share + FLOOR).log()


def _mean(x: Tensor, reach: tuple[int, int]) -> Tensor:
    """Mean of what lies within reach (rows, columns) of each pixel and inside the map."""
    window = 2 * reach[0] + 1, 2 * reach[1] + 1
    return avg_pool2d(x, window, stride=1, padding=reach, count_include_pad=False)
