"""Images of several sizes as batches of one size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def group_by_size(images: Sequence[np.ndarray]) -> list[list[int]]:
    """Indices of images, uint8 [H, W, 3], that share a size, groups in order of first appearance."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, image in enumerate(images):
        groups.setdefault(image.shape[:2], []).append(i)
    return list(groups.values())
