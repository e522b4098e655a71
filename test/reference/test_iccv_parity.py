"""Outputs of the original classes for prescribed weights and inputs, to the digits that were noted down."""

import math

import pytest
import torch
from torch import Tensor, nn

from unexpected_core.networks import build_network
from unexpected_core.scorers.rbm import patch_scores
from unexpected_core.training.tasks.losses import redrawing_loss

STATISTICS = "mean, mean |o|, std, o[0,0,0,0], o[0,1,3,5], o[-1,-1,-1,-1], o[-1,-1,H/2,W/2]"
DISCREPANCY = {
    ("discrepancy_generator_only", 40, 56): (4.36192, 4.9908, 4.40513, 8.65053, 1.10994, 3.06768, 2.77086),
    ("discrepancy_labels_only", 40, 56): (0.100381, 0.100381, 0.0207686, 0.0755903, 0.104795, 0.0865931, 0.0983903),
    ("discrepancy_full", 40, 56): (-3.28605, 3.75323, 3.72501, -9.77082, 0.431665, 1.19981, 0.381102),
    ("discrepancy_generator_only", 48, 64): (4.04531, 4.84416, 4.45782, 5.28569, 1.34758, -3.85192, 3.42018),
    ("discrepancy_labels_only", 48, 64): (0.0953747, 0.0953747, 0.0210994, 0.103956, 0.104605, 0.108524, 0.0929659),
    ("discrepancy_full", 48, 64): (-2.91763, 3.78449, 3.99402, -7.53365, 0.774991, 3.28992, 0.756496),
}
SEGNET = (0.00338203, 0.00338203, 0.00414743, 0.000265466, 0.0048004, 0.00313526, 0.00319518)
PSPNET = (0.00019523, 0.00587204, 0.00673521, 1.49748e-06, 0.00361351, 0.00366857, 0.00371273)
GENERATOR = (0.0203362, 0.117526, 0.182755, -0.202448, 0.0743624, -0.0964011, 0.0983439)


def fill(network: nn.Module) -> nn.Module:
    """The prescribed weights: sines of the index, kernels scaled by their fan-in; neutral normalisation."""
    done = set()
    with torch.no_grad():
        for key, tensor in network.state_dict().items():
            if tensor.data_ptr() in done:
                continue
            done.add(tensor.data_ptr())
            i = torch.arange(tensor.numel(), dtype=torch.float64)
            if key.endswith("running_var"):
                tensor.fill_(1)
            elif key.endswith(("running_mean", "num_batches_tracked")):
                tensor.zero_()
            elif tensor.dim() > 1:
                scale = 2 * math.sqrt(tensor.shape[0] / tensor.numel())
                tensor.copy_((scale * torch.sin(0.37 * i + 0.1 * i.sqrt())).view_as(tensor))
            else:
                tensor.copy_(0.01 * torch.sin(0.37 * i).view_as(tensor))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.fill_(1)
                module.bias.zero_()
    return network.eval()


def waves(batch: int, height: int, width: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """The prescribed image and resynthesis (as if normalised already) and labels."""
    b = torch.arange(batch, dtype=torch.float64).view(-1, 1, 1, 1)
    c = torch.arange(3, dtype=torch.float64).view(1, -1, 1, 1)
    y = torch.arange(height, dtype=torch.float64).view(1, 1, -1, 1)
    x = torch.arange(width, dtype=torch.float64).view(1, 1, 1, -1)
    labels = ((x // 8 + y // 8 + b) % 19)[:, 0].to(torch.uint8)
    image = torch.sin(0.05 * x + 0.07 * y + c + b)
    resynthesis = torch.cos(0.03 * x - 0.04 * y + 2 * c + b)
    return image.to(dtype), resynthesis.to(dtype), labels


def statistics(o: Tensor) -> Tensor:
    height, width = o.shape[-2:]
    values = [
        o.mean(),
        o.abs().mean(),
        o.std(),
        o[0, 0, 0, 0],
        o[0, 1, 3, 5],
        o[-1, -1, -1, -1],
        o[-1, -1, height // 2, width // 2],
    ]
    return torch.stack(values).double()


def assert_equal(output: Tensor, expected: tuple[float, ...], rtol: float, atol: float) -> None:
    torch.testing.assert_close(
        statistics(output),
        torch.tensor(expected, dtype=torch.float64),
        rtol=rtol,
        atol=atol,
        msg=lambda text: f"{STATISTICS}: {text}",
    )


@pytest.mark.parametrize(
    ("name", "height", "width"),
    [case if case[1] == 40 else pytest.param(*case, marks=pytest.mark.slow) for case in DISCREPANCY],
)
@torch.inference_mode()
def test_discrepancy_networks(name, height, width):
    options = {"label_padding": "road"} if name == "discrepancy_labels_only" else {}
    network = fill(build_network(name, **options))
    output = network.forward_normalised(*waves(2, height, width, torch.float32))
    assert_equal(output, DISCREPANCY[name, height, width], rtol=2e-5, atol=2e-6)


@pytest.mark.slow
@torch.inference_mode()
def test_bayes_segnet():
    network = fill(build_network("bayes_segnet").double())
    assert_equal(network.forward_normalised(waves(1, 64, 96, torch.float64)[0]), SEGNET, rtol=5e-6, atol=0)


@pytest.mark.slow
@torch.inference_mode()
def test_pspnet():
    network = fill(build_network("pspnet").double())
    assert_equal(network.forward_normalised(waves(1, 65, 97, torch.float64)[0]), PSPNET, rtol=5e-6, atol=0)


@pytest.mark.slow
@torch.inference_mode()
def test_pix2pixhd_generator():
    network = fill(build_network("pix2pixhd_generator").double())
    assert_equal(network.forward_tanh(waves(1, 64, 96, torch.float64)[2]), GENERATOR, rtol=5e-6, atol=0)


@torch.inference_mode()
def test_rbm():
    network = fill(build_network("rbm"))
    patches = (128 + 100 * torch.sin(0.77 * torch.arange(960, dtype=torch.float64))).view(5, 192).float()
    redrawn = network.reconstruct(patches)
    scores = patch_scores(redrawn.error()[None], per_image=False)[0]
    expected = torch.tensor([0.0042104, 0, 0.00078124, 0, 0.0036651])
    torch.testing.assert_close(scores, expected, rtol=0, atol=2e-7)  # 1 - m / value cancels: float32 leaves 7 digits
    assert redrawn.patches().mean().item() == pytest.approx(128.3260, abs=1e-4)
    assert redrawing_loss(redrawn).item() == pytest.approx(0.0774173, abs=1e-7)
