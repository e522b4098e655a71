"""Every runtime and precision of the shipped detector gives what eager float32 gives: its scores, and its AP."""

import numpy as np
import pytest
import torch

from unexpected_core import load_detector
from unexpected_core.datasets.drawn import drawn
from unexpected_core.metrics.pixel import PixelCounts
from unexpected_core.pipeline.precision import AGREES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # compiling takes minutes on a busy machine
EXACT = 1e-4
"""Greatest difference of scores in [0, 1] between runtimes in float32; in half precision AGREES, for 999 of 1000."""
POINTS = 0.2
"""Greatest difference of average precision, in points of 100."""
FRAMES, SIZE = 8, (256, 512)


@pytest.fixture(scope="module")
def frames():
    return list(drawn(split="obstacle", count=FRAMES, seed=1000, height=SIZE[0], width=SIZE[1]))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    pytest.importorskip("onnx", reason="pip install onnx")
    pytest.importorskip("onnxscript", reason="pip install onnxscript")
    from unexpected_core.export.onnx_file import export_onnx
    from unexpected_core.scorers import load_scorer

    file = tmp_path_factory.mktemp("exported") / "fast.onnx"
    export_onnx(load_scorer("fast"), file)
    return file


def scores_of(frames, path="fast", **options):
    detector = load_detector(path, warmup=False, **options)
    assert (detector.runtime, detector.precision) == (options["runtime"], options["precision"])
    return np.stack([detector.detect(frame.image, resynthesis=False).score for frame in frames])


def average_precision(frames, scores):
    counts = PixelCounts()
    for frame, score in zip(frames, scores, strict=True):
        counts.add(score, frame.obstacle)
    return 100 * counts.numbers().average_precision


@pytest.fixture(scope="module")
def expected(frames):
    scores = scores_of(frames, runtime="eager", precision="float32", device="cpu")
    assert average_precision(frames, scores) > 20  # so that there is something to differ in
    return scores


@pytest.mark.parametrize(
    ("runtime", "precision", "device"),
    [
        ("eager", "bfloat16", "cpu"),
        ("compile", "float32", "cpu"),
        ("compile", "bfloat16", "cpu"),
        ("onnx", "float32", "cpu"),
        ("openvino", "float32", "cpu"),
        ("openvino", "bfloat16", "cpu"),
        *(
            pytest.param(runtime, precision, "cuda", marks=pytest.mark.cuda)
            for runtime in ("eager", "compile", "cuda_graph")
            for precision in ("float32", "float16", "bfloat16")
        ),
    ],
)
def test_scores_and_average_precision_are_those_of_eager_float32(request, frames, expected, runtime, precision, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip(f"{runtime} in {precision} needs a GPU")
    path = "fast"
    if runtime in ("onnx", "openvino"):
        pytest.importorskip("onnxruntime" if runtime == "onnx" else runtime, reason=f"no {runtime}")
        path = request.getfixturevalue("exported")
    scores = scores_of(frames, path, runtime=runtime, precision=precision, device=device)
    difference = np.abs(scores - expected)
    if precision == "float32":
        assert difference.max() <= EXACT
    else:
        assert np.quantile(difference, 0.999) <= AGREES
    assert abs(average_precision(frames, scores) - average_precision(frames, expected)) <= POINTS
