"""Does one map lie as its image lies? Correlation of their edges as they are, and if one were mirrored, turned, zoomed,
moved, or of another frame. What explains the images far better than the maps as they are is what went wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from unexpected_core.config import Number
from unexpected_core.evaluation.doctor.edges import ROWS, normalised

WINDOW = 40
"""Displacements looked at: up to so many cells each way."""
WEAK = 0.1
"""Correlation under which zooms are tried too; honest methods have 0.15 to 0.8, chance is 0.02."""
TRANSFORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mirrored": lambda edges: edges[:, ::-1],
    "upside down": lambda edges: edges[::-1],
    "turned by 180 degrees": lambda edges: edges[::-1, ::-1],
    "transposed": lambda edges: _resized(edges.T, edges.shape),
    "turned by 90 degrees": lambda edges: _resized(edges.T[::-1], edges.shape),
    "turned by -90 degrees": lambda edges: _resized(edges.T[:, ::-1], edges.shape),
}
"""What was done to a map -> what undoes it."""
ZOOMS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 1.12, 1.18, 1.25, 1.4, 1.7, 2.0)


@dataclass(frozen=True)
class Alignment:
    """One frame. own: correlation as it is; others: with one transform undone, by name.

    moved: by displacement [2 WINDOW + 1, 2 WINDOW + 1]; zoomed: by name, greatest over all displacements.
    """

    own: float
    others: dict[str, float]
    moved: np.ndarray
    zoomed: dict[str, float]


@dataclass(frozen=True)
class Fit:
    """All frames. own: mean correlation as they are. other: what fits better, '' for nothing; fit: its correlation."""

    own: Number
    other: str = ""
    fit: Number = 0.0


def align(edges: np.ndarray, image: np.ndarray, zooms: bool) -> Alignment:
    """Edge maps float32 [R, C] of a score or a truth, and of its image. zooms: try other sizes where nothing fits."""
    own = float(np.vdot(edges, image))
    others = {name: float(np.vdot(np.ascontiguousarray(undo(edges)), image)) for name, undo in TRANSFORMS.items()}
    zoomed = {}
    if zooms and own < WEAK and edges.any() and image.any():
        for zoom in ZOOMS:
            for name, factors in (("zoomed", (zoom, zoom)), ("stretched", (1, zoom)), ("squeezed", (zoom, 1))):
                zoomed[f"{name} by {zoom:g}"] = float(_moved(_zoomed(edges, *factors), image).max())
    return Alignment(own, others, _moved(edges, image), zoomed)


def _resized(edges: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return normalised(cv2.resize(np.ascontiguousarray(edges), shape[::-1], interpolation=cv2.INTER_LINEAR))


def _zoomed(edges: np.ndarray, down: float, across: float) -> np.ndarray:
    """A map that was zoomed by these factors about its middle, as it was before."""
    height, width = edges.shape
    matrix = np.array([[1 / across, 0, (1 - 1 / across) * width / 2], [0, 1 / down, (1 - 1 / down) * height / 2]])
    return normalised(cv2.warpAffine(edges, matrix, (width, height)))


def _moved(edges: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Correlation when edges are moved by (row, column) - WINDOW cells; what leaves on one side enters on the other."""
    product = np.conj(np.fft.rfft2(edges)) * np.fft.rfft2(image)
    surface = np.fft.irfft2(product, s=edges.shape)
    rows, columns = (np.arange(-WINDOW, WINDOW + 1) % size for size in edges.shape)
    return surface[np.ix_(rows, columns)].astype(np.float32)


def best_fit(frames: Sequence[Alignment], margin: float) -> Fit:
    """What explains the frames together best: as they are, one transform of all, or one displacement of all.

    margin: least gain in correlation. NaN where no frame has edges.
    """
    frames = [frame for frame in frames if np.any(frame.moved)]
    if not frames:
        return Fit(np.nan)
    own = np.array([frame.own for frame in frames])
    found = Fit(float(own.mean()))
    for name in TRANSFORMS:
        found = _better(found, name, own, [frame.others[name] for frame in frames], margin)
    row, column = _displacement(np.mean([frame.moved for frame in frames], axis=0))
    if max(abs(row), abs(column)) >= SHORTEST:
        moved = [float(frame.moved[row + WINDOW, column + WINDOW]) for frame in frames]
        found = _better(found, f"moved by {-row} rows and {-column} columns of {ROWS}", own, moved, margin)
    anywhere = np.array([frame.moved.max() for frame in frames])  # zooms had their choice of displacements too
    for name in sorted({name for frame in frames for name in frame.zoomed}):
        found = _better(found, name, anywhere, [frame.zoomed.get(name, 0.0) for frame in frames], 0.6 * margin)
    return found


SHORTEST = 3
"""Displacements of fewer cells are not told from blur and patches."""
SURE = 4.0
"""Gain in standard errors over frames from which another explanation counts."""


def _displacement(surface: np.ndarray) -> tuple[int, int]:
    """Where the correlation is greatest; (0, 0) where that is no single peak, as with patches and stripes."""
    row, column = np.unravel_index(int(surface.argmax()), surface.shape)
    opposite = surface[::-1, ::-1][max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].max()
    if opposite > 0.6 * surface[row, column]:
        return 0, 0
    return int(row) - WINDOW, int(column) - WINDOW


def _better(found: Fit, name: str, before: np.ndarray, values: Sequence[float], margin: float) -> Fit:
    """The other explanation, where it is far better than before in most frames, and better than the one found."""
    other = np.array(values)
    gain = other - before
    error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 0.2 * float(np.abs(gain[0]))
    far = gain.mean() > max(margin, SURE * error) and before.mean() < 0.8 * other.mean() and np.mean(gain > 0) > 0.7
    return Fit(found.own, name, float(other.mean())) if far and other.mean() > found.fit else found
