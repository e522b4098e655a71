"""Uncertainty (Ensemble): how much several PSPNets disagree that differ only in their random seed."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from unexpected_core.scorers.base import Scorer, ScorerError
from unexpected_core.scorers.moments import mean_and_variance
from unexpected_core.scorers.published import Published
from unexpected_core.structs import Scores


class EnsembleScorer(Scorer):
    """Variance of the class probabilities over the members, summed over the classes; in [0, 1]."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        if len(members) < 2:
            raise ScorerError(
                f"an ensemble needs two members or more, found {len(members)}: expected the folders "
                "0121_PSPEns_BDD_00 to _04"
            )
        self.members = nn.ModuleList(members)

    def forward(self, images: Tensor) -> Scores:
        """See Scorer.forward."""
        mean, variance = mean_and_variance(member(images).float().softmax(1) for member in self.members)
        return Scores(variance.sum(1), mean.argmax(1).byte())


def ensemble(source: Published) -> Scorer:
    """Experiment 0121: all members found, five as published."""
    return source.finish(EnsembleScorer(source.ensemble()), "ensemble")
