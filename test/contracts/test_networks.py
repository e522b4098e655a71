"""One contract over every registered network: odd sizes, gradients, repeatability, batch independence, saving."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from unexpected_core.networks import NETWORKS, UnknownNetwork, build_network
from unexpected_core.networks.fast_generator import appearance
from unexpected_core.weights.cards import Card
from unexpected_core.weights.reading import load_into, read_weights, write_weights

ODD, EVEN = (61, 83), (64, 96)


def images(size: tuple[int, int]) -> Tensor:
    return torch.rand(3, 3, *size)


def labels(size: tuple[int, int]) -> Tensor:
    return torch.randint(0, 19, (3, *size), dtype=torch.uint8)


def fast_inputs() -> tuple:
    """Images, what the segmenter says of them, what its classes look like, and a resynthesis."""
    photos = images(EVEN)
    segmented = build_network("fast_segmenter")(photos)
    return photos, segmented, appearance(photos, segmented.logits), images((32, 48))


INPUTS = {
    # The fast networks take whole multiples (their scorer pads), those of the paper any size.
    "fast_segmenter": lambda: (images(EVEN),),
    "fast_generator": lambda: (fast_inputs()[1].logits, fast_inputs()[2]),
    "fast_comparer": fast_inputs,
    "direct_head": lambda: fast_inputs()[:3],
    "fast_cues": fast_inputs,
    "fast_baselines": fast_inputs,
    "bayes_segnet": lambda: (images(ODD),),
    "pspnet": lambda: (images(ODD),),
    "pix2pixhd_generator": lambda: (labels(ODD),),
    "pix2pixhd_discriminator": lambda: (labels(ODD), images(ODD)),
    "discrepancy_full": lambda: (images(ODD), images(ODD), labels(ODD)),
    "discrepancy_generator_only": lambda: (images(ODD), images(ODD)),
    "discrepancy_labels_only": lambda: (images(ODD), labels(ODD)),
    "rbm": lambda: (images(ODD),),
}
"""What each network eats, a batch of 3."""


def tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    else:
        for part in value.values() if isinstance(value, dict) else value:
            yield from tensors(part)


def take(value: object, rows: slice) -> object:
    if isinstance(value, Tensor):
        return value[rows]
    parts = [take(part, rows) for part in value]
    return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)


@pytest.fixture(params=NETWORKS)
def name(request) -> str:
    torch.manual_seed(0)
    return request.param


@pytest.fixture
def network(name) -> nn.Module:
    return build_network(name, **NETWORKS[name].small).eval()


@pytest.fixture
def inputs(name) -> tuple:
    with torch.no_grad():
        return INPUTS[name]()


@torch.inference_mode()
def test_eval_is_repeatable_and_a_batch_is_its_samples_one_by_one(network, inputs):
    together, again = list(tensors(network(*inputs))), tensors(network(*inputs))
    assert all(torch.equal(a, b) for a, b in zip(together, again, strict=True))
    alone = [list(tensors(network(*take(inputs, slice(i, i + 1))))) for i in range(3)]
    for i, output in enumerate(together):
        assert output.isfinite().all()
        torch.testing.assert_close(output, torch.cat([sample[i] for sample in alone]), rtol=1e-3, atol=1e-4)


def test_gradient_reaches_every_trainable_weight(network, inputs):
    outputs = tensors(network.train()(*inputs))
    sum((output * torch.randn_like(output)).sum() for output in outputs).backward()
    dead = [
        key
        for key, weight in network.named_parameters()
        if weight.requires_grad and (weight.grad is None or not weight.grad.any())
    ]
    assert dead == []


def test_outputs_have_the_size_they_promise(name, network, inputs):
    output = network(*inputs)
    if name == "fast_segmenter":
        assert output.logits.shape == (3, 19, 16, 24)
    elif name == "fast_generator":
        assert output.shape == (3, 3, 32, 48)
    elif name in ("fast_comparer", "direct_head"):
        assert output.shape == (3, 32, 48)
    elif NETWORKS[name].kind == "segmenter":
        assert output.shape == (3, 19, *ODD)
    elif name in ("pix2pixhd_generator", "rbm"):
        assert output.shape == (3, 3, *ODD)
    elif name.startswith("discrepancy"):
        assert output.shape == (3, 2, *ODD)
    if name in ("fast_generator", "pix2pixhd_generator"):
        assert output.min() >= 0 and output.max() <= 1


def test_weights_survive_the_disk(name, network, inputs, tmp_path):
    card = Card(name=name, architecture=name, options=dict(NETWORKS[name].small))
    write_weights(tmp_path / "w.safetensors", network.state_dict(), card, half=False)
    weights = read_weights(tmp_path / "w.safetensors")
    twin = build_network(weights.card.architecture, **weights.card.options).eval()
    load_into(twin, weights)
    with torch.inference_mode():
        for ours, theirs in zip(tensors(network(*inputs)), tensors(twin(*inputs)), strict=True):
            assert torch.equal(ours, theirs)


def test_a_network_that_does_not_exist_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownNetwork, match="unknown network 'fast_segmentor'; did you mean 'fast_segmenter'"):
        build_network("fast_segmentor")
