"""What every viewer is to know: the newest frame and the state of things. One asyncio loop, no ROS, no network."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Mapping
from typing import Any


def pack(facts: Mapping[str, Any], pictures: Mapping[str, bytes]) -> bytes:
    """One frame for the page: length of the header (uint32, big-endian), header (JSON), the pictures' bytes.

    The header is `facts` and `pictures`: [[name, number of bytes], ...] in the order of the bytes.
    """
    header = json.dumps({**facts, "pictures": [[name, len(data)] for name, data in pictures.items()]}).encode()
    return b"".join([struct.pack(">I", len(header)), header, *pictures.values()])


class Viewer:
    """One open page. `ready`: it has shown what it got, and may be sent more."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.ready = True
        self._frame, self._state = 0, 0
        self.news.set()

    def next_frame(self, hub: Hub) -> bytes | None:
        """The newest frame if this viewer has not got it yet and is ready."""
        if not self.ready or hub.frame is None or self._frame == hub.frames:
            return None
        self._frame, self.ready = hub.frames, False
        return hub.frame

    def next_state(self, hub: Hub) -> str | None:
        """The state if it changed since this viewer got it."""
        if self._state == hub.states:
            return None
        self._state = hub.states
        return json.dumps({"state": hub.state})


class Hub:
    """Keeps only the newest of everything: a viewer that is slow leaves frames out and holds up nobody."""

    def __init__(self) -> None:
        self.frame: bytes | None = None
        self.frames = self.states = 0
        self.state: dict[str, Any] = {}
        self.viewers: set[Viewer] = set()

    def show(self, frame: bytes) -> None:
        """A new frame, of `pack`."""
        self.frame, self.frames = frame, self.frames + 1
        self._tell()

    def tell(self, **changes: Any) -> None:
        """Change the state; viewers hear of it only where something differs."""
        if any(self.state.get(name, self) != value for name, value in changes.items()):
            self.state |= changes
            self.states += 1
            self._tell()

    def _tell(self) -> None:
        for viewer in self.viewers:
            viewer.news.set()
