"""Label spaces: the Cityscapes classes, their ids and colours, and the mappings of other data sets onto them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

IGNORE = 255
NUM_CLASSES = 19
NUM_FULL_IDS = 35
"""One-hot channels of the paper's generator: Cityscapes full ids 0..34."""


class Label(NamedTuple):
    """One Cityscapes class: name, train id 0..18, full id 0..34, colour RGB 0..255."""

    name: str
    train_id: int
    full_id: int
    colour: tuple[int, int, int]


CITYSCAPES = (
    Label("road", 0, 7, (128, 64, 128)),
    Label("sidewalk", 1, 8, (244, 35, 232)),
    Label("building", 2, 11, (70, 70, 70)),
    Label("wall", 3, 12, (102, 102, 156)),
    Label("fence", 4, 13, (190, 153, 153)),
    Label("pole", 5, 17, (153, 153, 153)),
    Label("traffic light", 6, 19, (250, 170, 30)),
    Label("traffic sign", 7, 20, (220, 220, 0)),
    Label("vegetation", 8, 21, (107, 142, 35)),
    Label("terrain", 9, 22, (152, 251, 152)),
    Label("sky", 10, 23, (70, 130, 180)),
    Label("person", 11, 24, (220, 20, 60)),
    Label("rider", 12, 25, (255, 0, 0)),
    Label("car", 13, 26, (0, 0, 142)),
    Label("truck", 14, 27, (0, 0, 70)),
    Label("bus", 15, 28, (0, 60, 100)),
    Label("train", 16, 31, (0, 80, 100)),
    Label("motorcycle", 17, 32, (0, 0, 230)),
    Label("bicycle", 18, 33, (119, 11, 32)),
)
TRAIN_ID = {label.name: label.train_id for label in CITYSCAPES}
DRIVABLE = (TRAIN_ID["road"],)


def _table(pairs, default: int) -> np.ndarray:
    table = np.full(256, default, np.uint8)
    for source, target in pairs:
        table[source] = target
    table.setflags(write=False)
    return table


FULL_TO_TRAIN = _table(((c.full_id, c.train_id) for c in CITYSCAPES), IGNORE)
"""uint8 [256]: full id -> train id; everything that is not evaluated -> 255."""
TRAIN_TO_FULL = _table(((c.train_id, c.full_id) for c in CITYSCAPES), 0)
"""uint8 [256]: train id -> full id; everything else, 255 included, -> 0 'unlabeled'."""

PALETTE = np.zeros((256, 3), np.uint8)
"""RGB uint8 [256, 3] by train id; ignored ids are black."""
PALETTE[:NUM_CLASSES] = [c.colour for c in CITYSCAPES]
PALETTE.setflags(write=False)


def colorize(labels: np.ndarray) -> np.ndarray:
    """Train ids uint8 [H, W] -> RGB uint8 [H, W, 3]."""
    return np.take(PALETTE, labels, axis=0)


def map_labels(labels: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Apply a 256-entry id table to uint8 labels of any shape."""
    return np.take(table, labels)
