"""Work over the frames of a data set, in this process or in several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, Self

import numpy as np

from unexpected_core.log import progress
from unexpected_core.processes import processes


class Reading(Protocol):
    """What a worker finds in its frames; the next worker's is added to it."""

    def merge(self, other: Self) -> None:
        """Take over the frames of another reading, after one's own."""


def over_frames[R: Reading](
    read: Callable[[Sequence[str], Iterable[str]], R], keys: list[str], workers: int, title: str
) -> R:
    """read(keys, the same keys with their progress shown) on contiguous shares of the frames -> all of it in one.

    Raises ProcessesError.
    """
    if workers <= 1 or len(keys) < 2 * workers:
        return read(keys, progress(keys, title))
    shares = [share.tolist() for share in np.array_split(np.array(keys, dtype=object), workers)]
    with processes(workers) as pool:
        futures = [pool.submit(read, share, share) for share in shares]
        first, *others = [future.result() for future in progress(futures, title)]
    for other in others:
        first.merge(other)
    return first
