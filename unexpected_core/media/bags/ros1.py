"""ROS 1's .bag files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from pathlib import Path

from rosbags.rosbag1 import Reader

from unexpected_core.media.bags.channels import Channel, Message
from unexpected_core.media.errors import BagError


class Ros1Storage:
    """See channels.Storage. Messages come as ROS 1 wrote them (encoding 'ros1')."""

    def __init__(self, path: Path) -> None:
        self.path, self.losses = path, []
        self._reader = Reader(path)
        try:
            self._reader.open()
        except Exception as error:  # the reader raises many kinds on damaged files
            raise BagError(f"cannot read {path} as a bag of ROS 1: {error}; try `rosbag reindex`") from error
        self._channels = {}
        counts: Counter[str] = Counter()
        for c in self._reader.connections:
            notes = {"latching": str(getattr(c.ext, "latching", 0) or 0)}
            self._channels[c.id] = Channel(c.topic, c.msgtype, "ros1", "ros1msg", c.msgdef.data.encode(), notes)
            counts[c.topic] += c.msgcount
        self.channels: list[Channel] = list(self._channels.values())
        self.claimed: dict[str, int] | None = dict(counts)

    def messages(self, topics: Container[str] | None = None) -> Iterator[Message]:
        """See channels.Storage."""
        wanted = [c for c in self._reader.connections if topics is None or c.topic in topics]
        try:
            for connection, time, data in self._reader.messages(wanted) if wanted else ():
                yield Message(self._channels[connection.id], time, data, time)
        except Exception as error:  # as above
            self.losses.append(f"damaged ({error or repr(error)})")

    def close(self) -> None:
        """See channels.Storage."""
        self._reader.close()
