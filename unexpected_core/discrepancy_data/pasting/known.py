"""Known things of other frames, pasted as what they are: what is pasted is not unexpected by that alone.

A thing moves along the ground it stood on: `scale` times as near, it stands `scale` times as far below the horizon
(or hangs as far above it) and is as much larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.discrepancy_data.pasting.blend import mix, overlap
from unexpected_core.discrepancy_data.pasting.light import as_sharp, contact_shadow, lit
from unexpected_core.discrepancy_data.pasting.place import BESIDE, ROAD, View, horizon_share
from unexpected_core.discrepancy_data.pasting.things import Lender, Thing, beyond_outline
from unexpected_core.images import resize_image, resize_map
from unexpected_core.labels import TRAIN_ID

GROUPS = tuple(
    tuple(TRAIN_ID[name] for name in group.split(", "))
    for group in (
        "car",
        "car",
        "truck",
        "bus",
        "person",
        "rider, bicycle, motorcycle",
        "traffic sign, traffic light",
    )
)
"""Classes whose pixels make one thing together, as often as they are chosen; a rider keeps the bicycle."""
HANGING = GROUPS[-1]
LARGE = GROUPS[2], GROUPS[3], HANGING
"""Lorries, buses and signs have straight sides."""
LOWEST = 0.6
"""Least height of a known thing in heights of the camera; what is lower is a part of one."""
WHOLLY = 0.95
"""What shows less than this holds the lender's background."""
SHADOWS = 0.6
"""Share of known things on the ground that throw a contact shadow, as unexpected ones do."""
WIDEST = 3.0
"""Greatest width of a known thing in its heights."""


class Piece(NamedTuple):
    """A known thing of a lender: its box (rows, columns) there, its shape bool [h, w], and whether it hangs."""

    window: tuple[slice, slice]
    shape: np.ndarray
    hangs: bool


def find_piece(
    labels: np.ndarray, rng: np.random.Generator, groups: Sequence = GROUPS, squeezed: float = 1.0
) -> Piece | None:
    """A whole thing of one group, large and solid enough to be cut by its labels; None if the frame has none.

    labels: uint8 [H, W]. squeezed: how much wider the frame really is than it is stored. Things wider than a bus are
    several, one behind the other.
    """
    for group in rng.permutation(len(groups))[:3]:
        mask = np.isin(labels, groups[group]).astype(np.uint8)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
        fit = np.flatnonzero(_whole(stats, labels.shape, squeezed))
        for n in rng.permutation(fit)[:3]:
            x, y, w, h = (int(v) for v in stats[n, :4])
            shape = parts[y : y + h, x : x + w] == n
            if groups[group] in LARGE or not _sliced(shape):
                return Piece((slice(y, y + h), slice(x, x + w)), shape, groups[group] == HANGING)
    return None


def _whole(stats: np.ndarray, size: tuple[int, int], squeezed: float) -> np.ndarray:
    """Which components (rows of OpenCV's statistics) are solid, of a possible size, and clear of the border."""
    x, y, w, h, area = stats.T
    pixels, rim = size[0] * size[1], 0.02 * np.array(size)
    solid = (area > max(30, pixels / 1600)) & (area < pixels / 6) & (area > 0.5 * w * h) & (w * squeezed < WIDEST * h)
    inside = (x > rim[1]) & (y > rim[0]) & (x + w < size[1] - rim[1]) & (y + h < size[0] - rim[0])
    return solid & inside & (np.arange(len(stats)) > 0)


def _sliced(shape: np.ndarray) -> bool:
    """Whether a thing has a straight upright side, as if a pole stood before it. shape bool [h, w]."""
    return bool(max(shape[:, 0].mean(), shape[:, -1].mean()) > 0.6)


