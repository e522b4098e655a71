"""MCAP files as they lie on disk: records, chunks and the index, each as far as it is whole. https://mcap.dev/spec"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from mcap import records
from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.reader import SeekingReader
from mcap.summary import Summary

from unexpected_core.media.bags.decompression import decompress

MAGIC = b"\x89MCAP0\r\n"
HEAD = 9
"""Bytes before the content of a record: opcode and length."""
LAST_OPCODE = 0x0F
LONGEST = 1 << 32
"""Bytes of a record that are believed."""


class Span(NamedTuple):
    """Where a record's content lies in the file, and how much of it there is."""

    opcode: int
    start: int
    length: int
    there: int

    @property
    def whole(self) -> bool:
        """Whether the file holds all of it."""
        return self.there == self.length


class McapFile:
    """An open file. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.size = self._file.seek(0, 2)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, start: int, length: int) -> bytes:
        """Bytes from a place on."""
        self._file.seek(start)
        return self._file.read(length)

    def spans(self, losses: list[str]) -> Iterator[Span]:
        """The records of the data section; the last one may be cut, and a damaged length ends the file."""
        at = len(MAGIC)
        while at + HEAD <= self.size:
            head = self.read(at, HEAD)
            opcode, length = head[0], int.from_bytes(head[1:], "little")
            if not 0 < opcode <= LAST_OPCODE or length > LONGEST:
                losses.append(f"damaged from byte {at} of {self.size} on")
                return
            yield Span(opcode, at + HEAD, length, min(length, self.size - at - HEAD))
            if opcode in (Opcode.DATA_END, Opcode.FOOTER):
                return
            at += HEAD + length
        losses.append(f"breaks off at byte {self.size}{', inside a record' if at > self.size else ''}")

    def record(self, span: Span) -> records.McapRecord:
        """A whole record outside chunks: schema, channel, message or metadata."""
        return _parse(span.opcode, self.read(span.start, span.there))

    def chunk(self, span: Span, losses: list[str]) -> Iterator[records.McapRecord]:
        """The records of a chunk: all, or none where it is damaged, or the first ones where the file ends in it."""
        try:
            chunk = records.Chunk.read(ReadDataStream(BytesIO(self.read(span.start, span.there))))
            data = decompress(chunk.data, chunk.compression, chunk.uncompressed_size)
            if span.whole:
                _check(chunk, data)
        except Exception as error:  # of the libraries, or of what damaged bytes make of them
            cause = str(error) or type(error).__name__
            losses.append(f"the chunk at byte {span.start - HEAD} is damaged ({cause})")
            return
        yield from _records(data)

    def summary(self) -> Summary | None:
        """The index at the end, None where it is missing, damaged or not complete."""
        try:
            self._file.seek(0)
            summary = SeekingReader(self._file, record_size_limit=LONGEST).get_summary()
            if summary is None or not self._is_unchanged():
                return None
        except Exception:  # a cut file has none
            return None
        statistics = summary.statistics
        if statistics is None or (not summary.channels and statistics.message_count):
            return None
        return summary if statistics.chunk_count == len(summary.chunk_indexes) else None

    def _is_unchanged(self) -> bool:
        """The footer's checksum, 0 where the writer made none, is over the index and the footer up to itself."""
        crc_at = self.size - len(MAGIC) - 4
        footer = self.read(crc_at - 16, 20)
        start, crc = int.from_bytes(footer[:8], "little"), int.from_bytes(footer[16:], "little")
        return not crc or zlib.crc32(self.read(start, crc_at - start)) == crc


def _check(chunk: records.Chunk, data: bytes) -> None:
    """Raises ValueError where a chunk's data are not those that were written."""
    if len(data) != chunk.uncompressed_size:
        raise ValueError(f"{len(data)} bytes instead of {chunk.uncompressed_size}")
    if chunk.uncompressed_crc and zlib.crc32(data) != chunk.uncompressed_crc:
        raise ValueError("its checksum does not match")


def _records(data: bytes) -> Iterator[records.McapRecord]:
    """Those of a chunk that are whole."""
    at = 0
    while at + HEAD <= len(data):
        length = int.from_bytes(data[at + 1 : at + HEAD], "little")
        end = at + HEAD + length
        if end > len(data):
            return
        if data[at] in _READERS:
            yield _parse(data[at], data[at + HEAD : end])
        at = end


_READERS = {Opcode.SCHEMA: records.Schema, Opcode.CHANNEL: records.Channel, Opcode.MESSAGE: records.Message}


def _parse(opcode: int, content: bytes) -> records.McapRecord:
    stream = ReadDataStream(BytesIO(content))
    if opcode == Opcode.MESSAGE:
        return records.Message.read(stream, len(content))
    if opcode == Opcode.METADATA:
        return records.Metadata.read(stream)
    return _READERS[Opcode(opcode)].read(stream)
