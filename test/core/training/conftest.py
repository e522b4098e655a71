"""Frames for the trainings of the `fast` family."""

import numpy as np
import pytest

from unexpected_core.images import write_image
from unexpected_core.labels import colorize


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    """Train and val frames 64x128: sky, road and a car, as a paired folder; and two with obstacles to judge on."""
    folder, random = tmp_path_factory.mktemp("roads"), np.random.default_rng(0)
    for i in range(6):
        labels = np.full((64, 128), 10, np.uint8)
        labels[24:] = 0
        labels[20:44, 8 * i : 8 * i + 36] = 13
        image = np.clip(colorize(labels) + random.normal(0, 10, (64, 128, 3)), 0, 255).astype(np.uint8)
        split = "train" if i < 4 else "val"
        write_image(folder / split / f"{i}.png", image)
        write_image(folder / split / f"{i}_trainIds.png", labels)
        if i < 2:
            obstacle = np.zeros((64, 128), np.uint8)
            obstacle[48:58, 60 + i : 90] = 1
            write_image(folder / "test/images" / f"{i}.png", np.where(obstacle[..., None] == 1, 255 - image, image))
            write_image(folder / "test/obstacle" / f"{i}.png", obstacle)
    return folder
