"""Uncertainty (Bayesian): how much the predictions of a SegNet vary under dropout."""

from __future__ import annotations

import torch
from torch import Tensor

from unexpected_core.networks.bayes_segnet import BayesSegNet
from unexpected_core.scorers.base import Scorer
from unexpected_core.scorers.moments import mean_and_variance
from unexpected_core.scorers.published import Published
from unexpected_core.structs import Scores

SAMPLES = 16


class DropoutScorer(Scorer):
    """Variance of the class probabilities over `samples` thinned networks, summed over the classes; in [0, 1].

    The thinned networks are drawn once, from `seed`, and serve every image: the same image always has the same score.
    """

    def __init__(self, segmenter: BayesSegNet, samples: int = SAMPLES, seed: int = 0) -> None:
        super().__init__()
        self.segmenter = segmenter
        for i, drawn in enumerate(zip(*segmenter.draw_masks(samples, seed), strict=True)):
            self.register_buffer(f"masks{i}", torch.stack(drawn), persistent=False)  # [samples, channels], moved along

    def forward(self, images: Tensor) -> Scores:
        """See Scorer.forward."""
        layers = [self.get_buffer(f"masks{i}") for i in range(len(self.segmenter.dropout_channels))]
        samples = self.segmenter.forward_samples(images, list(zip(*layers, strict=True)))
        mean, variance = mean_and_variance(logits.float().softmax(1) for logits in samples)  # [B, C, H, W]
        return Scores(variance.sum(1), mean.argmax(1).byte())


def dropout(source: Published) -> Scorer:
    """Experiment 0120 with 16 samples."""
    return source.finish(DropoutScorer(*source.networks("dropout")), "dropout")
