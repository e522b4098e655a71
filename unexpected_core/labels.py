"""Label spaces: the Cityscapes classes, their ids and colours, and the mappings of other data sets onto them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import cv2
import numpy as np

IGNORE = 255
NUM_CLASSES = 19
NUM_FULL_IDS = 35
"""One-hot channels of the paper's generator: Cityscapes full ids 0..34."""
LabelKind = Literal["train", "full"]
"""Cityscapes' train ids 0..18, which any data set can have, or its full ids 0..34, which its own frames have."""


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


def _table(pairs: Iterable[tuple[int, int]], default: int) -> np.ndarray:
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
    """Train ids uint8 [..., H, W] -> RGB uint8 [..., H, W, 3]."""
    rows = labels.reshape(-1, labels.shape[-1])
    colours = cv2.applyColorMap(rows, PALETTE[:, None])  # a tenth of the time of np.take
    return colours.reshape(*labels.shape, 3)


def map_labels(labels: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Labels uint8 of any shape -> table[labels]; table: uint8 [256]."""
    return np.take(table, labels)


UNKNOWN = 254
"""What a foreign table answers for an id its label space does not have; readers refuse such maps."""

TRAIN_IDS = _table(((i, i) for i in (*range(NUM_CLASSES), IGNORE)), UNKNOWN)
"""uint8 [256]: maps that already hold train ids (BDD100K): 0..18 and 255 stay, the rest is unknown."""
FULL_IDS = _table(((i, FULL_TO_TRAIN[i]) for i in (*range(NUM_FULL_IDS - 1), IGNORE)), UNKNOWN)
"""uint8 [256]: Cityscapes full ids -> train ids, refusing ids over 33 (255 = the licence plate's -1)."""
OUTSIDE_ROI = _table(((i, IGNORE) for i in (1, 2, 3)), 0)
"""uint8 [256]: full ids -> obstacle: 255 on ego vehicle, rectification border and out of roi, 0 elsewhere."""

_CAMVID = (
    "sky",
    "building",
    "pole",
    "road",
    "sidewalk",
    "vegetation",
    "traffic sign",
    "fence",
    "car",
    "person",
    "rider",
)
CAMVID = _table((*((i, TRAIN_ID[name]) for i, name in enumerate(_CAMVID)), (11, IGNORE), (IGNORE, IGNORE)), UNKNOWN)
"""uint8 [256]: CamVid's 11 classes (+ 11 void) -> train ids. 'sign' holds traffic lights, 'car' every motor vehicle,
'bicyclist' the rider with the bicycle."""

IDD_LITE_GROUPS = (
    ("drivable", ("road",)),
    ("non-drivable", ("sidewalk", "terrain")),
    ("living thing", ("person", "rider")),
    ("vehicle", ("car", "truck", "bus", "train", "motorcycle", "bicycle")),
    ("roadside object", ("wall", "fence", "pole", "traffic light", "traffic sign")),
    ("far object", ("building", "vegetation")),
    ("sky", ("sky",)),
)
"""IDD-Lite's 7 ids, each with the Cityscapes classes it may be."""
IDD_LITE = _table(
    (
        *((i, TRAIN_ID[names[0]] if len(names) == 1 else IGNORE) for i, (_, names) in enumerate(IDD_LITE_GROUPS)),
        (IGNORE, IGNORE),
    ),
    UNKNOWN,
)
"""uint8 [256]: IDD-Lite ids -> train ids where the group is one class (road, sky), 255 where it mixes several."""

NYU_CLASSES = 40
NYU = _table((*((i, i - 1) for i in range(1, NYU_CLASSES + 1)), (0, IGNORE)), UNKNOWN)
"""uint8 [256]: NYU Depth v2's 40 classes -> network classes 0..39 (label - 1), 0 -> 255; not Cityscapes' classes."""

ROAD_ANOMALY = _table(((i, int(i >= 2)) for i in range(IGNORE)), IGNORE)
"""uint8 [256]: Road Anomaly's semantic ids -> obstacle: 2 and more is the anomaly; all of the image is evaluated."""
FLAT_ANOMALY = _table(((0, 0), (1, 1), (2, 1), (IGNORE, IGNORE)), UNKNOWN)
"""uint8 [256]: re-packed Road Anomaly masks, which code the anomaly as 1 or as the original's 2."""
LOST_AND_FOUND_ROAD = _table(((i, 0 if i == 1 else 1) for i in range(1, 201)), IGNORE)
"""uint8 [256]: Lost and Found ids -> obstacle on the road: 1 free road, 2..200 obstacle, background not evaluated."""
LOST_AND_FOUND_IMAGE = _table(((i, int(2 <= i <= 200)) for i in range(256)), 0)
"""uint8 [256]: Lost and Found ids -> obstacle anywhere in the image, as the paper evaluates (ROI comes from a file)."""
OBSTACLE = _table(((0, 0), (1, 1), (IGNORE, IGNORE)), UNKNOWN)
"""uint8 [256]: masks already coded 0 normal, 1 obstacle, 255 not evaluated; the rest is unknown."""
