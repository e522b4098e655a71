"""Is every map that of its own image? Edges of each frame's map against the edges of all frames' images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pairs:
    """strangers: keys of frames whose map fits another image far better than its own.

    offset: the step from frame to image that most of them have, 0 for none.
    """

    strangers: tuple[str, ...] = ()
    offset: int = 0


def pair(keys: Sequence[str], maps: Sequence[np.ndarray], images: Sequence[np.ndarray], weak: float) -> Pairs:
    """Halved edge maps float16 [R, C], one for each key. weak: mean correlation over which frames can be told."""
    used = [i for i, (a, b) in enumerate(zip(maps, images, strict=True)) if a.any() and b.any()]
    if len(used) < 3 or len({maps[i].shape for i in used}) > 1:
        return Pairs()
    keys = [keys[i] for i in used]
    fits = _centred([maps[i] for i in used]) @ _centred([images[i] for i in used]).T
    own = fits.diagonal().copy()
    np.fill_diagonal(fits, -np.inf)
    best, gain = fits.argmax(1), fits.max(1) - own
    typical = float(np.median(own))
    if own.mean() < weak / 2 and gain.mean() > weak and fits.max(1).mean() > weak:
        wrong = gain > 0  # hardly a map is with its image
    else:
        wrong = (gain > max(0.05, 0.6 * typical)) & (typical > weak)
    steps = [int(step) for step in (best - np.arange(len(keys)))[wrong]]
    common = max(set(steps), key=steps.count) if steps else 0
    strangers = tuple(key for key, stranger in zip(keys, wrong, strict=True) if stranger)
    return Pairs(strangers, common if steps.count(common) > len(steps) / 2 else 0)


def _centred(edges: Sequence[np.ndarray]) -> np.ndarray:
    rows = np.stack([values.ravel() for values in edges]).astype(np.float32)
    return rows - rows.mean(0)
