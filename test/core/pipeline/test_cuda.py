"""On a GPU: every runtime gives what the processor gives. CPU twins: `test_device_frames`, `test_runtimes`."""

import logging
import threading

import cv2
import numpy as np
import pytest
import torch

from unexpected_core import load_detector
from unexpected_core.pipeline import cuda_runner
from unexpected_core.pipeline.runner import DetectorError

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
RUNTIMES = ("eager", "compile", "cuda_graph", "auto")


def picture(height: int = 512, width: int = 1024, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    image = np.where(np.arange(height)[:, None, None] < height // 2, (150, 170, 190), (90, 88, 86)).repeat(width, 1)
    for side in np.geomspace(height // 3, 6, 30).astype(int):
        y, x = random.integers(0, height - side), random.integers(0, width - side)
        image[y : y + side, x : x + side] = random.integers(0, 256, 3)
    return cv2.GaussianBlur(image.astype(np.uint8), (0, 0), 1.0)


@pytest.fixture(scope="module")
def reference():
    return load_detector("fast", "cpu", runtime="eager", precision="float32", warmup=False)


def often(detector, image, times=3, **options):
    """A graph is captured at the second image of a kind and replayed from the third on."""
    return [detector.detect(image, **options) for _ in range(times)][-1]


@pytest.mark.parametrize("runtime", ["eager", "cuda_graph"])
@pytest.mark.parametrize("size", [(512, 1024), (375, 1241), (1080, 1920)])
def test_float32_equals_the_processor(runtime, size, reference):
    detector = load_detector("fast", "cuda", runtime=runtime, precision="float32")
    image = picture(*size)
    found, expected = often(detector, image), reference.detect(image)
    difference = np.abs(found.score - expected.score)
    # a pixel in 1000 may differ more: OpenCV rounds the resized image its own way
    assert np.quantile(difference, 0.999) < 5e-3 and difference.mean() < 5e-4
    assert np.mean(found.labels != expected.labels) < 2e-3
    assert np.abs(found.resynthesis.astype(int) - expected.resynthesis).mean() < 0.5
    assert len(found.regions) == len(expected.regions)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_half_precision_is_close(runtime, reference):
    detector = load_detector("fast", "cuda", runtime=runtime)
    assert detector.description.split(", ")[-2] == "float16"
    for seed in range(3):
        image = picture(seed=seed)
        difference = np.abs(often(detector, image).score - reference.detect(image).score)
        assert np.quantile(difference, 0.999) < 2e-2 and difference.mean() < 2e-3


def test_the_working_sizes_scores_are_equal_within_1e_4(reference):
    """Without any resizing: what the networks themselves differ by."""
    image = picture(384, 768)
    for runtime in RUNTIMES:
        detector = load_detector("fast", "cuda", runtime=runtime, precision="float32")
        np.testing.assert_allclose(often(detector, image).score, reference.detect(image).score, atol=1e-4)


def test_a_graph_is_what_auto_takes_and_equals_eager():
    graph, eager = load_detector("fast", "cuda"), load_detector("fast", "cuda", runtime="eager")
    assert (graph.runtime, eager.runtime) == ("cuda_graph", "eager")
    for seed in range(4):
        image = picture(seed=seed)
        for painted in (True, False):
            one, other = often(graph, image, resynthesis=painted), eager.detect(image, resynthesis=painted)
            np.testing.assert_allclose(one.score, other.score, atol=2e-3)
            assert (one.resynthesis is None) == (not painted)


def test_two_sizes_by_turns_are_both_captured():
    detector = load_detector("fast", "cuda", runtime="cuda_graph", warmup=False)
    images = picture(375, 621), picture(512, 1024)
    for _ in range(2):
        for image in images:
            detector.detect(image)
    assert len(detector._runner._graphs) == 2


def test_a_graph_reads_nothing_that_was_freed():
    detector = load_detector("fast", "cuda", runtime="cuda_graph")
    image = picture(540, 960)
    expected = often(detector, image, 2).score
    cuda_runner.resize.cache_clear()
    rubbish = [torch.full((1 << n,), float("nan"), device="cuda") for n in range(10, 24) for _ in range(8)]
    np.testing.assert_allclose(detector.detect(image).score, expected, atol=2e-3)
    assert len(rubbish) == 112


def test_more_kinds_of_batches_than_graphs():
    detector = load_detector("fast", "cuda")
    sizes = [(256 + 32 * i, 512) for i in range(cuda_runner.MOST_GRAPHS + 2)]
    expected = [load_detector("fast", "cuda", runtime="eager").detect(picture(*size)).score for size in sizes]
    for _ in range(2):
        for size, right in zip(sizes, expected, strict=True):
            np.testing.assert_allclose(often(detector, picture(*size)).score, right, atol=2e-3)
    assert len(detector._runner._graphs) == cuda_runner.MOST_GRAPHS


def test_a_batch_is_its_images_one_by_one():
    detector = load_detector("fast", "cuda", precision="float32")
    images = [picture(seed=seed) for seed in range(3)]
    for _ in range(3):
        together = detector.detect_batch(images)
    for image, found in zip(images, together, strict=True):
        np.testing.assert_allclose(found.score, detector.detect(image).score, atol=1e-4)


def test_a_stream_is_its_images_one_by_one():
    detector = load_detector("fast", "cuda")
    images = [picture(seed=seed) for seed in range(6)]
    alone = [often(detector, image) for image in images]
    for one, other in zip(alone, detector.detect_stream(images), strict=True):
        np.testing.assert_array_equal(one.score, other.score)
        assert one.regions == other.regions


def test_threads_get_their_own_answers():
    detector = load_detector("fast", "cuda")
    images = [picture(seed=seed) for seed in range(4)]
    expected = [often(detector, image).score for image in images]
    answers = [[] for _ in images]
    threads = [
        threading.Thread(target=lambda i=i: answers[i].extend(detector.detect(images[i]).score for _ in range(5)))
        for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(
        len(found) == 5 and all(np.array_equal(score, right) for score in found)
        for found, right in zip(answers, expected, strict=True)
    )


def test_memory_does_not_grow():
    detector, image = load_detector("fast", "cuda"), picture()
    often(detector, image)
    before = torch.cuda.memory_allocated(), torch.cuda.memory_reserved()
    often(detector, image, times=300)
    assert (torch.cuda.memory_allocated(), torch.cuda.memory_reserved()) == before


def test_when_capture_fails_it_goes_on_without(monkeypatch, caplog):
    def broken(*_, **__):
        raise RuntimeError("operation not permitted when stream is capturing")

    detector, image = load_detector("fast", "cuda"), picture()
    monkeypatch.setattr(cuda_runner, "FrameGraph", broken)
    with caplog.at_level(logging.WARNING, "unexpected"):
        score = often(detector, image).score
    assert "the CUDA graph failed (operation not permitted" in caplog.text
    assert detector.runtime == "eager" and score.shape == image.shape[:2]


def test_exhausted_memory_costs_one_batch():
    detector, image = load_detector("fast", "cuda", scale=2.0), picture()
    with pytest.raises(DetectorError, match="ran out of memory scoring 2000 image"):
        detector.detect_batch([image] * 2000)
    assert detector.detect(image).score.shape == image.shape[:2]
