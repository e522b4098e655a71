"""What a bag is made of, whatever file holds it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic of one type, as the file describes it.

    encoding: of the messages ('cdr', 'json', ...). schema_encoding, schema: definition of the type, '' where missing.
    metadata: what the recorder noted, above all 'offered_qos_profiles' (YAML) and 'topic_type_hash'.
    """

    topic: str
    type: str
    encoding: str = "cdr"
    schema_encoding: str = ""
    schema: bytes = b""
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)


class Message(NamedTuple):
    """One message as it is stored. time: nanoseconds at which it was recorded; published: at which it was sent."""

    channel: Channel
    time: int
    data: bytes
    published: int


class Storage(Protocol):
    """One file of a bag, open.

    claimed: messages of each topic by the file's own count, None where it has none.
    losses: what could not be read, one line for each place; complete when `messages` has ended.
    """

    channels: list[Channel]
    claimed: dict[str, int] | None
    losses: list[str]

    def messages(self, topics: Container[str] | None = None) -> Iterator[Message]:
        """Messages of these topics (None: all) in the order of recording; goes on behind what cannot be read."""

    def close(self) -> None:
        """Close the file."""
