"""rosbag2's .db3 files (SQLite), damaged ones too."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Container, Iterator
from pathlib import Path

from unexpected_core.media.bags.channels import Channel, Message
from unexpected_core.media.errors import BagError


class SqliteStorage:
    """See channels.Storage."""

    def __init__(self, path: Path) -> None:
        self.path, self.losses = path, []
        self._copy: tempfile.TemporaryDirectory | None = None
        try:
            self._database = self._connect(path)
            self._channels = self._read_channels()
        except sqlite3.Error as error:
            self.close()
            raise BagError(
                f"cannot read {path} as a rosbag2: {error}; restore it, or try `sqlite3 FILE .recover`"
            ) from error
        self.channels = list(self._channels.values())
        self.claimed = self._count()

    def _connect(self, path: Path) -> sqlite3.Connection:
        """Read-only. A recorder that was killed leaves its last messages, or the way back, in a log beside the file."""
        logs = [log for end in ("-wal", "-journal") if (log := path.with_name(path.name + end)).is_file()]
        if not any(log.stat().st_size for log in logs):
            return sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)
        self._copy = tempfile.TemporaryDirectory(prefix="bag.")  # reading a log writes beside it
        copy = Path(self._copy.name) / path.name
        for file in (path, *logs):
            shutil.copyfile(file, copy.with_name(file.name))
        return sqlite3.connect(copy)

    def _read_channels(self) -> dict[int, Channel]:
        columns = {row[1] for row in self._database.execute("PRAGMA table_info(topics)")}
        if not columns:
            raise sqlite3.DatabaseError("it has no table of topics")
        wanted = ("id", "name", "type", "serialization_format", "offered_qos_profiles", "type_description_hash")
        fields = ", ".join(name if name in columns else "''" for name in wanted)
        definitions = {}
        if list(self._database.execute("PRAGMA table_info(message_definitions)")):
            rows = "SELECT topic_type, encoding, encoded_message_definition FROM message_definitions"
            definitions = {kind: (encoding, text) for kind, encoding, text in self._database.execute(rows)}
        channels = {}
        for number, topic, kind, encoding, qos, digest in self._database.execute(f"SELECT {fields} FROM topics"):
            language, text = definitions.get(kind, ("", ""))
            notes = {"offered_qos_profiles": qos or "", "topic_type_hash": digest or ""}
            channels[number] = Channel(topic, kind, encoding or "cdr", language, text.encode(), notes)
        return channels

    def _count(self) -> dict[str, int] | None:
        counts: Counter[str] = Counter({channel.topic: 0 for channel in self.channels})
        try:
            for number, count in self._database.execute("SELECT topic_id, count(*) FROM messages GROUP BY topic_id"):
                if number in self._channels:
                    counts[self._channels[number].topic] += count
        except sqlite3.Error:
            return None
        return dict(counts)

    def messages(self, topics: Container[str] | None = None) -> Iterator[Message]:
        """See channels.Storage."""
        lost: Counter[str] = Counter()
        for number, topic_id, time in self._rows():
            channel = self._channels.get(topic_id)
            if channel is None or (topics is not None and channel.topic not in topics):
                continue
            try:
                (data,) = self._database.execute("SELECT data FROM messages WHERE id = ?", (number,)).fetchone()
            except (sqlite3.Error, TypeError):
                lost[channel.topic] += 1
                continue
            yield Message(channel, time, data, time)
        self.losses += [f"{count} messages of {topic} are damaged" for topic, count in lost.items()]

    def _rows(self) -> Iterator[tuple[int, int, int]]:
        """(id, topic, time) by time; where the index or a page is damaged, the rest by id."""
        given = _Numbers()
        try:
            for row in self._database.execute("SELECT id, topic_id, timestamp FROM messages ORDER BY timestamp, id"):
                yield row
                given.add(row[0])
            return
        except sqlite3.Error as error:
            self.losses.append(f"damaged ({error})")
        last, step = 0, 1
        while step < 1 << 40:  # a damaged page fails for every id in it
            try:
                query = "SELECT id, topic_id, timestamp FROM messages WHERE id > ? ORDER BY id"
                for row in self._database.execute(query, (last,)):
                    if row[0] not in given:
                        yield row
                    last, step = row[0], 1
                return
            except sqlite3.Error:
                last, step = last + step, step * 2

    def close(self) -> None:
        """See channels.Storage."""
        if hasattr(self, "_database"):
            self._database.close()
        if self._copy:
            self._copy.cleanup()


class _Numbers:
    """A set of whole numbers from 1 on that come nearly in order, in little memory."""

    def __init__(self) -> None:
        self._all_to, self._beyond = 0, set()

    def add(self, number: int) -> None:
        self._beyond.add(number)
        while self._all_to + 1 in self._beyond:
            self._all_to += 1
            self._beyond.remove(self._all_to)

    def __contains__(self, number: int) -> bool:
        return number <= self._all_to or number in self._beyond
