"""Batch norms folded into convolutions: the same scores without them."""

import copy

import pytest
import torch
from torch import nn

from unexpected_core.networks import NETWORKS, build_network
from unexpected_core.networks.folding import fold_batch_norms
from unexpected_core.scorers import SCORERS, build_scorer


def lived_in(module: nn.Module) -> nn.Module:
    """In eval mode, with batch norms that have seen something."""
    generator = torch.Generator().manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.3, generator=generator)
            part.running_var.uniform_(0.5, 2, generator=generator)
            part.weight.data.uniform_(0.5, 1.5, generator=generator)
            part.bias.data.normal_(0, 0.3, generator=generator)
    return module.eval()


@pytest.mark.parametrize("name", ["pspnet", "bayes_segnet"])
@torch.inference_mode()
def test_the_papers_segmenters_give_the_same_without_their_norms(name):
    network = lived_in(build_network(name, **NETWORKS[name].small))
    images = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    expected = network(images)
    folded = copy.deepcopy(network)
    assert fold_batch_norms(folded) > 10
    left = [part for part in folded.modules() if isinstance(part, nn.BatchNorm2d)]
    assert not left, f"{len(left)} norms were not folded"
    torch.testing.assert_close(folded(images), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in SCORERS if name != "random"])
@torch.inference_mode()
def test_every_scorer_scores_the_same_when_fused(name):
    entry = SCORERS[name]
    base = lived_in(build_scorer(entry.base, **SCORERS[entry.base].small)) if entry.base else None
    scorer = lived_in(build_scorer(name, base, **entry.small))
    images = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    expected = scorer(images).score
    scorer.fuse()
    assert not any(isinstance(part, nn.BatchNorm2d) for part in scorer.modules())
    torch.testing.assert_close(scorer(images).score, expected, rtol=1e-3, atol=1e-3)


def test_what_cannot_be_folded_is_left():
    shared = nn.Conv2d(3, 3, 1)
    twice = nn.Sequential(shared, nn.BatchNorm2d(3), shared, nn.BatchNorm2d(3)).eval()
    assert fold_batch_norms(twice) == 0
    learning = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
    assert fold_batch_norms(learning.train()) == 0 and isinstance(learning[1], nn.BatchNorm2d)
    assert fold_batch_norms(nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), nn.BatchNorm2d(3)).eval()) == 0
    with pytest.raises(RuntimeError):
        learning.eval()[0](torch.rand(1, 4, 5, 5))


@torch.inference_mode()
def test_transposed_convolutions_fold_too():
    up = lived_in(nn.Sequential(nn.ConvTranspose2d(3, 5, 2, stride=2), nn.BatchNorm2d(5)))
    x = torch.rand(1, 3, 4, 6)
    expected = up(x)
    assert fold_batch_norms(up) == 1
    torch.testing.assert_close(up(x), expected, rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_samples_of_dropout_share_what_comes_before_it():
    network = build_network("bayes_segnet", **NETWORKS["bayes_segnet"].small).eval()
    images = torch.rand(1, 3, 64, 96)
    masks = list(network.draw_masks(3, 0))
    calls = []
    network.enc3.register_forward_hook(lambda *_: calls.append(1))
    found = list(network.forward_samples(images, masks))
    assert len(calls) == 1
    for logits, mask in zip(found, masks, strict=True):
        torch.testing.assert_close(logits, network(images, mask))
