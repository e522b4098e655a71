"""Five small frames with obstacles, and a method that finds what is bright."""

import numpy as np
import pytest

from unexpected_core.datasets import open_dataset
from unexpected_core.evaluation.score import Answer, First, Method, write_scores
from unexpected_core.images import write_image

SIZE = (33, 57)


def write_frames(folder):
    """images, obstacle, labels of 5 frames; obstacles are bright, frame 0 has none."""
    rng = np.random.default_rng(0)
    for i in range(5):
        obstacle = np.zeros(SIZE, np.uint8)
        obstacle[:8] = 255
        if i:
            obstacle[10 + i : 16 + i, 5 * i : 5 * i + 9] = 1
        image = rng.integers(0, 90, (*SIZE, 3)).astype(np.uint8) + 60 * (obstacle == 1).astype(np.uint8)[..., None]
        write_image(folder / "images" / f"{i:02d}.png", image)
        write_image(folder / "obstacle" / f"{i:02d}.png", obstacle)
        write_image(folder / "labels" / f"{i:02d}.png", np.full(SIZE, i % 2, np.uint8))
    return folder


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    return write_frames(tmp_path_factory.mktemp("frames"))


@pytest.fixture
def own_root(tmp_path):
    """The same frames for a test that changes them."""
    return write_frames(tmp_path / "own_frames")


@pytest.fixture
def bright():
    return lambda image: Answer(image.mean(2, dtype=np.float32) / 255, np.zeros(image.shape[:2], np.uint8))


@pytest.fixture
def scored(bright):
    """(frames, folder of results, ...) -> which frames were asked for, and the scores. first: of so many frames."""

    def score(root, out, kind="float32", answer=bright, made_by=None, name="bright", first=5):
        asked = []

        def counted(image):
            asked.append(image)
            return answer(image)

        dataset = First(open_dataset("obstacle_folder", root), first)
        method = Method(name, counted, made_by or {"method": name, "version": "1"})
        source = write_scores(method, dataset, out / "scores", out / "labels", kind)
        images = {key: dataset[key].image for key in dataset.keys}
        return [next(key for key, image in images.items() if np.array_equal(image, each)) for each in asked], source

    return score
