"""Bags of ROS 1 whose index is missing, as a crash or a cut leaves them. wiki.ros.org/Bags/Format/2.0"""

from __future__ import annotations

import bz2
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rosbags.rosbag1.reader import Header, RecordType
from rosbags.typesys.msg import normalize_msgtype

from unexpected_core.media.bags.channels import Channel
from unexpected_core.media.bags.decompression import LARGEST, decompress


class Record(NamedTuple):
    """A record outside or inside of a chunk. kind: see RecordType."""

    kind: int
    header: Header
    data: bytes


def scan(path: Path, losses: list[str]) -> Iterator[Record]:
    """Connections and messages in the order of writing, as far as they are whole."""
    with path.open("rb") as file:
        file.readline()
        for record in _records(file, losses):
            if record.kind == RecordType.CHUNK:
                try:
                    inside = _unfold(record)
                except Exception as error:  # of the decompressors
                    losses.append(f"a chunk is damaged ({error})")
                    continue
                yield from _records(BytesIO(inside), losses)
            else:
                yield record


def _records(file: BinaryIO, losses: list[str]) -> Iterator[Record]:
    while file.peek(1) if hasattr(file, "peek") else file.tell() < len(file.getbuffer()):
        at = file.tell()
        try:
            header = Header.read(file)
            length = int.from_bytes(file.read(4), "little")
            kind, data = header.get_uint8("op"), file.read(length)
        except Exception as error:  # of damaged bytes
            losses.append(f"damaged from byte {at} on ({error or repr(error)})")
            return
        if len(data) < length:
            losses.append(f"breaks off at byte {at}, inside a record")
            if kind != RecordType.CHUNK or header.get("compression") != b"none":
                return
        yield Record(kind, header, data)


def _unfold(record: Record) -> bytes:
    compression = record.header.get_string("compression")
    if compression == "bz2":
        return bz2.decompress(record.data)
    return decompress(record.data, "" if compression == "none" else compression, LARGEST - 1)


def channel_of(record: Record) -> tuple[int, Channel]:
    """A connection record -> its number and channel. Raises rosbags' ReaderError."""
    about = Header.read(BytesIO(len(record.data).to_bytes(4, "little") + record.data))
    notes = {"latching": about.get("latching", b"0").decode() or "0"}
    kind = normalize_msgtype(about.get_string("type"))
    definition = about.get_string("message_definition").encode()
    channel = Channel(record.header.get_string("topic"), kind, "ros1", "ros1msg", definition, notes)
    return record.header.get_uint32("conn"), channel
