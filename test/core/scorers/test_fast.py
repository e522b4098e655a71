"""The fast scorer: folding, memory formats, and what its comparer and its direct head may see."""

import pytest
import torch

from unexpected_core.networks.blocks import join
from unexpected_core.scorers import build_scorer
from unexpected_core.scorers.base import less_max_logit, restore_labels
from unexpected_core.scorers.fast import FastScorer


@torch.inference_mode()
def test_fusing_leaves_no_batch_norm_and_the_same_scores():
    torch.manual_seed(0)
    scorer = FastScorer("nano")
    images = torch.rand(2, 3, 61, 83)
    scorer(images)  # in training mode: running statistics that are not 0 and 1
    before = scorer.eval()(images)
    scorer.fuse()
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in scorer.modules())
    torch.testing.assert_close(scorer(images).score, before.score, rtol=1e-4, atol=1e-4)
    scorer.fuse()  # a second time changes nothing
    torch.testing.assert_close(scorer(images).score, before.score, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_memory_format_changes_no_score():
    torch.manual_seed(0)
    scorer, images = FastScorer("nano").eval(), torch.rand(2, 3, 48, 80)
    plain = scorer(images)
    last = scorer.to(memory_format=torch.channels_last)(images.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(last.score, plain.score, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("method", ["resynthesis", "direct"])
def test_what_the_segmenter_is_sure_of_scores_less(method):
    torch.manual_seed(0)
    detector, images = FastScorer("nano").eval(), torch.rand(2, 3, 64, 96)
    heads, least = build_scorer(method, detector)(images).score, build_scorer("max_logit", detector)(images).score
    detector.max_logit_weight = 0.5
    lowered = build_scorer(method, detector)(images).score
    expected = heads + 0.5 * (-heads).sigmoid() * least
    torch.testing.assert_close(lowered, expected, rtol=0, atol=0.02)  # heads are enlarged afterwards here
    assert (lowered - heads).abs().min() > 0.02


def test_what_a_head_is_sure_of_keeps_its_score_and_its_order():
    score, logits = torch.linspace(-12, 12, 64).view(1, 8, 8), torch.full((1, 19, 4, 4), 9.0)
    lowered = less_max_logit(score, logits, 0.3).flatten()
    assert (lowered.diff() > 0).all() and (score.flatten() - lowered)[-8:].max() < 1e-3
    assert abs((score.flatten() - lowered)[0] - 0.3 * 9) < 1e-3
    assert torch.equal(less_max_logit(score, logits, 0.0), score)


@torch.inference_mode()
def test_untrained_it_paints_the_colours_of_the_photograph():
    """The generator begins with the expected colours: a photograph of one colour is painted in it."""
    image = torch.tensor([0.2, 0.5, 0.8]).view(1, 3, 1, 1).expand(1, 3, 70, 110)
    painted = FastScorer("nano").eval()(image).resynthesis[..., :60, :90]  # the rest stands beside the padding
    assert (painted - image[..., :60, :90]).abs().max() < 0.02


def test_join_is_cat_in_the_format_of_the_first():
    first, one = torch.rand(2, 3, 5, 7), torch.rand(2, 1, 5, 7)
    last = first.contiguous(memory_format=torch.channels_last)
    assert torch.equal(join(last, one), torch.cat([first, one], 1)) and torch.equal(join(first, one), join(last, one))
    assert join(last, one).is_contiguous(memory_format=torch.channels_last)
    assert join(first, one).is_contiguous()


def test_labels_are_enlarged_to_labels_and_never_to_what_lies_between():
    """Nearest neighbour: between road and sky there is no pole."""
    labels = torch.tensor([[[0, 10], [10, 255]]])
    padded, images = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 7, 5)
    enlarged = restore_labels(labels, padded, images)
    assert enlarged.shape == (1, 7, 5) and enlarged.dtype == torch.uint8
    expected = labels.repeat_interleave(4, 1).repeat_interleave(4, 2)[:, :7, :5]
    assert torch.equal(enlarged, expected.byte())
