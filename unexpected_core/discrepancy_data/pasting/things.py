"""What a pasted thing looks like: a cut-out, a thing that the data set itself calls unexpected, or a drawn shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.discrepancy_data.pasting.cutouts import CutOuts
from unexpected_core.discrepancy_data.pasting.settings import PasteSettings
from unexpected_core.discrepancy_data.pasting.shapes import silhouette
from unexpected_core.discrepancy_data.pasting.textures import borrowed_texture, drawn_texture

WIDEST = 4.0
"""Greatest width of a thing in its heights."""
BEAMS = 0.08
"""Share of drawn shapes that are wider than that: beams, fallen trees."""
LONGEST = 1024
"""Greatest width of a drawn shape in pixels."""
FAINT = 1 / 16
"""Less alpha than this says nothing of a colour that was multiplied by it."""


class Lender(NamedTuple):
    """A frame that lends known things, textures and obstacles: image uint8 [H, W, 3], labels uint8 [H, W].

    aspect: width / height that it really had (0 = as stored); obstacle: uint8 [H, W], 1 on unexpected things, or None.
    """

    image: np.ndarray
    labels: np.ndarray
    aspect: float = 0.0
    obstacle: np.ndarray | None = None


class Thing(NamedTuple):
    """texture float32 RGB [h, w, 3], 0..255, also where nothing shows; alpha float32 [h, w], 0..1."""

    texture: np.ndarray
    alpha: np.ndarray


def any_thing(
    rows: int, cut_outs: CutOuts, lenders: Sequence[Lender], rng: np.random.Generator, settings: PasteSettings
) -> Thing:
    """A thing `rows` high, of the kinds and in the shares that the settings ask for."""
    thing = None
    if rng.random() < settings.cut_outs:
        if len(cut_outs):
            thing = photographed(cut_outs.choose(rng), rows, rng)
        elif lenders:
            thing = cut_obstacle(lenders[rng.integers(len(lenders))], rows, rng)
    if thing is None:
        return synthetic(rows, lenders, rng, settings.borrowed)
    if rng.random() < settings.repainted:
        return thing._replace(texture=drawn_texture(*thing.alpha.shape, rng))
    return thing


def photographed(cut_out: np.ndarray, rows: int, rng: np.random.Generator) -> Thing:
    """A cut-out, RGBA uint8 [h, w, 4], `rows` high: mirrored, squeezed, seldom fallen over, its colours paler or
    not."""
    if rng.random() < 0.1:
        cut_out = np.rot90(cut_out, int(rng.integers(1, 4)))
    size = _size(rows, cut_out.shape, rng)
    cut_out = np.ascontiguousarray(cut_out[:, :: int(rng.choice((-1, 1)))])
    shrinks = rows < cut_out.shape[0]
    values = cv2.resize(cut_out, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    values = values.astype(np.float32)
    alpha = values[..., 3] / 255
    texture = beyond_outline(values[..., :3] / np.maximum(alpha, FAINT)[..., None], alpha)
    if rng.random() < 0.3:
        grey = texture.mean(2, keepdims=True)
        texture = grey + (texture - grey) * np.float32(rng.uniform(0, 0.8))
    return Thing(texture, alpha)


def beyond_outline(texture: np.ndarray, alpha: np.ndarray, shown: float = FAINT) -> np.ndarray:
    """Texture float32 [h, w, 3], 0..255, where alpha [h, w] in [0, 1] is below `shown` with the colour of the nearest
    pixel where it is not.

    Outlines are softened and textures blurred across them: what lay there would become a rim, a mark of pasted things.
    """
    faint = (alpha < shown).astype(np.uint8)
    if faint.all():
        return texture
    _, nearest = cv2.distanceTransformWithLabels(faint, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((nearest.max() + 1, 3), np.float32)
    shows = faint == 0
    colours[nearest[shows]] = texture[shows]
    return colours[nearest]


def cut_obstacle(lender: Lender, rows: int, rng: np.random.Generator) -> Thing | None:
    """One of the frame's own unexpected things, `rows` high; None if it has none that is whole."""
    if lender.obstacle is None:
        return None
    _, parts, stats, _ = cv2.connectedComponentsWithStats((lender.obstacle == 1).astype(np.uint8))
    x, y, w, h, area = stats.T
    inside = (x > 0) & (y > 0) & (x + w < parts.shape[1]) & (y + h < parts.shape[0])  # not cut off by the border
    whole = np.flatnonzero(inside & (area > 60))
    if not whole.size:
        return None
    chosen = int(rng.choice(whole))
    window = np.s_[y[chosen] : y[chosen] + h[chosen], x[chosen] : x[chosen] + w[chosen]]
    shows = (parts[window] == chosen).astype(np.uint8)
    cut_out = np.dstack([lender.image[window] * shows[..., None], shows * 255])
    height, width = lender.obstacle.shape
    columns = max(1, round(w[chosen] * (lender.aspect or width / height) * height / width))  # as wide as it really was
    if columns != w[chosen]:
        cut_out = cv2.resize(cut_out, (columns, int(h[chosen])), interpolation=cv2.INTER_LINEAR)
    return photographed(cut_out, rows, rng)


def synthetic(rows: int, lenders: Sequence[Lender], rng: np.random.Generator, borrowed: float) -> Thing:
    """A drawn shape, `rows` high, with a drawn texture, or (in a share of `borrowed`) with ground of another frame."""
    wide = rng.uniform(WIDEST, 3 * WIDEST) if rng.random() < BEAMS else min(np.exp(rng.normal(0.1, 0.45)), WIDEST)
    columns = int(np.clip(rows * wide, 3, LONGEST))
    texture = None
    if lenders and rng.random() < borrowed:
        lender = lenders[rng.integers(len(lenders))]
        texture = borrowed_texture(lender.image, lender.labels, rows, columns, rng)
    if texture is None:
        texture = drawn_texture(rows, columns, rng)
    return Thing(texture, silhouette(rows, columns, rng))


def _size(rows: int, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[int, int]:
    """Width, height of a thing of this shape at this height, a little squeezed or stretched."""
    columns = round(rows * shape[1] / shape[0] * np.exp(rng.normal(0, 0.12)))
    return int(np.clip(columns, 3, WIDEST * rows)), rows
