"""Work over the frames of a data set, in this process or in several."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Protocol, Self

import cv2
import numpy as np

from unexpected_core.log import progress


class Reading(Protocol):
    """What a worker finds in its frames; the next worker's is added to it."""

    def merge(self, other: Self) -> None:
        """Take over the frames of another reading, after one's own."""


def over_frames[R: Reading](
    read: Callable[[Sequence[str], Iterable[str]], R], keys: list[str], workers: int, title: str
) -> R:
    """read(keys, the same keys with their progress shown) on contiguous shares of the frames -> all of it in one."""
    if workers <= 1 or len(keys) < 2 * workers:
        return read(keys, progress(keys, title))
    shares = np.array_split(np.array(keys, dtype=object), workers)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(_in_worker, read, share.tolist()) for share in shares]
        first, *others = [future.result() for future in progress(futures, title)]
    for other in others:
        first.merge(other)
    return first


def _in_worker[R: Reading](read: Callable[[Sequence[str], Iterable[str]], R], keys: list[str]) -> R:
    cv2.setNumThreads(1)
    return read(keys, keys)
