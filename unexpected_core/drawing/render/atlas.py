"""All textures in one array with mip levels, and looking them up."""

from __future__ import annotations

import zlib
from functools import cache
from typing import NamedTuple

import numpy as np

from unexpected_core.drawing.model.textures import SIZE, TABLE

LEVELS = 7


class Atlas(NamedTuple):
    """texels: uint16 [textures * stride], brightness + 256 * blend, of all mip levels; offsets: int32 [LEVELS] of
    each level."""

    texels: np.ndarray
    stride: int
    offsets: np.ndarray


@cache
def atlas() -> Atlas:
    """All textures, painted once per process."""
    sizes = [SIZE >> level for level in range(LEVELS)]
    offsets = np.cumsum([0] + [size * size for size in sizes])
    stride = int(offsets[-1])
    texels = np.empty(len(TABLE) * stride, np.uint16)
    for number, (name, (_, paint)) in enumerate(TABLE.items()):
        pair = np.dstack(paint(np.random.default_rng(zlib.crc32(name.encode()))))
        for level, size in enumerate(sizes):
            start = number * stride + int(offsets[level])
            texels[start : start + size * size] = (pair[..., 0] + pair[..., 1].astype(np.uint16) * 256).ravel()
            quads = pair.reshape(size // 2, 2, size // 2, 2, 2).astype(np.uint16)
            pair = ((quads.sum(axis=(1, 3), dtype=np.uint16) + 2) // 4).astype(np.uint8)
    return Atlas(texels, stride, offsets[:LEVELS].astype(np.int32))


def sample(
    texture: np.ndarray | int, u: np.ndarray, v: np.ndarray, footprint: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Brightness (1 = leaves a tint as it is) and blend (0..1), float32 [N], at texel coordinates u, v (float32).

    footprint: texels under one pixel, float32; its binary exponent picks the mip level.
    """
    texels, stride, offsets = atlas()
    level = np.clip((footprint.view(np.int32) >> 23) - 126, 0, LEVELS - 1)
    mask = (SIZE - 1) >> level
    row = (np.floor(v).astype(np.int32) >> level) & mask
    column = (np.floor(u).astype(np.int32) >> level) & mask
    index = np.asarray(texture, np.int32) * np.int32(stride) + offsets[level] + row * (mask + 1) + column
    pair = texels[index]
    return (pair & 255).astype(np.float32) * np.float32(1 / 128), (pair >> 8).astype(np.float32) * np.float32(1 / 255)
