"""Sixteen-bit values to eight: many cameras put 10, 12 or 14 bits into 16."""

from __future__ import annotations

from functools import cache

import numpy as np

from unexpected_core.log import LOGGER

MIN_BITS, MAX_BITS = 8, 16
_USUAL = (8, 10, 12, 14)


def to_eight(values: np.ndarray, bits: int, what: str) -> np.ndarray:
    """uint16 [...] -> uint8: the upper eight of `bits` bits, 8..16; larger values become 255.

    bits 0: sixteen; where the upper ones are never used, that is said once for each `what`.
    """
    if not bits:
        warn_if_dark(int(values.max(initial=0)), what)
    shift = max(bits or MAX_BITS, MIN_BITS) - 8
    return np.minimum(values >> shift, 255).astype(np.uint8)


def warn_if_dark(greatest: int, what: str) -> None:
    """Say once for each `what` that its 16-bit values, none greater than this, leave the upper bits unused."""
    used = greatest.bit_length()
    if 0 < used <= _USUAL[-1]:
        _warn(what, next(usual for usual in _USUAL if usual >= used))


@cache
def _warn(what: str, bits: int) -> None:
    LOGGER.warning(
        "%s: 16-bit values of which only the lower %d bits are used come out dark; if the camera has %d bits, say so "
        "(input.bit_depth, --bit-depth %d); where there is no such option, as for data sets, multiply the values by %d",
        *(what, bits, bits, bits, 1 << MAX_BITS - bits),
    )
