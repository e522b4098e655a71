"""Scores as whole numbers of the same order, so that exact statistics of scores are a matter of counting."""

from __future__ import annotations

import numpy as np

KEY_TYPES = {np.dtype(f"f{size}"): np.dtype(f"u{size}") for size in (2, 4, 8)}
"""float16, float32, float64 -> the unsigned numbers of their size."""


class MetricError(ValueError):
    """Scores or ground truth that cannot be measured; the message says which, why, and the cure."""


class NotFiniteError(MetricError):
    """Scores that are NaN or infinite."""


def to_keys(score: np.ndarray) -> np.ndarray:
    """float16, 32 or 64 [N] -> uint16, 32 or 64 [N] with key(a) < key(b) exactly where a < b; -0 and +0 are equal.

    The sign bit is flipped for positive numbers, every bit for negative ones.
    """
    bits = score.view(KEY_TYPES[score.dtype])
    sign = bits.dtype.type(1 << (8 * bits.itemsize - 1))
    ones_if_negative = (bits.view(f"i{bits.itemsize}") >> (8 * bits.itemsize - 1)).view(bits.dtype)
    keys = bits ^ (ones_if_negative | sign)
    keys += keys == ~sign  # -0 becomes +0
    return keys


def from_keys(keys: np.ndarray) -> np.ndarray:
    """The inverse of to_keys, any shape: uint16 -> float16, uint32 -> float32, uint64 -> float64."""
    sign = keys.dtype.type(1 << (8 * keys.itemsize - 1))
    bits = np.where(keys & sign, keys & ~sign, ~keys)
    return bits.view(f"f{keys.itemsize}")


def _sorts_in_vectors() -> bool:
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        return True
    return "AVX512_SKX" in np.show_config(mode="dicts")["SIMD Extensions"].get("found", ())


VECTOR_SORT = _sorts_in_vectors()
"""Whether NumPy sorts 32 bits in vector registers: from 2.0 on with AVX2, before only with AVX-512."""


def sort_keys(keys: np.ndarray) -> np.ndarray:
    """uint32 [N] rising. Without vector registers, two radix sorts of 16 bits take half the time of comparisons."""
    if VECTOR_SORT:
        return np.sort(keys)
    for shift in (0, 16):
        keys = keys.take(np.argsort((keys >> shift).astype(np.uint16), kind="stable"))
    return keys


def merge_sorted(runs: list[np.ndarray], dtype: type = np.uint32) -> np.ndarray:
    """Some rising arrays of keys, unsigned [n] -> all their keys, rising. dtype: of the answer where there are none."""
    if len(runs) == 1:
        return runs[0]
    keys = np.concatenate(runs) if runs else np.zeros(0, dtype)
    keys.sort(kind=None if VECTOR_SORT else "stable")  # the stable sort makes use of runs
    return keys


def split(score: np.ndarray, obstacle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores inside the ROI: (at obstacle pixels [P], at normal pixels [N]), in the score's own type.

    score: [H, W] float16, float32 or float64; bool and uint8 maps become float16, which holds them exactly.
    obstacle: uint8 [H, W], 0 normal, 1 obstacle, 255 outside the ROI. Raises MetricError.
    """
    if score.shape != obstacle.shape:
        raise MetricError(
            f"score {score.shape} and ground truth {obstacle.shape} differ in size; resize the score first"
        )
    if score.dtype in (np.bool_, np.uint8):
        score = score.astype(np.float16)
    if score.dtype not in KEY_TYPES:
        raise MetricError(f"scores are {score.dtype}; expected float16, float32 or float64")
    positive, negative = obstacle == 1, obstacle == 0
    outside = obstacle.size - np.count_nonzero(positive) - np.count_nonzero(negative)
    if outside and outside != np.count_nonzero(obstacle == 255):
        found = np.setdiff1d(np.unique(obstacle), (0, 1, 255))
        raise MetricError(
            f"ground truth holds {found[:5].tolist()}; expected 0 normal, 1 obstacle, 255 outside the ROI"
        )
    at_obstacle, at_normal = score[positive], score[negative]
    broken = sum(values.size - np.count_nonzero(np.isfinite(values)) for values in (at_obstacle, at_normal))
    if broken:
        cure = "mend the scorer, or store float32 if float16 overflowed" if score.itemsize == 2 else "mend the scorer"
        raise NotFiniteError(f"{broken} scores inside the ROI are not finite numbers (NaN or infinite); {cure}")
    return at_obstacle, at_normal
