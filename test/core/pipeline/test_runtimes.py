"""Which runtime and which numbers are taken, and why; streams, and what cannot run here."""

import logging
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import Tensor

from unexpected_core import devices, load_detector
from unexpected_core.devices import choose_precision
from unexpected_core.images import resize_image
from unexpected_core.pipeline import precision, torch_runner
from unexpected_core.pipeline.detector import Detector
from unexpected_core.pipeline.settings import DetectorSettings, ModelSettings
from unexpected_core.scorers import build_scorer, load_scorer
from unexpected_core.scorers.base import Scorer
from unexpected_core.structs import Scores


class Bright(Scorer):
    """Score = mean brightness; takes 20 ms of `clock` in float32, `gain` times less in bfloat16, off by `off`."""

    name, working_height, gain, off = "bright", 64, 3, 0.0
    clock = 0.0

    def forward(self, images: Tensor) -> Scores:
        half = torch.is_autocast_enabled("cpu")
        Bright.clock += 0.02 / self.gain if half else 0.02
        return Scores(images.float().mean(1) + half * self.off)


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return resize_image(coarse, (height, width))


@pytest.fixture
def with_bfloat16(monkeypatch):
    monkeypatch.setattr(devices, "native_bfloat16", lambda device: True)
    monkeypatch.setattr(precision, "thread_time", lambda: Bright.clock)  # so that a busy machine changes nothing


def choose(wanted: str, scorer: Scorer) -> tuple[str, str]:
    return choose_precision(wanted, torch.device("cpu"), lambda: precision.try_bfloat16(scorer))


def test_half_precision_is_taken_where_it_is_faster_and_equal(with_bfloat16):
    chosen, why = choose("auto", Bright())
    assert chosen == "bfloat16" and "is 3.0 times as fast, and differs by 0.00" in why


def test_half_precision_is_left_where_it_differs_or_does_not_pay(with_bfloat16):
    wrong, slow, broken = Bright(), Bright(), Bright()
    wrong.off, slow.gain = 0.1, 0.25
    broken.forward = lambda images: Scores(images[:, 7])
    speechless = Bright()

    def refuse(images):
        raise AssertionError

    speechless.forward = refuse
    assert choose("auto", speechless) == ("float32", "bfloat16 failed: AssertionError")
    chosen, why = choose("auto", wrong)
    assert chosen == "float32" and why.startswith("bfloat16 differs by 0.10")
    assert choose("auto", slow)[0] == "float32"
    chosen, why = choose("auto", broken)
    assert chosen == "float32" and why.startswith("bfloat16 failed: index 7")
    assert choose("bfloat16", wrong) == ("bfloat16", "as set")


@pytest.mark.parametrize(("gain", "turns"), [(3, 1), (0.25, 1), (1.2, 5)])
def test_the_trial_measures_again_only_where_the_answer_is_near(with_bfloat16, gain, turns):
    scorer = Bright()
    scorer.gain = gain
    Bright.clock = 0.0
    choose("auto", scorer)
    assert Bright.clock == pytest.approx((1 + turns) * (0.02 + 0.02 / gain)), "one turn compares, the others measure"


def test_scores_that_are_not_numbers_are_no_equal_ones(with_bfloat16):
    scorer = Bright()
    scorer.off = float("nan")
    assert choose("auto", scorer) == ("float32", "bfloat16 differs by nan")


def test_a_processor_without_bfloat16_and_methods_of_any_size_stay_in_float32(monkeypatch):
    monkeypatch.setattr(devices, "native_bfloat16", lambda device: False)
    assert choose("auto", Bright())[1] == "this processor has no instructions for bfloat16"
    anysize = Bright()
    anysize.working_height = None
    assert precision.try_bfloat16(anysize)[1] == "made for no size, so none to test bfloat16 at"


def test_the_trial_at_load_leaves_the_weights_alone(monkeypatch):
    monkeypatch.setattr(devices, "native_bfloat16", lambda device: True)
    scorer, threads = load_scorer("fast"), torch.get_num_threads()
    before = {key: value.clone() for key, value in scorer.state_dict().items()}
    choose("auto", scorer)
    assert all(torch.equal(value, before[key]) for key, value in scorer.state_dict().items())
    assert torch.get_num_threads() == threads


