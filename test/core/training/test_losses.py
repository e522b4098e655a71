"""Losses written out by hand, and the two networks that play against one another."""

import numpy as np
import pytest
import torch
from torch.nn.functional import l1_loss
from torchvision.models import squeezenet1_1

from unexpected_core.labels import IGNORE
from unexpected_core.networks.rbm import Reconstruction
from unexpected_core.training.tasks.generator import GeneratorTask
from unexpected_core.training.tasks.losses import (
    class_weights,
    discrepancy_loss,
    distillation,
    feature_matching,
    least_squares_gan,
    painting_loss,
    pixel_cross_entropy,
    redrawing_loss,
)
from unexpected_core.training.tasks.perceptual import SqueezeNetDistance
from unexpected_core.training.tasks.settings import GeneratorSettings


def test_cross_entropy_is_a_weighted_mean_over_the_pixels_that_count():
    logits = torch.tensor([[2.0, 0.0, 1.0], [0.0, 3.0, 1.0]])[None, :, None]  # [1, 2, 1, 3]
    target = torch.tensor([[[0, 0, IGNORE]]])
    first, second = np.log1p(np.exp(-2.0)), np.log1p(np.exp(3.0))
    assert pixel_cross_entropy(logits, target).item() == pytest.approx((first + second) / 2)
    target[0, 0, 0] = 1  # now of class 1, and weighs three times as much
    first = np.log1p(np.exp(2.0))
    assert pixel_cross_entropy(logits, target, (1.0, 3.0)).item() == pytest.approx((3 * first + second) / 4)
    light = pixel_cross_entropy(logits, target, (0.001, 0.003)).item()
    assert light == pytest.approx((3 * first + second) / 4), "only the ratio of the weights counts"
    assert pixel_cross_entropy(logits, torch.full((1, 1, 3), IGNORE)).item() == 0


def test_objects_weigh_more_and_unknown_pixels_nothing():
    logits = torch.tensor([[[1.0, -2.0, 5.0]]])
    found = discrepancy_loss(logits, torch.tensor([[[1, 0, IGNORE]]]), 8.0).item()
    thing, normal = np.log1p(np.exp(-1.0)), np.log1p(np.exp(-2.0))
    assert found == pytest.approx((8 * thing + normal) / 9)
    assert discrepancy_loss(logits, torch.tensor([[[IGNORE] * 3]]), 8.0).item() == 0
    alone = discrepancy_loss(torch.tensor([[[-1.0]]]), torch.tensor([[[1]]]), 1.0).item()
    assert alone == pytest.approx(np.log1p(np.exp(1.0))), "an object that is not seen costs more than one that is"


def test_a_teacher_is_followed_where_it_counts():
    """KL of (1/2, 1/2) from (1/4, 3/4), and nothing from pixels that are not valid."""
    learner = torch.tensor([[0.25, 0.5], [0.75, 0.5]]).log()[None, :, None]  # [1, 2, 1, 2]
    teacher = torch.tensor([[0.5, 0.999], [0.5, 0.001]]).log()[None, :, None]
    first = torch.tensor([[[True, False]]])
    assert distillation(learner, teacher, first).item() == pytest.approx(0.5 * np.log(2) + 0.5 * np.log(2 / 3))
    assert distillation(teacher, teacher, ~first).item() == pytest.approx(0)
    assert distillation(learner, teacher, ~first & first).item() == 0


def test_verdicts_are_the_last_map_of_each_scale():
    verdicts = [[torch.full((1, 1, 2, 2), 9.0), torch.tensor([[[[0.5, 1.0]]]])], [torch.tensor([[[[2.0]]]])]]
    assert least_squares_gan(verdicts, 1.0).item() == pytest.approx(0.25 / 2 + 1.0)
    assert least_squares_gan(verdicts, 0.0).item() == pytest.approx(1.25 / 2 + 4.0)


def test_features_match_in_all_layers_but_the_verdict():
    real = [[torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)]]
    fake = [[torch.full((1, 1, 2, 2), 2.0), torch.full((1, 1, 1, 1), -3.0), torch.full((1, 1, 1, 1), 7.0)]]
    assert feature_matching(fake, real).item() == pytest.approx(5.0)
    assert feature_matching(fake * 2, real * 2).item() == pytest.approx(5.0), "a mean over scales"


