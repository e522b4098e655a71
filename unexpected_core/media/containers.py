"""Whether a video file is as long as its container says: decoders end in silence where a file was cut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def missing_bytes(path: Path) -> int:
    """How many bytes the container announces beyond the end of the file; 0 where it is whole or does not say.

    MP4 and QuickTime, AVI, Matroska and WebM, MPEG transport streams, motion JPEG.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        measure = _measure_of(head)
        return max(measure(file, size) - size, 0) if measure else 0


def is_container(path: Path) -> bool:
    """Whether a file begins as one of these, motion JPEG left aside. Raises OSError."""
    with path.open("rb") as file:
        return _measure_of(file.read(16)) not in (None, _jpeg_end)


def _measure_of(head: bytes) -> Callable[[BinaryIO, int], int] | None:
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"styp"):
        return _mp4_end
    if head[:4] == b"RIFF":
        return _riff_end
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _matroska_end
    if head[:1] == b"\x47" or head[4:5] == b"\x47":
        return _ts_end
    return _jpeg_end if head[:3] == b"\xff\xd8\xff" else None


def _mp4_end(file: BinaryIO, size: int) -> int:
    """Boxes: 32-bit size and name; 1 = a 64-bit size follows, 0 = to the end of the file. ISO/IEC 14496-12, 4.2."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4])
        if length == 0:
            return size
        if length == 1:
            length = int.from_bytes(head[8:16])
        if len(head) < 8 or length < 8:
            return at + 8 if len(head) < 8 else size
        at += length
    return at


def _riff_end(file: BinaryIO, size: int) -> int:
    """Long AVIs are several RIFF chunks, one behind the other; a length of 0 was never filled in."""
    at = 0
    while at + 12 <= size:
        file.seek(at)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF" or length in (0, 0xFFFFFFFF):
            return at
        at += 8 + length + length % 2
    return at - 1 if at == size + 1 else at


_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675


def _matroska_end(file: BinaryIO, size: int) -> int:
    """Elements of EBML (RFC 8794): id and length of 1 to 8 bytes; live streams do not know those of their masters."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        identity, used = _vint(head, keep_marker=True)
        length, more = _vint(head[used:])
        if not used or not more:
            return at + 2 if len(head) < 12 else size
        at += used + more
        if identity in (_SEGMENT, _CLUSTER) and (length is None or identity == _SEGMENT):
            if length is not None and at + length > size:
                return at + length
            continue  # walk through what is inside
        if length is None:
            return size
        at += length
    return at


def _vint(data: bytes, keep_marker: bool = False) -> tuple[int | None, int]:
    """(value, bytes used) of a variable-length number; None for 'unknown', 0 bytes where there is none."""
    if not data or not data[0]:
        return None, 0
    used = 9 - data[0].bit_length()
    if len(data) < used:
        return None, 0
    value = int.from_bytes(data[:used])
    if keep_marker:
        return value, used
    value &= (1 << (7 * used)) - 1
    return (None if value == (1 << (7 * used)) - 1 else value), used


def _ts_end(file: BinaryIO, size: int) -> int:
    """Packets of 188 bytes, or of 192 with a time code before each, as on Blu-ray."""
    for length, sync in ((188, 0), (192, 4)):
        file.seek(length + sync)
        if file.read(1) == b"\x47":
            return -(-size // length) * length
    return size


def _jpeg_end(file: BinaryIO, size: int) -> int:
    """The last picture of motion JPEG ends with its end mark; recorders may pad with zeros."""
    file.seek(max(size - 4096, 0))
    return size if file.read().rstrip(b"\0").endswith(b"\xff\xd9") else size + 2