def test_bfloat16_scores_what_float32_scores():
    image = picture(96, 160)
    full = load_detector("fast", "cpu", runtime="eager", precision="float32", scale=0.3, warmup=False)
    half = load_detector("fast", "cpu", runtime="eager", precision="bfloat16", scale=0.3, warmup=False)
    assert full.description.startswith("cpu, float32, ") and half.description.startswith("cpu, bfloat16, ")
    difference = np.abs(full.detect(image).score - half.detect(image).score)
    assert difference.mean() < 5e-3 and np.quantile(difference, 0.99) < 2e-2


def test_what_cannot_run_here_is_said_and_something_else_runs(caplog, tmp_path):
    image = picture(40, 60)
    with caplog.at_level(logging.WARNING, "unexpected"):
        detector = load_detector("random", "cpu", runtime="onnx", warmup=False)
    assert "runtime=onnx: 'random' has no weight file; going on with torch" in caplog.text
    assert detector.runtime == "eager" and detector.detect(image).score.shape == (40, 60)
    with caplog.at_level(logging.WARNING, "unexpected"):
        detector = load_detector("random", "cpu", runtime="cuda_graph", warmup=False)
    assert "runtime=cuda_graph needs a GPU, this is cpu; going on with eager" in caplog.text
    assert detector.runtime == "eager"


def test_the_log_says_what_runs_and_why(caplog, monkeypatch):
    monkeypatch.setattr(devices, "native_bfloat16", lambda device: True)
    with caplog.at_level(logging.INFO, "unexpected"):
        load_detector("random", "cpu", warmup=False)
    assert "detector random on cpu, float32, " in caplog.text and ", eager (" in caplog.text
    assert "untrained networks agree with nothing)" in caplog.text


def test_a_stream_is_its_images_one_by_one():
    detector = load_detector("random", "cpu", warmup=False)
    images = [picture(60 + 3 * seed, 90, seed) for seed in range(5)]
    found = list(detector.detect_stream(images))
    assert len(found) == 5 and list(detector.detect_stream([])) == []
    for image, one in zip(images, found, strict=True):
        alone = detector.detect(image)
        np.testing.assert_array_equal(one.score, alone.score)
        assert one.regions == alone.regions and np.array_equal(one.mask, alone.mask)


def test_an_error_in_a_stream_reaches_the_reader():
    settings = DetectorSettings(model=ModelSettings(device="cpu", warmup=False))
    detector = Detector(build_scorer("random"), settings)
    stream = detector.detect_stream([picture(40, 60), "no image", picture(40, 60)])
    assert next(stream).score.shape == (40, 60), "what came before it is whole"
    with pytest.raises(ValueError, match="expected an RGB image"):
        next(stream)
    assert detector.detect(picture(40, 60)).score.shape == (40, 60)


def test_every_dtype_has_a_name():
    assert set(torch_runner.DTYPES) == set(ModelSettings.model_fields["precision"].annotation.__args__) - {"auto"}


class Sized(Bright):
    """Remembers the sizes it was asked for."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def forward(self, images: Tensor) -> Scores:
        self.sizes.append(tuple(images.shape[-2:]))
        return Scores(images.mean(1))


def test_warming_up_takes_a_small_image_where_sizes_need_no_preparing():
    model = ModelSettings(device="cpu", precision="float32")
    warm, cold = Sized(), Sized()
    warm.working_height = cold.working_height = 320
    Detector(warm, DetectorSettings(model=model))
    Detector(cold, DetectorSettings(model=model.model_copy(update={"warmup": False})))
    assert (warm.sizes, cold.sizes) == ([(64, 128)], [])


@pytest.mark.parametrize(
    ("given", "expected"), [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, "None")]
)
def test_threads_of_torch_wait_asleep_unless_told_otherwise(given, expected):
    """With torch's own setting a frame takes four times as long where other programs want the processors too."""
    code = "import os, unexpected_core; print(os.environ.get('GOMP_SPINCOUNT'))"
    kept = {key: value for key, value in os.environ.items() if key not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    done = subprocess.run([sys.executable, "-c", code], env=kept | given, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [expected]
