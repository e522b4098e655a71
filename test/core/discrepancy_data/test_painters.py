"""From weight files to painted frames."""

import numpy as np
import pytest
import torch

from unexpected_core.discrepancy_data.painters import generator_painter, random_painter
from unexpected_core.networks import build_network
from unexpected_core.networks.pix2pixhd import tanh_to_eight_bits
from unexpected_core.weights.cards import Card, WeightsError
from unexpected_core.weights.reading import write_weights

PHOTO = np.random.default_rng(1).integers(0, 256, (33, 50, 3), np.uint8)
LABELS = np.random.default_rng(0).choice([0, 10, 13, 255], (33, 50)).astype(np.uint8)


def stored(path, architecture, state, options=None):
    write_weights(path, state, Card(name="g", architecture=architecture, options=options or {}), half=False)
    return path


def test_pix2pixhd_paints_by_the_eight_bit_rule(tmp_path):
    options = {"width": 4, "residual_blocks": 1}
    torch.manual_seed(0)
    network = build_network("pix2pixhd_generator", **options).eval()
    paint = generator_painter(
        stored(tmp_path / "g.safetensors", "pix2pixhd_generator", network.state_dict(), options), "cpu"
    )
    with torch.inference_mode():
        expected = tanh_to_eight_bits(network.forward_tanh(torch.from_numpy(LABELS)[None]))[0] * 255
    painted = paint(LABELS, PHOTO)
    assert painted.dtype == np.uint8 and painted.std() > 1
    assert np.abs(painted - expected.permute(1, 2, 0).numpy()).max() <= 1  # where float rounding crosses a level
    assert paint.name.startswith("pix2pixhd_generator g-")


def test_the_fast_detector_lends_its_generator(tmp_path):
    torch.manual_seed(0)
    generator = build_network("fast_generator")
    state = generator.state_dict()
    alone = generator_painter(stored(tmp_path / "a.safetensors", "fast_generator", state), "cpu")
    whole = {f"generator.{key}": value for key, value in state.items()} | {"segmenter.weight": torch.zeros(2, 2)}
    inside = generator_painter(stored(tmp_path / "b.safetensors", "fast", whole), "cpu")
    assert alone(LABELS, PHOTO).shape == (33, 50, 3)
    np.testing.assert_array_equal(inside(LABELS, PHOTO), alone(LABELS, PHOTO))


def test_only_generators_paint(tmp_path):
    path = stored(tmp_path / "c.safetensors", "pspnet", {"x": torch.zeros(1)})
    with pytest.raises(WeightsError, match="of 'pspnet', which paints nothing; expected pix2pixhd_generator"):
        generator_painter(path, "cpu")
    with pytest.raises(WeightsError, match="unknown generator network 'fast_generato'; did you mean 'fast_generator'"):
        random_painter("fast_generato", "cpu")


def test_untrained_is_the_same_each_time():
    state = torch.get_rng_state()
    one, other = random_painter("fast_generator", "cpu"), random_painter("fast_generator", "cpu")
    np.testing.assert_array_equal(one(LABELS, PHOTO), other(LABELS, PHOTO))
    assert torch.equal(torch.get_rng_state(), state)


def test_the_fast_generator_paints_in_the_light_of_the_photograph():
    """Untrained, it paints the expected colours: of a photograph of one colour, that colour."""
    labels, photo = np.zeros((64, 96), np.uint8), np.full((64, 96, 3), (40, 90, 200), np.uint8)
    painted = random_painter("fast_generator", "cpu")(labels, photo)
    assert np.abs(painted.astype(int) - photo).max() <= 1


def test_the_fast_generator_paints_borders_where_the_labels_have_them():
    paint, away = random_painter("fast_generator", "cpu"), []
    for column in range(40, 56):
        labels = np.zeros((64, 96), np.uint8)
        labels[:, column:] = 10
        photo = np.repeat(np.where(labels == 10, 220, 20).astype(np.uint8)[..., None], 3, 2)
        row = paint(labels, photo)[32, :, 1].astype(float)
        dark, light = row[8:24].mean(), row[72:88].mean()
        away.append(((light - row) / (light - dark)).clip(0, 1).sum() - column)
    assert abs(np.mean(away)) < 0.75
