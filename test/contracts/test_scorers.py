"""One contract over every registered scorer: size, range, repeatability, batch independence, half precision."""

import copy

import pytest
import torch

from unexpected_core.pipeline.detector import Detector
from unexpected_core.pipeline.settings import DetectorSettings
from unexpected_core.scorers import SCORERS, UnknownScorer, build_scorer, load_scorer
from unexpected_core.scorers.base import Scorer, ScorerError


@pytest.fixture(scope="module", params=SCORERS)
def scorer(request) -> Scorer:
    entry = SCORERS[request.param]
    torch.manual_seed(0)
    base = build_scorer(entry.base, **SCORERS[entry.base].small) if entry.base else None
    return build_scorer(request.param, base, **entry.small).eval()


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    """Three smooth pictures, odd sides, H != W."""
    coarse = torch.rand(3, 3, 7, 9, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.interpolate(coarse, (61, 83), mode="bicubic").clamp(0, 1)


@torch.inference_mode()
def test_scores_have_the_images_size_and_documented_types(scorer, images):
    scores = scorer(images)
    assert scores.score.shape == (3, 61, 83)
    assert scores.score.is_floating_point() and scores.score.isfinite().all()
    if scores.labels is not None:
        assert scores.labels.shape == (3, 61, 83) and scores.labels.dtype == torch.uint8
    if scores.resynthesis is not None:
        assert scores.resynthesis.shape == (3, 3, 61, 83)
        assert scores.resynthesis.min() >= 0 and scores.resynthesis.max() <= 1


@torch.inference_mode()
def test_the_score_depends_on_the_image(scorer, images):
    score = scorer(images).score
    assert not torch.allclose(score[0], score[1])
    assert score[0].std() > 0


@torch.inference_mode()
def test_eval_is_repeatable_and_a_batch_is_its_images_one_by_one(scorer, images):
    together, again = scorer(images), scorer(images)
    assert torch.equal(together.score, again.score)
    alone = torch.cat([scorer(image[None]).score for image in images])
    torch.testing.assert_close(together.score, alone, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_half_precision_changes_little(scorer, images):
    image = images[:1, :, :33, :47]  # half precision is slow on CPUs
    full = scorer(image).score
    half = copy.deepcopy(scorer).half()(image.half()).score
    assert half.dtype == torch.float32 and half.isfinite().all()
    # Labels of untrained networks sit on the fence and may flip, with what depends on them: look at most pixels.
    assert (half - full).abs().median() < 0.02 * full.std() + 1e-3


def test_a_loaded_method_keeps_its_name_and_stands_on_the_same_networks():
    softmax = load_scorer("random", "softmax")
    assert (softmax.name, softmax.model_id, softmax.working_height) == ("softmax", "random/softmax", 128)
    whole = load_scorer("random")
    image = torch.rand(1, 3, 40, 56)
    assert torch.equal(softmax(image).labels, whole(image).labels)


def test_names_that_do_not_exist_are_refused_with_the_nearest_one():
    with pytest.raises(UnknownScorer, match="unknown scorer 'sofmax'; did you mean 'softmax'"):
        build_scorer("sofmax")


@pytest.mark.parametrize(("network", "method"), [("random", "fast"), ("fast", "random"), ("fast", "iccv2019")])
def test_a_method_with_networks_of_its_own_does_not_stand_on_others(network, method):
    """It would be built anew, untrained, and its scores would look like results."""
    with pytest.raises(
        UnknownScorer, match=f"'{method}' has networks of its own and cannot run on those of '{network}'"
    ):
        load_scorer(network, method)


def test_random_weights_are_known_as_such(scorer):
    """Those of this file all are; whoever shows scores may ask."""
    assert scorer.random_weights
    assert not load_scorer("fast", "softmax").random_weights
    assert Detector(build_scorer("fast"), DetectorSettings(model={"device": "cpu"})).model_id == "fast-random-weights"


def test_methods_say_what_they_need_of_the_networks():
    with pytest.raises(ScorerError, match=r"needs 'logit_statistics' on the card of random"):
        load_scorer("random", "standardized_max_logit")
    with pytest.raises(ScorerError, match="scorer 'image_difference' has no segmenter"):
        build_scorer("softmax", build_scorer("image_difference", build_scorer("random")))
    assert build_scorer("image_difference", build_scorer("fast")).multiple == build_scorer("fast").multiple > 1
    with pytest.raises(ScorerError, match="scorer 'softmax' has no direct head"):
        build_scorer("direct", build_scorer("softmax", build_scorer("random")))
    labels_only = build_scorer("softmax", build_scorer("random"))
    with pytest.raises(
        ScorerError, match="image_difference needs a scorer that resynthesises, such as 'fast'; 'softmax' does"
    ):
        build_scorer("image_difference", labels_only)(torch.rand(1, 3, 40, 56))
