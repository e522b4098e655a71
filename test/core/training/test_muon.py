"""Muon: the same singular vectors, one length for all directions; the rest is AdamW."""

import pytest
import torch
from torch import nn

from unexpected_core.training.engine import muon
from unexpected_core.training.engine.muon import Muon, orthogonalised


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (6, 6)])
def test_a_matrix_keeps_its_directions_and_loses_their_lengths(shape, native, monkeypatch):
    monkeypatch.setattr(muon, "native_bfloat16", lambda device: native)
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    left, lengths, right = torch.linalg.svd(matrix, full_matrices=False)
    assert lengths.max() / lengths.min() > 1.5
    found = left.T @ orthogonalised(matrix) @ right.T
    assert found.dtype == torch.float32
    assert ((found.diagonal() > 0.6) & (found.diagonal() < 1.3)).all()
    assert (found - found.diagonal().diag()).abs().max() < 0.1


def test_nothing_to_follow_moves_nothing():
    assert orthogonalised(torch.zeros(3, 5)).eq(0).all()


@pytest.mark.parametrize("shape", [(16, 8, 3, 3), (64, 1, 3, 3)])
def test_one_step_of_a_convolution_is_as_large_as_one_of_adamw_would_be(shape):
    """Root mean square 0.2 times the rate (Liu et al., 2025), in whatever layout its weights lie."""
    torch.manual_seed(0)
    weight = nn.Parameter(torch.zeros(shape).to(memory_format=torch.channels_last))
    weight.grad = torch.randn_like(weight) * 1e-6
    before = weight.grad.clone()
    Muon([weight], lr=0.1, weight_decay=0).step()
    assert weight.grad is None
    assert weight.square().mean().sqrt().item() == pytest.approx(0.2 * 0.1, rel=0.3)
    assert torch.cosine_similarity(weight.flatten(), -before.flatten(), 0) > 0.9, "noise is near to orthogonal"


def test_what_is_no_matrix_follows_adamw():
    def learned(method):
        torch.manual_seed(0)
        scale = nn.Parameter(torch.ones(4))
        optimizer = method([scale], lr=0.1, weight_decay=0.5)
        for _ in range(3):
            scale.grad = torch.randn(4)
            optimizer.step()
        return scale

    assert torch.equal(learned(Muon), learned(torch.optim.AdamW))


def test_weight_decay_is_the_decoupled_one():
    weight = nn.Parameter(torch.full((2, 2), 10.0))
    weight.grad = torch.zeros(2, 2)
    Muon([weight], lr=0.1, weight_decay=0.5).step()
    assert torch.equal(weight, torch.full((2, 2), 9.5))


def test_a_saved_state_goes_on_with_the_same_bits():
    def network():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))

    def learn(net, optimizer, seeds):
        for seed in seeds:
            torch.manual_seed(seed)
            net(torch.randn(2, 3, 8, 8)).cos().sum().backward()
            optimizer.step()
            optimizer.zero_grad()

    whole = network()
    learn(whole, Muon(whole.parameters(), lr=0.1), range(4))
    first = network()
    optimizer = Muon(first.parameters(), lr=0.1)
    learn(first, optimizer, range(2))
    second = network()
    second.load_state_dict(first.state_dict())
    again = Muon(second.parameters(), lr=0.1)
    again.load_state_dict(optimizer.state_dict())
    learn(second, again, range(2, 4))
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), second.parameters(), strict=True))
