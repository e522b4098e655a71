"""Examples for the `fast` networks: real or drawn frames, objects pasted in, then one camera's worth of changes."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from unexpected_core.datasets import Dataset
from unexpected_core.discrepancy_data.paste_things import Source
from unexpected_core.discrepancy_data.pastes import paste_objects, unaware
from unexpected_core.images import resize_image, resize_map
from unexpected_core.labels import IGNORE, TRAIN_ID
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.examples.augment import change_camera
from unexpected_core.training.examples.settings import ExampleSettings

ROAD = TRAIN_ID["road"]


class FastExamples:
    """image uint8 [3, h, w], labels uint8 [h, w] (pasted pixels 255), discrepancy uint8 [h, w] of one crop.

    photo uint8 [3, h, w]: the crop before its camera was changed; from changed ones the generator would learn grey.
    aspects: width / height that each data set's frames really had (0 = as stored). Sets with coarse = True have labels
    for few classes, so that 255 there does not mean 'unknown thing'.
    """

    def __init__(
        self,
        datasets: Sequence[Dataset],
        settings: ExampleSettings,
        aspects: Sequence[float],
        coarse: Sequence[bool],
        train: bool,
    ):
        self.datasets, self.settings, self.aspects, self.coarse, self.train = datasets, settings, aspects, coarse, train
        self.where = [(d, i) for d, dataset in enumerate(datasets) for i in range(len(dataset))]
        self.keys = [f"{datasets[d].name}/{datasets[d].keys[i]}" for d, i in self.where]

    def __len__(self) -> int:
        return len(self.where)

    def example(self, index: int, random: np.random.Generator) -> dict[str, np.ndarray]:
        """See Examples.example."""
        image, labels, discrepancy = self._frame(index)
        sources = [Source(*self._frame(int(random.integers(len(self))))[:2]) for _ in range(self.settings.sources)]
        pasted = paste_objects(image, labels, sources, random, self.settings.pastes)
        discrepancy = np.where(pasted.discrepancy == 1, 1, discrepancy).astype(np.uint8)
        labels = unaware(labels, pasted.discrepancy)
        image, labels, discrepancy = self._crop(pasted.image, labels, discrepancy, random)
        seen = change_camera(image, random) if self.train else image
        return {
            "image": np.ascontiguousarray(seen.transpose(2, 0, 1)),
            "labels": labels,
            "discrepancy": discrepancy,
            "photo": np.ascontiguousarray(image.transpose(2, 0, 1)),
        }

    def _frame(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """image, labels, and discrepancy: 1 = the data set's own obstacles, 0 = nothing unexpected, 255 = who knows."""
        d, i = self.where[index]
        sample = self.datasets[d][i]
        if sample.labels is None:
            raise TrainingError(
                f"'{self.keys[index]}' has no labels, and the detector learns from labels; use another "
                "data set or split"
            )
        height = int(np.clip(sample.image.shape[0], *self.settings.base_heights))
        aspect = self.aspects[d] or sample.image.shape[1] / sample.image.shape[0]
        size = height, round(height * aspect)
        labels = resize_map(sample.labels, size)
        nameless = labels == IGNORE
        unknown = np.zeros(size, bool) if self.coarse[d] else nameless & ~touches_border(nameless)
        discrepancy = np.where(unknown, IGNORE, 0)
        if sample.obstacle is not None:
            discrepancy[resize_map(sample.obstacle, size) == 1] = 1
        return resize_image(sample.image, size), labels, discrepancy

    def _crop(self, image, labels, discrepancy, random):
        """Zoom, stretch a little, cut, mirror: all three alike."""
        (h, w), (least, greatest) = self.settings.crop, self.settings.zoom
        zoom = np.exp(random.uniform(np.log(least), np.log(greatest))) if self.train else 1.0
        stretch = random.uniform(0.92, 1.08) if self.train else 1.0
        zoom *= self.settings.base_heights[0] / image.shape[0]
        height, width = max(h, round(image.shape[0] * zoom)), max(w, round(image.shape[1] * zoom * stretch))
        if height / image.shape[0] < width / image.shape[1] / 1.2:  # narrow frames keep their proportions
            height = round(image.shape[0] * width / image.shape[1])
        image, labels, discrepancy = (
            resize_image(image, (height, width)),
            resize_map(labels, (height, width)),
            resize_map(discrepancy, (height, width)),
        )
        y, x = int(random.integers(0, height - h + 1)), int(random.integers(0, width - w + 1))
        worth = np.flatnonzero((discrepancy == 1) | (labels == ROAD)) if random.random() < 0.7 else ()
        if len(worth):  # most crops should show road or an object, not roofs
            row, column = divmod(int(random.choice(worth)), width)
            y = int(np.clip(row - random.integers(0, h), 0, height - h))
            x = int(np.clip(column - random.integers(0, w), 0, width - w))
        mirror = -1 if self.train and random.random() < 0.5 else 1
        return tuple(values[y : y + h, x : x + w][:, ::mirror].copy() for values in (image, labels, discrepancy))


def touches_border(mask: np.ndarray) -> np.ndarray:
    """Parts of a bool mask [H, W] that reach the image's border (ego vehicle, rectification), bool [H, W]."""
    _, parts = cv2.connectedComponents(mask.astype(np.uint8))
    border = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    return mask & np.isin(parts, border[border > 0])
