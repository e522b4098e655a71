"""The paper's baselines of a `fast` detector, on its own segmenter (and generator); see networks.fast_baselines.

The three comparers differ in nothing but in what they compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import Tensor, nn

from unexpected_core.networks.fast_baselines import DropoutHead, FastBaselines
from unexpected_core.networks.fast_comparer import FastComparer
from unexpected_core.networks.fast_segmenter import FastSegmenter
from unexpected_core.scorers.base import Scorer, ScorerError, pad_to_multiple, restore, restore_labels
from unexpected_core.scorers.fast import FastScorer
from unexpected_core.scorers.moments import mean_and_variance
from unexpected_core.scorers.rbm import RbmScorer
from unexpected_core.structs import Scores
from unexpected_core.weights.cards import WeightsError
from unexpected_core.weights.catalog import find_baselines
from unexpected_core.weights.reading import load_into, read_weights

SAMPLES = 16


class HeadsScorer(Scorer):
    """Variance of the class probabilities of several label heads, summed over the classes; in [0, 1]."""

    def __init__(self, segmenter: FastSegmenter) -> None:
        super().__init__()
        self.segmenter = segmenter

    def opinions(self, joined: Tensor) -> Iterator[Tensor]:
        """Segmenter's `joined` features -> logits [B, C, h, w], one after the other."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Scores:
        """See Scorer.forward."""
        padded = pad_to_multiple(images, self.segmenter.multiple)
        opinions = self.opinions(self.segmenter(padded).joined)
        mean, variance = mean_and_variance(logits.float().softmax(1) for logits in opinions)  # [B, C, H/4, W/4]
        score = restore(variance.sum(1, keepdim=True), padded, images)
        return Scores(score[:, 0], restore_labels(mean.argmax(1), padded, images))


class SubEnsembleScorer(HeadsScorer):
    """Heads that differ in their random start (Valdenegro-Toro, Deep Sub-Ensembles, 2019)."""

    def __init__(self, segmenter: FastSegmenter, heads: nn.ModuleList) -> None:
        super().__init__(segmenter)
        self.heads = heads

    def opinions(self, joined: Tensor) -> Iterator[Tensor]:
        """See HeadsScorer."""
        return (head(joined) for head in self.heads)


class DropoutHeadScorer(HeadsScorer):
    """One head, thinned in SAMPLES ways that are drawn once, from a fixed seed, and serve every image."""

    def __init__(self, segmenter: FastSegmenter, head: DropoutHead) -> None:
        super().__init__(segmenter)
        self.head = head
        self.register_buffer("masks", head.draw_masks(SAMPLES, seed=0), persistent=False)

    def opinions(self, joined: Tensor) -> Iterator[Tensor]:
        """See HeadsScorer."""
        return (self.head(joined, mask) for mask in self.masks)


def retrained(base: Scorer) -> Scorer:
    """A comparer of the detector's own kind, trained as long as its baselines; the max logit counts in it alike."""

    def make(baselines: FastBaselines) -> FastScorer:
        scorer = _with_comparer(base, baselines.full)
        scorer.max_logit_weight = base.max_logit_weight
        return scorer

    return _baseline(base, make)


def generator_only(base: Scorer) -> Scorer:
    """The paper's 'resynthesis only'."""
    return _baseline(base, lambda baselines: _with_comparer(base, baselines.generator_only))


def labels_only(base: Scorer) -> Scorer:
    """The paper's 'labels only'."""
    return _baseline(base, lambda baselines: _with_comparer(base, baselines.labels_only))


def ensemble(base: Scorer) -> Scorer:
    """The paper's 'uncertainty (ensemble)', with the encoder in common."""
    return _baseline(base, lambda baselines: SubEnsembleScorer(base.segmenter, baselines.ensemble))


def dropout(base: Scorer) -> Scorer:
    """The paper's 'uncertainty (Bayesian)', with dropout in the last decoder."""
    return _baseline(base, lambda baselines: DropoutHeadScorer(base.segmenter, baselines.dropout))


def rbm(base: Scorer) -> Scorer:
    """The paper's 'RBM', at the detector's working height."""
    return _baseline(base, lambda baselines: RbmScorer(baselines.rbm))


def _with_comparer(base: FastScorer, comparer: FastComparer) -> FastScorer:
    scorer = FastScorer()
    scorer.segmenter, scorer.generator, scorer.comparer = base.segmenter, base.generator, comparer
    scorer.direct = base.direct
    return scorer


def _baseline(base: Scorer, make: Callable[[FastBaselines], Scorer]) -> Scorer:
    """Untrained where the detector is. Raises ScorerError, and WeightsError for baselines of another detector."""
    if not isinstance(base, FastScorer):
        raise ScorerError(f"the baselines stand on a detector of the kind 'fast', '{base.name}' is another")
    if base.weights is None:
        return make(FastBaselines())
    path = find_baselines(base.weights)
    weights = read_weights(path)
    if weights.card.stands_on != base.sha256:
        raise WeightsError(
            f"{path} was trained on a detector with sha256 {weights.card.stands_on[:12] or 'unknown'}..., but "
            f"{base.weights} has {base.sha256[:12]}...: train baselines on this one, or use the detector they are for"
        )
    baselines = FastBaselines(**weights.card.options)
    load_into(baselines, weights)
    scorer = make(baselines)
    scorer.model_id = weights.card.model_id
    return scorer
