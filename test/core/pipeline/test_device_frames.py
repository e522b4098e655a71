"""What a GPU does to whole frames, done on the processor: the same program, the same answers."""

import cv2
import numpy as np
import pytest
import torch

from unexpected_core.images import resize_image, resize_map
from unexpected_core.pipeline.cuda_runner import Resize, resized, whole_frame
from unexpected_core.pipeline.resizing import nearest_indices, resize_weights, working_size
from unexpected_core.scorers import build_scorer
from unexpected_core.scorers.served import Served

CPU = torch.device("cpu")


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 11, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(
    ("size", "target"),
    [
        ((54, 96), (20, 35)),
        ((20, 35), (54, 96)),
        ((48, 96), (24, 48)),
        ((54, 60), (40, 96)),  # one axis shrinks, and one grows
        ((40, 96), (54, 35)),
    ],
)
def test_matrices_resize_as_opencv_does(size, target):
    axes = tuple(Resize(a, b, CPU) for a, b in zip(size, target, strict=True))
    image = picture(*size)
    ours = resized(torch.from_numpy(image)[None], axes)[0].numpy()
    np.testing.assert_allclose(ours, resize_image(image.astype(np.float32), target), atol=1e-2)
    np.testing.assert_allclose(ours, resize_image(image, target), atol=1.51)  # rounded for each axis
    labels = image[..., 0]
    assert np.array_equal(labels[axes[0].nearest][:, axes[1].nearest], resize_map(labels, target))


def test_weights_written_out():
    assert resize_weights(4, 2).tolist() == [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]
    assert resize_weights(2, 4).tolist() == [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]]
    np.testing.assert_allclose(resize_weights(3, 2), [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], atol=1e-6)
    np.testing.assert_allclose(resize_weights(1080, 384).sum(1), 1, atol=1e-5)
    assert nearest_indices(3, 6).tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("size", [(96, 160), (101, 203), (40, 300), (30, 40)])
@torch.inference_mode()
def test_a_whole_frame_on_a_device_is_what_the_processor_makes_of_it(size):
    torch.manual_seed(0)
    served = Served(build_scorer("fast").eval())
    images = np.stack([picture(*size, seed) for seed in (1, 2)])
    working = working_size(*size, 64)
    there = tuple(Resize(a, b, CPU) for a, b in zip(size, working, strict=True))
    back = tuple(Resize(a, b, CPU) for a, b in zip(working, size, strict=True))
    score, labels, painted = whole_frame(served, there, back, True, torch.from_numpy(images))
    small = torch.from_numpy(np.stack([resize_image(image, working) for image in images]))
    for i, (s, la, p) in enumerate(zip(*served(small), strict=True)):
        np.testing.assert_allclose(score[i], resize_image(s.numpy(), size), atol=2e-3)
        assert np.mean(labels[i].numpy() != resize_map(la.numpy(), size)) < 0.01
        assert np.abs(painted[i].numpy().astype(int) - resize_image(p.numpy(), size)).mean() < 1.5
    assert all(values.is_contiguous() for values in (score, labels, painted))
    assert score.shape == labels.shape == (2, *size) and painted.shape == (2, *size, 3)
    assert (score.dtype, labels.dtype, painted.dtype) == (torch.float32, torch.uint8, torch.uint8)
    assert whole_frame(served, there, back, False, torch.from_numpy(images))[2] is None
