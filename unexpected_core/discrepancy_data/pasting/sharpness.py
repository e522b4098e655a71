"""How blurred a picture is, so that what is pasted can be as blurred.

An edge blurred by a Gaussian of sigma s has, at a distance of k pixels, the mean squared difference
D(k) = k erf(k / 2s) - 2s / sqrt(pi) (1 - exp(-k^2 / 4s^2)). D(1) / D(2) falls from 1/2 (sharp) to 1/4 (blurred)
whatever the edges' contrast, and says s.
"""

from __future__ import annotations

from math import erf

import numpy as np

_SIGMA = np.concatenate([np.linspace(0.05, 2, 40), np.linspace(2.2, 5, 15)])


def _structure(k: float) -> np.ndarray:
    edge = np.array([erf(k / (2 * s)) for s in _SIGMA])
    return k * edge - 2 * _SIGMA / np.sqrt(np.pi) * (1 - np.exp(-(k**2) / (4 * _SIGMA**2)))


_RATIO = _structure(1) / _structure(2)
CLEAR = 12
"""Least difference, in grey levels, of two pixels with an edge between them; noise stays below."""


def edge_blur(grey: np.ndarray, every: int = 4, unknown: float = 0.75) -> tuple[float, float]:
    """Sigma in pixels of the blur along rows' and columns' direction (vertical, horizontal). grey uint8 [h, w].

    every: of so many rows or columns one is looked at; unknown: the result where there are no edges to tell it from.
    """
    values = grey.astype(np.int16)
    return _blur(values[:, ::every].T, unknown), _blur(values[::every], unknown)


def _blur(lines: np.ndarray, unknown: float) -> float:
    """Sigma along the second axis of int16 [n, m]."""
    if lines.shape[1] < 4:
        return unknown
    one = np.diff(lines, axis=1)
    two = one[:, 1:] + one[:, :-1]
    clear = np.abs(two) > CLEAR
    total = np.square(two[clear], dtype=np.float32).sum()
    if clear.sum() < 20:
        return unknown
    halves = (
        np.square(one[:, 1:][clear], dtype=np.float32).sum() + np.square(one[:, :-1][clear], dtype=np.float32).sum()
    )
    return float(np.interp(-halves / 2 / total, -_RATIO, _SIGMA))
