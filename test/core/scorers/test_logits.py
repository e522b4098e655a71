"""Scores of logits written out: softmax, entropy, energy, max logit, and the standardised one."""

import math

import pytest
import torch
from torch import Tensor, nn

from unexpected_core.scorers.logits import functions, standardized
from unexpected_core.scorers.logits.scorer import LogitsScorer

LOG = math.log


def column(*logits: float) -> Tensor:
    """One pixel's logits -> [1, C, 1, 1]."""
    return torch.tensor(logits).view(1, -1, 1, 1)


@pytest.mark.parametrize(
    ("function", "sure", "unsure", "logits", "expected"),
    [
        (functions.softmax, (9, 0, 0), (1, 1, 1), (LOG(6), LOG(3), LOG(1)), 0.4),
        (functions.entropy, (9, 0, 0), (1, 1, 1), (LOG(2), LOG(1), LOG(1)), (1.5 * LOG(2)) / LOG(3)),
        (functions.max_logit, (9, 0, 0), (1, 1, 1), (2.5, 1.0, -4.0), -2.5),
        (functions.energy, (9, 0, 0), (1, 1, 1), (LOG(6), LOG(3), LOG(1)), -LOG(10)),
    ],
)
def test_known_answers_and_direction(function, sure, unsure, logits, expected):
    assert function(column(*logits)).item() == pytest.approx(expected, abs=1e-6)
    assert function(column(*logits)).shape == (1, 1, 1)
    assert function(column(*unsure)).item() > function(column(*sure)).item()


def test_probability_scores_stay_in_range_and_do_not_care_for_a_constant():
    logits = 30 * torch.randn(2, 19, 5, 7, generator=torch.Generator().manual_seed(0))
    for function in (functions.softmax, functions.entropy):
        score = function(logits)
        assert score.min() >= 0 and score.max() <= 1
        torch.testing.assert_close(function(logits + 5), score, atol=1e-5, rtol=1e-4)
    assert functions.softmax(torch.zeros(1, 19, 1, 1)).item() == pytest.approx(18 / 19)
    assert functions.entropy(torch.zeros(1, 19, 1, 1)).item() == pytest.approx(1)


def test_softmax_keeps_the_order_of_very_sure_pixels():
    score = functions.softmax(torch.tensor([[30.0, 40.0], [0.0, 0.0]]).view(1, 2, 1, 2))[0, 0]
    assert score[0] > score[1] > 0  # 1 - max p would be 0 for both in float32


def test_half_precision_logits_give_float32_scores():
    logits = torch.randn(1, 19, 4, 6, generator=torch.Generator().manual_seed(1)) * 10
    for function in (functions.softmax, functions.entropy, functions.max_logit, functions.energy):
        half = function(logits.half())
        assert half.dtype == torch.float32
        torch.testing.assert_close(half, function(logits.half().float()))


def test_class_statistics_add_up_over_images():
    generator = torch.Generator().manual_seed(2)
    bias = torch.tensor([3.0, 0, 1, -9]).view(1, 4, 1, 1)
    images = [torch.randn(1, 4, 30, 40, generator=generator) + bias for _ in range(3)]
    sums = [sum(parts) for parts in zip(*map(standardized.class_statistics, images), strict=True)]
    mean, std = standardized.mean_and_std(*sums)
    top, predicted = torch.cat(images).max(1)
    for c in (0, 1, 2):
        assert mean[c].item() == pytest.approx(top[predicted == c].mean().item(), abs=1e-4)
        assert std[c].item() == pytest.approx(top[predicted == c].std(correction=0).item(), abs=1e-4)
    assert (predicted == 3).sum() == 0
    assert mean[3].item() == pytest.approx(top.mean().item(), abs=1e-4)  # never seen: that of all


def test_standardised_max_logit_written_out():
    logits = torch.tensor([[[[4.0, 1.0]], [[0.0, 3.0]]]])  # classes 0 and 1 side by side
    mean, std = torch.tensor([3.0, 5.0]), torch.tensor([0.5, 2.0])
    score = standardized.standardized_max_logit(logits, mean, std, suppress=False, smooth=False)
    assert score.flatten().tolist() == [-2.0, 1.0]


def test_boundaries_are_bands_of_the_asked_radius():
    labels = torch.zeros(1, 5, 12, dtype=torch.int64)
    labels[..., 6:] = 1
    assert standardized.boundary(labels, 1)[0, 2].nonzero().flatten().tolist() == [5, 6]
    assert standardized.boundary(labels, 3)[0, 2].nonzero().flatten().tolist() == [3, 4, 5, 6, 7, 8]


def test_boundary_suppression_takes_the_calm_values_from_both_sides():
    labels = torch.zeros(1, 9, 30, dtype=torch.int64)
    labels[..., 15:] = 1
    score = torch.where(labels == 0, 1.0, 3.0)
    score[..., 12:18] = 100.0  # what a class border does to the max logit
    calm = standardized.suppress_boundaries(score, labels)
    assert torch.equal(calm[..., :14], torch.ones(1, 9, 14))
    assert torch.equal(calm[..., 16:], torch.full((1, 9, 14), 3.0))
    assert (calm[..., 14:16] <= 3).all() and (calm[..., 14:16] >= 1).all()
    same = torch.rand(1, 9, 30)
    assert torch.equal(standardized.suppress_boundaries(same, torch.zeros_like(labels)), same)


def test_smoothing_keeps_constants_and_spreads_a_point_over_its_taps():
    assert torch.allclose(standardized.dilated_smoothing(torch.full((1, 50, 60), 7.0)), torch.tensor(7.0))
    assert torch.allclose(standardized.dilated_smoothing(torch.full((1, 5, 6), 7.0)), torch.tensor(7.0))
    point = torch.zeros(1, 61, 61)
    point[0, 30, 30] = 1
    spread = standardized.dilated_smoothing(point)[0]
    rows, columns = spread.nonzero(as_tuple=True)
    assert set(rows.tolist()) == set(columns.tolist()) == {12, 18, 24, 30, 36, 42, 48}
    assert spread.sum().item() == pytest.approx(1) and spread.argmax().item() == 30 * 61 + 30


def test_any_segmenter_will_do_and_is_padded_to_its_multiple():
    class Picky(nn.Module):
        multiple = 8

        def forward(self, images: Tensor) -> Tensor:
            assert images.shape[-2] % 8 == 0 and images.shape[-1] % 8 == 0
            red = images[:, :1, ::4, ::4]
            return torch.cat([red, 1 - red], 1)

    images = torch.zeros(2, 3, 21, 35)
    images[:, 0, :, 20:] = 1
    scores = LogitsScorer(Picky(), functions.max_logit)(images)
    assert scores.score.shape == scores.labels.shape == (2, 21, 35)
    assert (scores.labels[:, :, 24:] == 0).all() and (scores.labels[:, :, :16] == 1).all()
    assert scores.resynthesis is None