def paste_known(
    image: np.ndarray,
    labels: np.ndarray,
    lender: Lender,
    view: View,
    blur: tuple[float, float],
    rng: np.random.Generator,
    scales: tuple[float, float],
    horizon: float,
) -> np.ndarray:
    """Put one known thing of the lender where it could be, with its labels; returns where it lies, bool [H, W].

    Changes image RGB uint8 [H, W, 3] and labels uint8 [H, W] in place.

    blur: of the image (see edge_blur); horizon: where the lender shows none, as a share of its height.
    """
    laid = np.zeros(labels.shape, bool)
    lender = _coarse(lender)
    height, width = lender.labels.shape
    squeezed = (lender.aspect or width / height) * height / width
    piece = find_piece(lender.labels, rng, squeezed=squeezed)
    if piece is None:
        return laid
    scale = np.exp(rng.uniform(*np.log(scales)))
    pixel = view.rows * scale / height  # rows of the image for a row of the lender
    depth = piece.window[0].stop - horizon_share(lender.labels, horizon) * height
    size = _size(piece, depth, pixel, squeezed)
    if size is None or size[0] > image.shape[0]:
        return laid
    foot = round(view.horizon + depth * pixel)
    top, left = foot - size[0], _column(labels, foot, size[1], piece.hangs, rng)
    placed = overlap(top, left, size, labels.shape)
    if placed is None:
        return laid
    thing, names = _cut(lender, piece, size, int(rng.choice((-1, 1))))
    if rng.random() < 0.4:
        thing = _respray(thing, rng)
    thing = as_sharp(lit(thing, image[placed[0]], rng, camouflage=False, shaded=False), blur, rng)
    if not piece.hangs and rng.random() < SHADOWS:
        contact_shadow(image, (foot, left + size[1] // 2), size, rng)
    rim = (len(thing.alpha) - size[0]) // 2
    window, part = overlap(top - rim, left - rim, thing.alpha.shape, labels.shape)
    names = np.pad(names, rim, mode="edge")
    mix(image, window, thing.alpha[part], thing.texture[part])
    laid[window] = thing.alpha[part] > 0.5
    np.copyto(labels[window], names[part], where=laid[window])
    return laid


def _size(piece: Piece, depth: float, pixel: float, squeezed: float) -> tuple[int, int] | None:
    """(height, width) in the image; None where it is only a part of a thing, or too small. depth: rows of the lender
    from the horizon down to its foot; pixel: rows of the image for one of them."""
    rows, columns = (side.stop - side.start for side in piece.window)
    size = round(rows * pixel), round(columns * pixel * squeezed)
    is_part = not piece.hangs and rows < LOWEST * depth
    return None if is_part or min(size) < 4 else size


def _coarse(lender: Lender) -> Lender:
    """At most 512 rows: enough to be pasted, and quick to search."""
    rows = lender.labels.shape[0]
    if rows <= 512:
        return lender
    step = -(-rows // 512)
    size = rows // step, lender.labels.shape[1] // step
    return lender._replace(image=resize_image(lender.image, size), labels=resize_map(lender.labels, size))


def _column(labels: np.ndarray, foot: int, columns: int, hangs: bool, rng: np.random.Generator) -> int:
    """Left column: with the middle over ground where the thing needs some and the row has any."""
    middle = int(rng.integers(0, labels.shape[1]))
    if not hangs and 0 <= foot < len(labels):
        ground = np.flatnonzero(np.isin(labels[foot], (ROAD, *BESIDE)))
        middle = int(rng.choice(ground)) if ground.size else middle
    return middle - columns // 2


def _cut(lender: Lender, piece: Piece, size: tuple[int, int], mirror: int) -> tuple[Thing, np.ndarray]:
    """The piece at a size (height, width), its ragged rim taken off, and its labels uint8 [h, w]."""
    shape = cv2.medianBlur(np.pad(piece.shape.astype(np.uint8), 1), 3)
    shape = cv2.erode(shape, np.ones((2, 2), np.uint8), borderType=cv2.BORDER_CONSTANT)[1:-1, 1:-1]
    names = lender.labels[piece.window]
    names = np.where(piece.shape, names, np.uint8(np.bincount(names[piece.shape]).argmax()))  # specks and rim, too
    texture, shape, names = (
        np.ascontiguousarray(values[:, ::mirror]) for values in (lender.image[piece.window], shape, names)
    )
    how = cv2.INTER_AREA if size[0] < len(shape) else cv2.INTER_LINEAR
    texture = cv2.resize(texture, size[::-1], interpolation=how).astype(np.float32)
    alpha = cv2.resize(shape.astype(np.float32), size[::-1], interpolation=how)
    return Thing(beyond_outline(texture, alpha, WHOLLY), alpha), resize_map(names, size)  # not what was behind it


def _respray(thing: Thing, rng: np.random.Generator) -> Thing:
    """Of another colour: cars and clothes have any, and vans are white."""
    grey = thing.texture.mean(2, keepdims=True)
    tint = rng.uniform(0.8, 1.25, 3).astype(np.float32) * np.float32(rng.uniform(0.6, 1.8))
    texture = (grey + np.float32(rng.uniform(0, 1.3)) * (thing.texture - grey)) * tint
    return thing._replace(texture=np.clip(texture, 0, 255))
