"""The pictures of one frame as the page shows them, drawn here so that the node need not. No ROS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from unexpected_core.labels import colorize
from unexpected_core.structs import Detection, Region
from unexpected_core.visualize import heat_map, overlay, scaled

WIDTH = 960
"""Most pixels across: what a browser shows side by side."""
QUALITY = 85
MAPS = ("mask", "labels")
"""Parts whose values must not be mixed when they are made smaller."""


def reduce(name: str, pixels: np.ndarray) -> np.ndarray:
    """Pixels uint8 [H, W, ...] at most WIDTH wide, in memory of their own (what comes in is a view of a message)."""
    height, width = pixels.shape[:2]
    if width <= WIDTH:
        return pixels.copy()
    way = cv2.INTER_NEAREST if name in MAPS else cv2.INTER_AREA
    return cv2.resize(pixels, (WIDTH, max(1, round(height * WIDTH / width))), interpolation=way)


def draw(parts: Mapping[str, np.ndarray], regions: Sequence[Region], size: tuple[int, int]) -> dict[str, np.ndarray]:
    """Pictures by name (uint8 RGB [h, w, 3] or grey [h, w]), without those whose parts are missing.

    parts: photo, mask, labels, resynthesis, score of `reduce`. regions: in pixels of an image of size (height, width).
    """
    views = {
        "overlay": lambda: _overlay(parts, regions, size),
        "photo": lambda: parts["photo"],
        "labels": lambda: colorize(parts["labels"]),
        "resynthesis": lambda: parts["resynthesis"],
        "score": lambda: heat_map(parts["score"]),
        "mask": lambda: parts["mask"],
    }
    needs = {"overlay": ("photo", "mask", "score")}
    return {name: view() for name, view in views.items() if all(part in parts for part in needs.get(name, (name,)))}


def _overlay(parts: Mapping[str, np.ndarray], regions: Sequence[Region], size: tuple[int, int]) -> np.ndarray:
    photo = parts["photo"]
    height, wide = photo.shape[:2]
    score, mask = (
        cv2.resize(parts[name], (wide, height), interpolation=cv2.INTER_NEAREST) for name in ("score", "mask")
    )
    shown = tuple(scaled(region, height / size[0], wide / size[1]) for region in regions)
    return overlay(photo, Detection(score, mask > 0, mask, None, shown))


def to_jpeg(picture: np.ndarray) -> bytes:
    """RGB uint8 [h, w, 3] or grey [h, w] -> JPEG."""
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def from_jpeg(data: bytes) -> np.ndarray:
    """JPEG -> RGB uint8 [h, w, 3]."""
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
