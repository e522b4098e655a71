"""Where things stand and how tall they are: one camera over one flat ground.

A thing of h metres whose foot is r rows below the horizon is h / camera height * r rows tall.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unexpected_core.discrepancy_data.pasting.settings import PasteSettings
from unexpected_core.labels import TRAIN_ID

ROAD = TRAIN_ID["road"]
BESIDE = (TRAIN_ID["sidewalk"], TRAIN_ID["terrain"])


class View(NamedTuple):
    """What part of a frame an image is. horizon: its row in the image (may lie outside); rows: of the whole frame, in
    pixels of the image."""

    horizon: float
    rows: float


class Place(NamedTuple):
    """foot: row and column of the middle of the lower edge; rows: height in pixels; grounded: it stands there."""

    foot: tuple[int, int]
    rows: int
    grounded: bool


def horizon_share(labels: np.ndarray, default: float) -> float:
    """Labels uint8 [H, W] of a whole frame -> row of the horizon as a share of H: where the road begins, if that can
    be."""
    road = (labels[::2, ::4] == ROAD).mean(1) > 0.02
    top = float(np.argmax(road)) / len(road) if road.any() else default
    return top - 0.01 if 0.25 < top < 0.56 else default


def choose_place(labels: np.ndarray, view: View, rng: np.random.Generator, settings: PasteSettings) -> Place:
    """Labels uint8 [H, W] -> mostly on the road, seldom beside it, now and then anywhere and of any size."""
    kind = rng.random()
    if kind >= settings.anywhere:
        beside = kind < settings.anywhere + settings.beside
        foot = random_pixel(np.isin(labels, BESIDE) if beside else labels == ROAD, rng)
        if foot:
            metres = np.exp(rng.uniform(np.log(settings.smallest), np.log(settings.largest)))
            depth = max(foot[0] - view.horizon * (1 + rng.normal(0, 0.02)), 0.03 * view.rows)
            return Place(foot, _clip(metres / settings.camera_height * depth, len(labels)), True)
    height, width = labels.shape
    rows = _clip(height * np.exp(rng.uniform(np.log(0.08), np.log(0.95))), height)
    foot = int(rng.integers(height // 3, height + rows // 4)), int(rng.integers(0, width))
    return Place(foot, rows, bool(foot[0] > view.horizon))


def _clip(rows: float, height: int) -> int:
    return int(np.clip(rows, 4, 0.95 * height))


def random_pixel(mask: np.ndarray, rng: np.random.Generator) -> tuple[int, int] | None:
    """Mask bool [H, W] -> (row, column) in it, rows drawn evenly so that far places are met as often as near ones.

    None if the mask is empty."""
    rows = np.flatnonzero(mask.any(1))
    if not rows.size:
        return None
    row = int(rng.choice(rows))
    return row, int(rng.choice(np.flatnonzero(mask[row])))