def test_painting_counts_colour_and_contrast_where_it_is_valid():
    photo = torch.zeros(1, 3, 9, 9)
    painted = torch.full((1, 3, 9, 9), 0.4)
    valid = torch.zeros(1, 9, 9, dtype=torch.bool)
    valid[0, :2, :2] = True
    assert painting_loss(painted, photo, valid).item() == pytest.approx(0.4)
    painted[0, :, 4, 4] = 1.0  # within reach of no valid pixel but the one at (2, 2)
    assert painting_loss(painted, photo, valid).item() == pytest.approx(0.4)
    valid[0, 2, 2] = True
    assert painting_loss(painted, photo, valid).item() == pytest.approx(0.4 + 0.25 * 0.6 / 5)
    assert painting_loss(painted, photo, ~valid & False).item() == 0
    valid[:] = False
    valid[0, 0, 0] = True
    assert painting_loss(painted, photo, valid).item() == pytest.approx(0.4), "a single pixel"


def test_rare_classes_weigh_more():
    assert class_weights([0.98, 0.0]) == pytest.approx([1 / np.log(2), 1 / np.log(1.02)])


def test_redrawing_is_a_mean_over_all_numbers_of_the_patches():
    normalised, redrawn = torch.zeros(2, 192), torch.zeros(2, 192)
    redrawn[0, 0] = 4.0
    assert redrawing_loss(Reconstruction(normalised, redrawn, torch.zeros(2, 1))).item() == pytest.approx(16 / 384)


def test_squeezenet_judges_paintings_in_its_own_range(tmp_path):
    torch.manual_seed(0)
    torch.save(squeezenet1_1(weights=None).state_dict(), tmp_path / "s.pth")
    task = GeneratorTask(GeneratorSettings(ids="train", width=4, perceptual_weights=str(tmp_path / "s.pth")))
    networks = task.build().eval()
    batch = {
        "image": torch.randint(0, 256, (2, 3, 48, 64), dtype=torch.uint8),
        "labels": torch.randint(0, 19, (2, 48, 64), dtype=torch.uint8),
    }
    painted = networks["generator"].forward_one_hot(networks["generator"].one_hot(batch["labels"]))
    expected = SqueezeNetDistance(str(tmp_path / "s.pth"))((painted + 1) / 2, batch["image"] / 255)
    torch.testing.assert_close(task.losses(networks, batch)["perceptual"], 10 * expected)
    assert "perceptual" not in task.published


def test_the_generator_is_to_fool_and_the_discriminator_to_tell():
    """Every part of the loss, computed from the networks themselves; the targets are not to be swapped."""
    torch.manual_seed(0)
    weights = {"feature_matching": 3.0, "perceptual": 2.0}
    task = GeneratorTask(GeneratorSettings(ids="train", start="random", width=4, **weights))
    networks = task.build().train()
    batch = {
        "image": torch.randint(0, 256, (2, 3, 32, 48), dtype=torch.uint8),
        "labels": torch.randint(0, 19, (2, 32, 48), dtype=torch.uint8),
    }
    found = task.losses(networks, batch)
    photo, labels = batch["image"] / 127.5 - 1, networks["generator"].one_hot(batch["labels"])
    with torch.no_grad():
        painted = networks["generator"].forward_one_hot(labels)
        fake, real = (networks["discriminator"].forward_one_hot(labels, image) for image in (painted, photo))
        fooling = sum((scale[-1] - 1).square().mean() for scale in fake)
        judging = sum(f[-1].square().mean() + (r[-1] - 1).square().mean() for f, r in zip(fake, real, strict=True))
        layers = [pair for f, r in zip(fake, real, strict=True) for pair in zip(f[:-1], r[:-1], strict=True)]
        features = sum(l1_loss(f, r) for f, r in layers) / len(fake)
        perceptual = networks["perceptual"](painted, photo)
    expected = {"fooling": fooling, "judging": judging / 2, "features": 3 * features, "perceptual": 2 * perceptual}
    for name, value in expected.items():
        assert found[name].item() == pytest.approx(value.item(), rel=1e-4), name
    assert found["loss"].item() == pytest.approx(sum(expected.values()).item(), rel=1e-4)
    found["judging"].backward(retain_graph=True)
    assert all(weight.grad is None for weight in networks["generator"].parameters()), "not the generator's business"
    networks["discriminator"].zero_grad()
    (found["fooling"] + found["features"] + found["perceptual"]).backward()
    assert all(weight.grad is None or not weight.grad.any() for weight in networks["discriminator"].parameters())
    assert any(weight.grad.any() for weight in networks["generator"].parameters())
