"""The paper's methods, put together from narrow networks."""

import weakref

import numpy as np
import pytest
import torch
from torch import nn

from unexpected_core.config import SettingsError
from unexpected_core.images import ImageError
from unexpected_core.networks import NETWORKS, build_network
from unexpected_core.networks.one_hot import one_hot
from unexpected_core.networks.padding import Padding, crop_padding, pad_reflect, padding_to_multiple
from unexpected_core.networks.rbm import cover
from unexpected_core.pipeline.detector import load_detector
from unexpected_core.scorers import build_scorer, load_scorer
from unexpected_core.scorers.base import ScorerError
from unexpected_core.scorers.dropout import DropoutScorer
from unexpected_core.scorers.ensemble import EnsembleScorer
from unexpected_core.scorers.iccv2019 import Iccv2019Scorer
from unexpected_core.scorers.moments import mean_and_variance
from unexpected_core.scorers.rbm import RbmScorer, patch_scores
from unexpected_core.weights.cards import WeightsError


def narrow(name: str, **options) -> nn.Module:
    return build_network(name, **{**NETWORKS[name].small, **options}).eval()


def pictures(batch: int, height: int, width: int) -> torch.Tensor:
    coarse = torch.rand(batch, 3, 5, 7, generator=torch.Generator().manual_seed(3))
    return nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)


@pytest.mark.parametrize(
    ("size", "multiple", "padding"),
    [
        ((512, 1024), 32, (0, 0, 0, 0)),
        ((720, 1280), 16, (0, 0, 0, 0)),
        ((720, 1280), 32, (8, 8, 0, 0)),
        ((425, 560), 16, (3, 4, 0, 0)),
        ((425, 560), 32, (11, 12, 8, 8)),
    ],
)
def test_padding_is_that_of_the_original(size, multiple, padding):
    assert padding_to_multiple(size, multiple) == padding


def test_mirroring_equals_pytorchs_and_also_serves_labels_and_tiny_pictures():
    image = torch.rand(2, 3, 21, 35)
    padding = padding_to_multiple((21, 35), 16)
    top, bottom, left, right = padding
    expected = nn.functional.pad(image, (left, right, top, bottom), mode="reflect")
    assert torch.equal(pad_reflect(image, padding), expected)
    assert torch.equal(crop_padding(expected, padding), image)
    strip = torch.tensor([[[1, 2, 3]]], dtype=torch.uint8)
    assert pad_reflect(strip, Padding(0, 1, 4, 4)).tolist() == [[[1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3]] * 2]


def test_ignored_labels_light_no_channel():
    assert one_hot(torch.tensor([[[0, 2, 3, 255]]], dtype=torch.uint8), 3)[0, :, 0].tolist() == [
        [1, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 1, 0, 0],
    ]


def test_the_generator_speaks_full_ids_and_crops_to_the_labels():
    generator = narrow("pix2pixhd_generator")
    labels = torch.tensor([[[0, 13, 18, 255]]], dtype=torch.uint8)
    assert generator.one_hot(labels)[0].argmax(0).tolist() == [[7, 26, 33, 0]]
    labels = torch.randint(0, 19, (1, 57, 70), dtype=torch.uint8)
    whole = generator.model(generator.one_hot(labels))
    assert whole.shape == (1, 3, 64, 80)
    assert torch.equal(generator.forward_tanh(labels), whole[..., :57, :70])
    with pytest.raises(ImageError, match="at least 17x17 pixels, found 40x16"):
        generator(labels[:, :16, :40])


@pytest.mark.parametrize("resynthesis_input", ["normalised", "raw_tanh"])
@torch.inference_mode()
def test_the_full_method_is_its_three_networks_one_after_the_other(resynthesis_input):
    segmenter, generator = narrow("bayes_segnet"), narrow("pix2pixhd_generator")
    discrepancy = narrow("discrepancy_full")
    images = pictures(2, 45, 70)
    scores = Iccv2019Scorer(segmenter, generator, discrepancy, resynthesis_input)(images)
    labels = segmenter(images).argmax(1).byte()
    painted = generator.forward_tanh(labels)
    eight_bits = ((painted + 1) * 128).clamp(0, 255).to(torch.uint8)
    assert torch.equal(scores.labels, labels)
    assert torch.equal((scores.resynthesis * 255).round().to(torch.uint8), eight_bits)
    if resynthesis_input == "normalised":
        logits = discrepancy(images, eight_bits / 255, labels)
    else:
        logits = discrepancy.forward_normalised(discrepancy.normalise(images), painted, labels)
    torch.testing.assert_close(scores.score, logits.softmax(1)[:, 1])


