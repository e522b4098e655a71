"""MCAP files, whole or not: without a summary, cut short, with damaged chunks, with channels of other worlds."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Container, Iterator
from pathlib import Path
from typing import NamedTuple

from mcap import records
from mcap.opcode import Opcode
from mcap.summary import Summary

from unexpected_core.media.bags.channels import Channel, Message
from unexpected_core.media.bags.mcap_file import HEAD, MAGIC, McapFile, Span
from unexpected_core.media.errors import BagError


class Chunk(NamedTuple):
    """Where a chunk lies, when its first message was recorded, and the channels in it (None: not known)."""

    time: int
    span: Span
    channels: frozenset[int] | None = None


class McapStorage:
    """See channels.Storage."""

    def __init__(self, path: Path) -> None:
        self.path, self.losses = path, []
        self._file = McapFile(path)
        try:
            self._open()
        except BagError:
            self._file.close()
            raise
        except Exception as error:  # of the mcap library or of what a damaged file makes of it
            self._file.close()
            raise BagError(f"cannot read {path} as a rosbag2 (MCAP): {error!r}; try `mcap recover`") from error

    def _open(self) -> None:
        if self._file.read(0, len(MAGIC)) != MAGIC:
            raise BagError(f"cannot read {self.path} as a rosbag2: it does not begin as an MCAP file; copy it again")
        self._schemas: dict[int, records.Schema] = {}
        self._by_id: dict[int, Channel] = {}
        self._chunks: list[Chunk] = []
        summary = self._file.summary()
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
        for span in self._file.spans(self.losses):
            if span.opcode == Opcode.CHUNK:
                time = int.from_bytes(self._file.read(span.start, 8), "little")
                self._chunks.append(Chunk(time, span))
                for record in self._file.chunk(span, []):
                    self._learn(record)
            elif span.opcode in (Opcode.SCHEMA, Opcode.CHANNEL) and span.whole:
                self._learn(self._file.record(span))

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
            for record in self._file.chunk(chunk.span, self.losses):
                if isinstance(record, records.Message) and record.channel_id in self._by_id:
                    yield Message(self._by_id[record.channel_id], record.log_time, record.data, record.publish_time)

    def note(self, name: str) -> dict[str, str] | None:
        """The first record of metadata of this name; None where there is none."""
        for span in self._file.spans([]):
            if span.opcode == Opcode.METADATA and span.whole:
                found = self._file.record(span)
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
            for record in self._file.chunk(chunk.span, self.losses):
                if isinstance(record, records.Message) and record.channel_id in wanted:
                    heapq.heappush(waiting, (record.log_time, order, record))
                    order += 1
            while waiting and (following is None or waiting[0][0] <= following.time):
                yield heapq.heappop(waiting)[2]

    def _loose(self) -> Iterator[records.Message]:
        """Of a file that was written without chunks, as they come."""
        for span in self._file.spans(self.losses if self.claimed is not None else []):  # a scan has noted them already
            if span.opcode == Opcode.MESSAGE and span.whole:
                yield self._file.record(span)

    def close(self) -> None:
        """See channels.Storage."""
        self._file.close()
