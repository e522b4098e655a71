"""MCAP files, whole or not: without a summary, cut short, with damaged chunks, with channels of other worlds."""

from __future__ import annotations

import heapq
import zlib
from collections import Counter
from collections.abc import Container, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mcap import records
from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.reader import SeekingReader
from mcap.summary import Summary

from unexpected_core.media.bags.channels import Channel, Message
from unexpected_core.media.bags.decompression import decompress
from unexpected_core.media.errors import BagError

MAGIC = b"\x89MCAP0\r\n"
HEAD = 9
"""Bytes before the content of a record: opcode and length."""
LAST_OPCODE = 0x0F
LONGEST = 1 << 32
"""Bytes of a record that are believed."""


class Chunk(NamedTuple):
    """Where a chunk lies, when its first message was recorded, and the channels in it (None: not known)."""

    time: int
    span: Span
    channels: frozenset[int] | None = None


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


class McapStorage:
    """See channels.Storage."""

    def __init__(self, path: Path) -> None:
        self.path, self.losses = path, []
        self._file = path.open("rb")
        try:
            self._open()
        except BagError:
            self._file.close()
            raise
        except Exception as error:  # of the mcap library or of what a damaged file makes of it
            self._file.close()
            raise BagError(f"cannot read {path} as a rosbag2 (MCAP): {error!r}; try `mcap recover`") from error

    def _open(self) -> None:
        if self._file.read(len(MAGIC)) != MAGIC:
            raise BagError(f"cannot read {self.path} as a rosbag2: it does not begin as an MCAP file")
        self._schemas: dict[int, records.Schema] = {}
        self._by_id: dict[int, Channel] = {}
        self._chunks: list[Chunk] = []
        summary = _summary(self._file)
        if summary is not None:
            self._use(summary)
        else:
            self._scan()
        self.channels = list(self._by_id.values())

    def _use(self, summary: Summary) -> None:
        self._schemas = summary.schemas
        for channel in summary.channels.values():
            self._add_channel(channel)
        for index in summary.chunk_indexes:
            start, length = index.chunk_start_offset + HEAD, index.chunk_length - HEAD
            channels = frozenset(index.message_index_offsets) or None
            self._chunks.append(Chunk(index.message_start_time, Span(Opcode.CHUNK, start, length, length), channels))
        counts = Counter({channel.topic: 0 for channel in self._by_id.values()})
        for number, count in summary.statistics.channel_message_counts.items():
            if number in self._by_id:
                counts[self._by_id[number].topic] += count
        self.claimed: dict[str, int] | None = dict(counts)

    def _scan(self) -> None:
        """Go through a file without a summary for its channels and chunks; its messages are counted on reading."""
        self.claimed = None
        for span in self._spans(self.losses):
            if span.opcode == Opcode.CHUNK:
                time = int.from_bytes(self._content(span)[:8], "little")
                self._chunks.append(Chunk(time, span))
                for record in self._chunk_records(span, []):
                    self._learn(record)
            elif span.opcode in (Opcode.SCHEMA, Opcode.CHANNEL) and span.whole:
                self._learn(_parse(span.opcode, self._content(span)))

    def _learn(self, record: records.McapRecord) -> None:
        if isinstance(record, records.Schema):
            self._schemas[record.id] = record
        elif isinstance(record, records.Channel):
            self._add_channel(record)

    def _add_channel(self, channel: records.Channel) -> None:
        schema = self._schemas.get(channel.schema_id)
        name, language, data = (schema.name, schema.encoding, schema.data) if schema else ("", "", b"")
        self._by_id.setdefault(
            channel.id, Channel(channel.topic, name, channel.message_encoding, language, data, dict(channel.metadata))
        )

    def messages(self, topics: Container[str] | None = None) -> Iterator[Message]:
        """See channels.Storage."""
        found = self._from_chunks(topics) if self._chunks else self._loose()
        for record in found:
            channel = self._by_id.get(record.channel_id)
            if channel is not None and (topics is None or channel.topic in topics):
                yield Message(channel, record.log_time, record.data, record.publish_time)

    def messages_as_written(self) -> Iterator[Message]:
        """All messages in the order of writing, which need not be that of their times."""
        for chunk in sorted(self._chunks, key=lambda chunk: chunk.span.start):
            for record in self._chunk_records(chunk.span, self.losses):
                if isinstance(record, records.Message) and record.channel_id in self._by_id:
                    yield Message(self._by_id[record.channel_id], record.log_time, record.data, record.publish_time)

    def note(self, name: str) -> dict[str, str] | None:
        """The first record of metadata of this name; None where there is none."""
        for span in self._spans([]):
            if span.opcode == Opcode.METADATA and span.whole:
                found = records.Metadata.read(ReadDataStream(BytesIO(self._content(span))))
                if found.name == name:
                    return found.metadata
        return None

    def _from_chunks(self, topics: Container[str] | None) -> Iterator[records.Message]:
        """By time: a chunk is opened when the messages of those before it have reached its first one."""
        wanted = {number for number, channel in self._by_id.items() if topics is None or channel.topic in topics}
        chunks = sorted(c for c in self._chunks if c.channels is None or c.channels & wanted)
        waiting: list[tuple[int, int, records.Message]] = []
        order = 0
        for chunk, following in zip(chunks, [*chunks[1:], None], strict=True):
            for record in self._chunk_records(chunk.span, self.losses):
                if isinstance(record, records.Message) and record.channel_id in wanted:
                    heapq.heappush(waiting, (record.log_time, order, record))
                    order += 1
            while waiting and (following is None or waiting[0][0] <= following.time):
                yield heapq.heappop(waiting)[2]

    def _loose(self) -> Iterator[records.Message]:
        """Of a file that was written without chunks, as they come."""
        for span in self._spans(self.losses if self.claimed is not None else []):  # a scan has noted them already
            if span.opcode == Opcode.MESSAGE and span.whole:
                yield _parse(span.opcode, self._content(span))

    def _spans(self, losses: list[str]) -> Iterator[Span]:
        """The records of the data section; the last one may be cut, and a damaged length ends the file."""
        size = self._file.seek(0, 2)
        at = len(MAGIC)
        while at + HEAD <= size:
            self._file.seek(at)
            head = self._file.read(HEAD)
            opcode, length = head[0], int.from_bytes(head[1:], "little")
            span = Span(opcode, at + HEAD, length, min(length, size - at - HEAD))
            if not 0 < opcode <= LAST_OPCODE or length > LONGEST:
                losses.append(f"damaged from byte {at} of {size} on")
                return
            yield span
            if opcode in (Opcode.DATA_END, Opcode.FOOTER):
                return
            at += HEAD + length
        losses.append(f"breaks off at byte {size}{', inside a record' if at > size else ''}")

    def _content(self, span: Span) -> bytes:
        self._file.seek(span.start)
        return self._file.read(span.there)

    def _chunk_records(self, span: Span, losses: list[str]) -> Iterator[records.McapRecord]:
        """The records of a chunk: all, or none where it is damaged, or the first ones where the file ends in it."""
        try:
            chunk = records.Chunk.read(ReadDataStream(BytesIO(self._content(span))))
            data = decompress(chunk.data, chunk.compression, chunk.uncompressed_size)
            if span.whole:
                _check(chunk, data)
        except Exception as error:  # of the libraries, or of what damaged bytes make of them
            cause = str(error) or type(error).__name__
            losses.append(f"the chunk at byte {span.start - HEAD} is damaged ({cause})")
            return
        yield from _records(data)

    def close(self) -> None:
        """See channels.Storage."""
        self._file.close()


def _check(chunk: records.Chunk, data: bytes) -> None:
    """Raises ValueError where a chunk's data are not those that were written."""
    if len(data) != chunk.uncompressed_size:
        raise ValueError(f"{len(data)} bytes instead of {chunk.uncompressed_size}")
    if chunk.uncompressed_crc and zlib.crc32(data) != chunk.uncompressed_crc:
        raise ValueError("its checksum does not match")


def _summary(file: BinaryIO) -> Summary | None:
    """The index at the end, None where it is missing, damaged or not complete."""
    try:
        file.seek(0)
        summary = SeekingReader(file, record_size_limit=LONGEST).get_summary()
    except Exception:  # a cut file has none
        return None
    statistics = summary.statistics if summary else None
    if statistics is None or (not summary.channels and statistics.message_count):
        return None
    return summary if statistics.chunk_count == len(summary.chunk_indexes) else None


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
    return _READERS[Opcode(opcode)].read(stream)