def test_the_two_inputs_differ_and_a_third_is_refused():
    parts = [narrow("pspnet"), narrow("pix2pixhd_generator"), narrow("discrepancy_generator_only")]
    with torch.inference_mode():
        scores = [Iccv2019Scorer(*parts, kind)(pictures(1, 40, 60)).score for kind in ("normalised", "raw_tanh")]
    assert not torch.allclose(*scores)
    with pytest.raises(SettingsError, match=r"'resynthesis_input' = 'raw': Input should be 'normalised' or 'raw_tanh'"):
        build_scorer("iccv2019", random_weights=True, small=True, resynthesis_input="raw")


def test_labels_only_paints_nothing_and_its_padding_is_a_choice():
    torch.manual_seed(0)
    reflect = narrow("discrepancy_labels_only")
    road = narrow("discrepancy_labels_only", label_padding="road")
    road.load_state_dict(reflect.state_dict())
    scorer = Iccv2019Scorer(narrow("pspnet"), None, reflect, "normalised")
    images = pictures(1, 45, 70)
    assert scorer(images).resynthesis is None
    labels = torch.full((1, 45, 70), 10, dtype=torch.uint8)
    a, b = reflect(images, labels), road(images, labels)
    assert not torch.allclose(a[..., 0, :], b[..., 0, :])
    assert torch.allclose(
        reflect(images[..., :32, :64], labels[..., :32, :64]), road(images[..., :32, :64], labels[..., :32, :64])
    )  # multiples of 16 are not padded


def test_half_precision_does_not_overflow_the_correlation():
    torch.manual_seed(0)
    network = narrow("discrepancy_full")
    with torch.no_grad():
        for weight in network.vgg_extractor.parameters():
            weight.mul_(4)
    images, labels = pictures(1, 32, 48), torch.zeros(1, 32, 48, dtype=torch.uint8)
    features = network.vgg_extractor(network.normalise(images))
    assert max(level.square().sum(1).max() for level in features) > 65504  # the end of float16
    exact = network(images, images, labels)
    with torch.autocast("cpu", torch.float16):  # as trainings with loop.precision=16-mixed
        assert torch.equal(network(images, images, labels), exact)
    half = network.half()(images.half(), images.half(), labels).float()
    assert half.isfinite().all() and (half - exact).abs().max() < 0.05 * exact.abs().max()


def test_running_moments_equal_the_stacked_ones_and_hold_one_sample_at_a_time():
    alive, most = [], 0

    def samples():
        nonlocal most
        generator = torch.Generator().manual_seed(0)
        for _ in range(16):
            sample = torch.rand(2, 19, 5, 7, generator=generator).softmax(1)
            alive.append(weakref.ref(sample))
            most = max(most, sum(reference() is not None for reference in alive))
            yield sample

    mean, variance = mean_and_variance(samples())
    stacked = torch.stack(list(samples()))
    assert (mean - stacked.mean(0)).abs().max() < 1e-6
    assert (variance - stacked.var(0)).abs().max() < 1e-6
    most = 0
    alive.clear()
    mean_and_variance(samples())
    assert most <= 3


@torch.inference_mode()
def test_dropout_is_the_summed_variance_of_thinned_networks():
    segmenter = narrow("bayes_segnet")
    images = pictures(2, 40, 72)
    scores = DropoutScorer(segmenter, samples=4, seed=7)(images)
    thinned = list(segmenter.draw_masks(4, seed=7))
    assert all(set(mask.tolist()) <= {0.0, 2.0} for masks in thinned for mask in masks)
    stacked = torch.stack([segmenter(images, masks).softmax(1) for masks in thinned])
    assert (scores.score - stacked.var(0).sum(1)).abs().max() < 1e-6
    assert torch.equal(scores.labels, stacked.mean(0).argmax(1).byte())
    assert scores.score.max() > 0
    assert not torch.equal(scores.score, DropoutScorer(segmenter, samples=4, seed=8)(images).score)


class Certain(nn.Module):
    """Sure of one class everywhere."""

    def __init__(self, label: int):
        super().__init__()
        self.label = label

    def forward(self, images):
        logits = torch.full((images.shape[0], 19, *images.shape[-2:]), -100.0)
        logits[:, self.label] = 100.0
        return logits


def test_an_ensemble_that_fully_disagrees_scores_one_and_one_that_agrees_zero():
    images = pictures(1, 4, 6)
    torch.testing.assert_close(EnsembleScorer([Certain(i) for i in range(5)])(images).score, torch.ones(1, 4, 6))
    scores = EnsembleScorer([Certain(7)] * 5)(images)
    assert scores.score.abs().max() == 0 and (scores.labels == 7).all()
    with pytest.raises(ScorerError, match=r"two members or more, found 1: expected the folders 0121_PSPEns_BDD_00"):
        EnsembleScorer([Certain(0)])


def test_rbm_scores_compare_with_the_mean_of_the_image_or_of_the_batch():
    error = torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    torch.testing.assert_close(patch_scores(error, per_image=True), torch.tensor([[0, 0, 1 / 3]] * 2))
    torch.testing.assert_close(patch_scores(error, per_image=False), torch.tensor([[0, 0, 0], [0, 0.45, 1 - 11 / 30]]))


