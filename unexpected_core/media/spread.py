"""Some pictures of long footage, at equal distances from its whole length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from unexpected_core.images import ImageError
from unexpected_core.log import LOGGER
from unexpected_core.media.errors import IncompleteError
from unexpected_core.media.shots import Footage


def count_whole(footage: Footage) -> int:
    """Number of pictures; of footage that breaks off, of those before. Raises MediaError."""
    try:
        return footage.count()
    except IncompleteError as error:
        return error.read


def spread(footage: Footage, count: int, most: int) -> Iterator[np.ndarray]:
    """Up to `most` of the `count` pictures, RGB uint8 [H, W, 3]; the log tells of those that cannot be read.

    Raises MediaError when none can be had.
    """
    wanted = {number * count // most for number in range(most)}
    try:
        for number, shot in enumerate(footage.shots()):
            if number not in wanted:
                continue
            try:
                yield shot.read()
            except ImageError as error:
                LOGGER.warning("left out: %s", error)
    except IncompleteError as error:
        LOGGER.warning("what follows is left out: %s", error)


def shares(counts: Sequence[int], most: int) -> list[int]:
    """How many of `most` pictures each footage gives: equally many, and in place of what one lacks, others more."""
    given = [0] * len(counts)
    for done, which in enumerate(sorted(range(len(counts)), key=counts.__getitem__)):
        given[which] = min(counts[which], (most - sum(given)) // (len(counts) - done))
    return given
