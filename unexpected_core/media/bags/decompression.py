"""The compressions of bags."""

from __future__ import annotations

from io import BytesIO

import lz4.frame
import zstandard

LARGEST = 1 << 31
"""Bytes that one block may claim to unfold to."""


def decompress(data: bytes, compression: str, size: int) -> bytes:
    """Unfold a block ('', 'zstd' or 'lz4') of `size` bytes; a block that is cut gives as much as it holds.

    Raises ValueError and the libraries' own errors.
    """
    if size > LARGEST:
        raise ValueError(f"it claims to hold {size} bytes")
    if compression == "zstd":
        return zstandard.ZstdDecompressor().stream_reader(BytesIO(data)).read(size + 1)
    if compression == "lz4":
        return lz4.frame.LZ4FrameDecompressor().decompress(data, max_length=size + 1)
    if compression:
        raise ValueError(f"compression '{compression}' is not known; expected zstd or lz4")
    return data