def test_rbm_covers_the_last_columns_and_compat_does_not():
    torch.manual_seed(0)
    autoencoder, images = narrow("rbm"), pictures(2, 26, 40)  # 26 = 8 + 3 * 6 fits; 40 = 8 + 5 * 6 + 2 does not
    images[..., 36:] = torch.rand(2, 3, 26, 4)
    assert cover((26, 40)) == (0, 0, 0, 4)
    ours, original = RbmScorer(autoencoder)(images), RbmScorer(autoencoder, compat=True)(images)
    assert (original.score[..., 38:] == 0).all() and (original.resynthesis[..., 38:] == 0).all()
    assert (ours.score[..., 38:] > 0).any() and (ours.resynthesis[..., 38:] > 0).all()
    alone = [RbmScorer(autoencoder, compat=compat)(images[:1]).score for compat in (False, True)]
    torch.testing.assert_close(alone[0], ours.score[:1])
    assert not torch.allclose(alone[1], original.score[:1])


def test_random_weights_write_across_their_results_that_they_mean_nothing():
    scorer = build_scorer("iccv2019", random_weights=True, small=True, segmenter="bayes_segnet")
    assert scorer.model_id == "iccv2019-0120-0405-0521-random-weights"
    a, b = (scorer(pictures(2, 60, 90)[i : i + 1]) for i in range(2))
    letters = (a.score == 1) & (b.score == 1)
    assert 0.02 < letters.float().mean() < 0.5
    assert (a.resynthesis[:, :, letters[0]] == 1).all()
    labels_only = build_scorer("iccv2019_labels_only", random_weights=True, small=True, compat=True)
    assert labels_only.scorer.discrepancy.label_padding == "road"
    assert build_scorer("rbm", random_weights=True, compat=True).scorer.compat
    assert load_scorer("fast", random_weights=True).model_id == "random"


def test_reduced_networks_run_as_a_detector_on_the_segmenter_of_another(tmp_path):
    """As two trainings of different widths leave them; the segmenter ends at a quarter of the size."""
    parts = {
        "0405_reduced": build_network("pix2pixhd_generator", width=6),
        "0521_reduced": build_network("discrepancy_full", width=10),
    }
    for folder, network in parts.items():
        (tmp_path / folder).mkdir()
        torch.save({"weights": network.state_dict()}, tmp_path / folder / "chk_best.pth")
    scorer = load_scorer("iccv2019", weights=str(tmp_path), segmenter="nano")
    images, nano = pictures(2, 45, 70), load_scorer("nano")
    assert scorer.model_id == f"iccv2019-{nano.model_id}-0405-0521"
    with torch.inference_mode():
        scores, labels = scorer(images), load_scorer("nano", method="softmax")(images).labels
        assert torch.equal(scores.labels, labels) and len(labels.unique()) > 1
        parted = Iccv2019Scorer(Labelled(labels), *(part.eval() for part in parts.values()), "normalised")(images)
    assert torch.equal(scores.score, parted.score) and torch.equal(scores.resynthesis, parted.resynthesis)
    for name, fault in {
        "nan": "unknown detector 'nan'; did you mean 'nano'",
        "random": "'random' has no weight file",
        "rbm": "unknown detector 'rbm'; known: fast, nano",
    }.items():
        with pytest.raises(WeightsError, match=f"segmenter: expected pspnet, bayes_segnet, or a detector's: {fault}"):
            load_scorer("iccv2019", weights=str(tmp_path), segmenter=name)


class Labelled(nn.Module):
    """Logits of labels that are known."""

    def __init__(self, labels: torch.Tensor):
        super().__init__()
        self.labels = labels

    def forward(self, images):
        return one_hot(self.labels, 19)


def test_the_detector_runs_a_method_of_the_paper_by_name():
    detector = load_detector("rbm", device="cpu", random_weights=True)
    detection = detector.detect(np.random.default_rng(0).integers(0, 256, (70, 110, 3), dtype=np.uint8))
    assert detector.model_id == "rbm-0525-random-weights"
    assert detection.score.shape == (70, 110) and detection.resynthesis.shape == (70, 110, 3)
    with pytest.raises(
        WeightsError, match=r"segmenter: expected pspnet, bayes_segnet, or a detector's: unknown detector 'fcn'"
    ):
        load_detector("iccv2019", random_weights=True, segmenter="fcn")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iccv2019", "iccv2019_labels_only", "iccv2019_generator_only"])
@torch.inference_mode()
def test_the_published_size_runs(name):
    scores = build_scorer(name, random_weights=True).eval()(pictures(1, 64, 96))
    assert scores.score.shape == (1, 64, 96) and scores.score.isfinite().all()
