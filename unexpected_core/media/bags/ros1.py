"""ROS 1's .bag files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path

from rosbags.rosbag1 import Reader
from rosbags.rosbag1.reader import RecordType

from unexpected_core.media.bags.channels import Channel, Message
from unexpected_core.media.bags.ros1_scan import channel_of, scan
from unexpected_core.media.errors import BagError


class Ros1Storage:
    """See channels.Storage. Messages come as ROS 1 wrote them (encoding 'ros1')."""

    def __init__(self, path: Path) -> None:
        self.path, self.losses = path, []
        self._channels: dict[int, Channel] = {}
        self.claimed: dict[str, int] | None = None
        reader = Reader(path)
        try:
            reader.open()
        except Exception as error:  # the reader raises many kinds on damaged files
            self._reader = None
            self._scan(f"{error}".rstrip("."))
        else:
            self._reader = reader
            self._use(reader)
        self.channels: list[Channel] = list(self._channels.values())

    def _use(self, reader: Reader) -> None:
        counts: Counter[str] = Counter()
        for c in reader.connections:
            notes = {"latching": str(getattr(c.ext, "latching", 0) or 0)}
            self._channels[c.id] = Channel(c.topic, c.msgtype, "ros1", "ros1msg", c.msgdef.data.encode(), notes)
            counts[c.topic] += c.msgcount
        self.claimed = dict(counts)

    def _scan(self, cause: str) -> None:
        """Find the topics of a bag without a usable index; its messages are counted on reading."""
        for record in scan(self.path, self.losses):
            if record.kind == RecordType.CONNECTION:
                with suppress(Exception):  # of damaged bytes
                    self._channels.update([channel_of(record)])
        if not self._channels:
            raise BagError(f"cannot read {self.path} as a bag of ROS 1: {cause}; try `rosbag reindex`")
        self.losses.insert(0, f"its index cannot be used ({cause}; try `rosbag reindex`)")

    def messages(self, topics: Container[str] | None = None) -> Iterator[Message]:
        """See channels.Storage."""
        try:
            for number, time, data in self._indexed(topics) if self._reader else self._found():
                channel = self._channels.get(number)
                if channel is not None and (topics is None or channel.topic in topics):
                    yield Message(channel, time, data, time)
        except Exception as error:  # as above
            self.losses.append(f"damaged ({error or repr(error)})")

    def _indexed(self, topics: Container[str] | None) -> Iterator[tuple[int, int, bytes]]:
        wanted = [c for c in self._reader.connections if topics is None or c.topic in topics]
        for connection, time, data in self._reader.messages(wanted) if wanted else ():
            yield connection.id, time, data

    def _found(self) -> Iterator[tuple[int, int, bytes]]:
        for record in scan(self.path, []):
            if record.kind == RecordType.MSGDATA:
                yield record.header.get_uint32("conn"), record.header.get_time("time"), record.data

    def close(self) -> None:
        """See channels.Storage."""
        if self._reader:
            self._reader.close()
