"""Roads, pavements, houses and plants of another colour: a comparer must not know what colour a verge has to be."""

from __future__ import annotations

import cv2
import numpy as np

from unexpected_core.labels import IGNORE, TRAIN_ID

GREEN = TRAIN_ID["vegetation"], TRAIN_ID["terrain"]
CLASSES = (*GREEN, *(TRAIN_ID[name] for name in ("sidewalk", "road", "building")))
"""Plants and bare ground have any colour; roads and houses a tint, or they would be signals."""


def recolour(
    image: np.ndarray, labels: np.ndarray, rng: np.random.Generator, share: float, gains: tuple[float, float]
) -> np.ndarray:
    """A copy in which each of CLASSES has, with the probability `share`, other colours; soft at its borders.

    image RGB uint8 [H, W, 3]; labels uint8 [H, W]; gains: least and greatest gain of a colour.
    """
    chosen = [c for c in CLASSES if rng.random() < share]
    if not chosen:
        return image.copy()
    table = np.ones((256, 3), np.float32)
    for c in chosen:
        colours = rng.uniform(*gains, 3) ** (rng.uniform(0, 1) if c in GREEN else rng.uniform(0, 0.4))
        table[c] = colours * rng.uniform(0.7, 1.4)
    return cv2.multiply(image, _gain(labels, table), dtype=cv2.CV_8U)


def _gain(labels: np.ndarray, table: np.ndarray) -> np.ndarray:
    """table[labels], float32 [H, W, 3]; where there is no label, that of what is around."""
    coarse = labels[1::3, 1::3]
    gain, named = table[coarse], (coarse != IGNORE).astype(np.float32)
    total = cv2.boxFilter(gain * named[..., None], -1, (5, 5), normalize=False)
    count = cv2.boxFilter(named, -1, (5, 5), normalize=False)[..., None]
    around = (total + 0.01) / (count + 0.01)
    gain = np.where(named[..., None] == 1, gain, around)
    return cv2.resize(gain, labels.shape[::-1], interpolation=cv2.INTER_LINEAR)
