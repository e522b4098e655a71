"""The fast scorer's road prior: known answers, and what it does to scores."""

import math

import torch

from unexpected_core.networks.blocks import join
from unexpected_core.scorers.fast import FLOOR, FastScorer, road_around

ROAD, SKY = 0, 10


def logits_of(labels: torch.Tensor) -> torch.Tensor:
    """Certain logits [1, 19, h, w] of labels [h, w]."""
    return 50.0 * torch.nn.functional.one_hot(labels, 19).permute(2, 0, 1)[None].float()


def test_road_around_is_the_share_of_road_in_the_window():
    labels = torch.full((28, 40), SKY)
    labels[14:] = ROAD
    around = road_around(logits_of(labels)).exp() - FLOOR  # window 5 x 9
    assert torch.allclose(around[0, 0, :, 20], torch.tensor([0.0] * 12 + [0.2, 0.4, 0.6, 0.8] + [1.0] * 12), atol=1e-5)


def test_a_hole_in_the_road_keeps_its_score_and_the_sky_loses():
    labels = torch.full((28, 40), SKY)
    labels[8:] = ROAD
    labels[20, 20] = 13  # a thing the segmenter takes for a car
    around = road_around(logits_of(labels))[0, 0]
    assert around[20, 20] > math.log(0.95)
    assert abs(around[2, 20] - math.log(FLOOR)) < 1e-4


def test_the_prior_is_added_to_the_logits_and_changes_nothing_else():
    torch.manual_seed(0)
    plain, prior = FastScorer().eval(), FastScorer(road_prior=2.0).eval()
    prior.load_state_dict(plain.state_dict())
    images = torch.rand(2, 3, 61, 83)
    with torch.inference_mode():
        a, b = plain(images), prior(images)
    assert torch.equal(a.labels, b.labels) and torch.equal(a.resynthesis, b.resynthesis)
    added = b.score - a.score
    assert added.max() <= 2 * math.log(1 + FLOOR) + 1e-4 and added.min() >= 2 * math.log(FLOOR) - 1e-4
    assert added.std() > 0


@torch.inference_mode()
def test_fusing_leaves_no_batch_norm_and_the_same_scores():
    torch.manual_seed(0)
    scorer = FastScorer(road_prior=1.0)
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
    scorer, images = FastScorer(road_prior=1.0).eval(), torch.rand(2, 3, 48, 80)
    plain = scorer(images)
    last = scorer.to(memory_format=torch.channels_last)(images.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(last.score, plain.score, rtol=1e-4, atol=1e-4)


def test_join_is_cat_in_the_format_of_the_first():
    first, one = torch.rand(2, 3, 5, 7), torch.rand(2, 1, 5, 7)
    last = first.contiguous(memory_format=torch.channels_last)
    assert torch.equal(join(last, one), torch.cat([first, one], 1)) and torch.equal(join(first, one), join(last, one))
    assert join(last, one).is_contiguous(memory_format=torch.channels_last)
    assert join(first, one).is_contiguous()
