"""What every viewer is to know: its camera's newest frame and the state of things. One asyncio loop, no ROS."""

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
    """One open page. `ready`: it has shown what it got, and may be sent more. camera: what it asked for; the first
    there is, where that is not there.
    """

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.ready, self.camera = True, ""
        self._frame, self._state = 0, 0
        self.news.set()

    def next_frame(self, hub: Hub) -> bytes | None:
        """The newest frame of its camera if this viewer has not got it yet and is ready."""
        number, frame = hub.frames.get(hub.camera_of(self), (0, b""))
        if not self.ready or number in (0, self._frame):
            return None
        self._frame, self.ready = number, False
        return frame

    def next_state(self, hub: Hub) -> str | None:
        """The state if it changed since this viewer got it."""
        if self._state == hub.states:
            return None
        self._state = hub.states
        return json.dumps({"state": hub.state})


class Hub:
    """Keeps only the newest of everything: a viewer that is slow leaves frames out and holds up nobody.

    frames: camera -> (number, frame of `pack`). wanted: cameras that somebody looks at; may be read in any thread.
    """

    def __init__(self) -> None:
        self.frames: dict[str, tuple[int, bytes]] = {}
        self.states = 0
        self.state: dict[str, Any] = {}
        self.viewers: set[Viewer] = set()
        self.wanted: frozenset[str] = frozenset()
        self._number = 0

    def camera_of(self, viewer: Viewer) -> str | None:
        """The camera that it is shown; None while there is none."""
        cameras = self.state.get("cameras", {})
        return viewer.camera if viewer.camera in cameras else next(iter(cameras), None)

    def enter(self, viewer: Viewer) -> None:
        """A page was opened."""
        self.viewers.add(viewer)
        self._look()

    def leave(self, viewer: Viewer) -> None:
        """It was closed."""
        self.viewers.discard(viewer)
        self._look()

    def turn(self, viewer: Viewer, camera: str) -> None:
        """It wants to see this camera."""
        viewer.camera = camera
        self._look()
        viewer.news.set()

    def _look(self) -> None:
        """Who looks where has changed; of what nobody looks at, nothing old is kept to be shown for new."""
        self.wanted = frozenset(self.camera_of(viewer) for viewer in self.viewers) - {None}
        self.frames = {camera: frame for camera, frame in self.frames.items() if camera in self.wanted}

    def show(self, camera: str, frame: bytes) -> None:
        """A new frame, of `pack`."""
        if camera in self.wanted:
            self._number += 1
            self.frames[camera] = self._number, frame
            self._tell()

    def tell(self, **changes: object) -> None:
        """Change the state; viewers hear of it only where something differs."""
        if any(self.state.get(name, self) != value for name, value in changes.items()):
            self.state |= changes
            self.states += 1
            self._look()
            self._tell()

    def _tell(self) -> None:
        for viewer in self.viewers:
            viewer.news.set()
