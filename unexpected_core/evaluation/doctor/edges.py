"""Where scores, images and truths change: edges of all three, as maps that can be compared.

All maps are float32 [ROWS, columns], high-passed and of unit length, so that a product of two is their correlation.
"""

from __future__ import annotations

import cv2
import numpy as np

ROWS = 128
"""Height of an edge map; a cell is 4 pixels of an image with 512 rows."""
SURROUNDINGS = 6.0
"""Standard deviation in cells of the blur that is taken off: slow changes of the edge density say nothing."""


def map_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """(height, width, ...) of an image -> (ROWS, columns) of its edge maps."""
    return ROWS, max(8, round(ROWS * shape[1] / shape[0]))


def image_edges(image: np.ndarray) -> np.ndarray:
    """RGB uint8 [H, W, 3] -> edge map: the strongest of the colours' gradients."""
    small = cv2.resize(image, map_size(image.shape)[::-1], interpolation=cv2.INTER_AREA)
    return normalised(np.sqrt(np.max([_gradient(colour) for colour in cv2.split(small.astype(np.float32))], axis=0)))


def score_edges(score: np.ndarray) -> np.ndarray:
    """Score float [H, W] -> edge map: gradients of its ranks, so that no stretching of the scores matters."""
    tiny = score.dtype == np.float32 and float(score.max()) < 1e-30  # no room for means
    wide = score.astype(np.float64) if tiny else score if score.dtype != np.float16 else score.astype(np.float32)
    small = cv2.resize(wide, map_size(score.shape)[::-1], interpolation=cv2.INTER_AREA)
    _, inverse, counts = np.unique(small, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts + 1) / 2)[inverse].reshape(small.shape)
    return normalised(np.sqrt(_gradient(ranks.astype(np.float32))))


def truth_edges(obstacle: np.ndarray) -> np.ndarray:
    """Ground truth uint8 [H, W] -> edge map: borders of obstacles and of the ROI."""
    border = np.zeros(obstacle.shape, np.float32)
    border[1:] += obstacle[1:] != obstacle[:-1]
    border[:, 1:] += obstacle[:, 1:] != obstacle[:, :-1]
    return normalised(np.sqrt(cv2.resize(border, map_size(obstacle.shape)[::-1], interpolation=cv2.INTER_AREA)))


def _gradient(values: np.ndarray) -> np.ndarray:
    return np.hypot(cv2.Scharr(values, cv2.CV_32F, 1, 0), cv2.Scharr(values, cv2.CV_32F, 0, 1))


def normalised(values: np.ndarray) -> np.ndarray:
    """Float32 [R, C], high-passed and of unit length; zeros where there are no edges at all."""
    sharp = values - cv2.GaussianBlur(values, (0, 0), SURROUNDINGS)
    length = float(np.linalg.norm(sharp))
    return (sharp / length if length > 1e-12 else np.zeros_like(sharp)).astype(np.float32)


def halved(edges: np.ndarray) -> np.ndarray:
    """Edge map [R, C] -> the same as float16 [R / 2, C / 2], to keep of many frames."""
    small = cv2.resize(edges, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    length = float(np.linalg.norm(small))
    return (small / length if length > 1e-12 else small).astype(np.float16)
