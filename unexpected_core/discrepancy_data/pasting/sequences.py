"""Whether cut-outs are frames of sequences, of which one must not judge what its neighbours taught."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

ALIKE = 0.65
"""Neighbours in sequences differ by less than this share of what any two of the kind do: those of DAVIS by 0.40 of it,
pictures of Oxford-IIIT Pet, COCO and TrashNet by 0.92 to 1.00."""
SIDE = 16


def are_sequences(things: Sequence[np.ndarray]) -> bool:
    """Things of one kind, RGBA uint8 [h, w, 4] each, in the order of their names; False for fewer than four."""
    if len(things) < 4:
        return False
    small = [cv2.resize(thing, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for thing in things]
    small = np.stack(small).astype(np.float32)
    neighbours, apart = (small[by:] - small[:-by] for by in (1, len(small) // 2))
    near, far = (np.median(np.abs(change).mean((1, 2, 3))) for change in (neighbours, apart))
    return bool(near < ALIKE * far)
