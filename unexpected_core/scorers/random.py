"""A tiny scorer with random weights: the face of a detector for tests and trials, its scores mean nothing."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from unexpected_core.labels import NUM_CLASSES
from unexpected_core.scorers.base import Scorer, pad_to_multiple, restore
from unexpected_core.structs import Scores


class RandomScorer(Scorer):
    """Segment, resynthesise and compare with a few small convolutions whose weights are drawn from `seed`."""

    name = "random"
    model_id = "random"
    working_height = 128

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.segmenter = nn.Sequential(
                nn.Conv2d(3, 8, 3, stride=4, padding=1), nn.Tanh(), nn.Conv2d(8, NUM_CLASSES, 1)
            )
            self.segmenter.multiple = 4
            self.generator = nn.Conv2d(NUM_CLASSES, 3, 1)
            self.head = nn.Sequential(nn.Conv2d(NUM_CLASSES, 1, 1), nn.Flatten(1, 2))

    def forward(self, images: Tensor) -> Scores:
        """See Scorer.forward."""
        padded = pad_to_multiple(images, self.segmenter.multiple)
        logits = self.segmenter(padded)  # (B, 19, H/4, W/4)
        resynthesis = self.generator(logits.softmax(1)).sigmoid()
        difference = (avg_pool2d(padded, 4) - resynthesis).abs().mean(1, keepdim=True)
        score = (8 * difference - 2 + self.head(logits)[:, None]).sigmoid()
        score, logits, resynthesis = (restore(x, padded, images) for x in (score, logits, resynthesis))
        return Scores(score[:, 0], logits.argmax(1).byte(), resynthesis)
