"""Parts of one frame that come in any order, put together by their stamp. No ROS."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from unexpected_ros.view.photos import Photos

ANCHOR, PHOTO = "regions", "photo"
"""The part every processed frame has, and the part that comes for frames nobody processes too."""
MAX_WAITING = 8
"""Most frames kept that are not whole yet."""


class Whole(NamedTuple):
    """One frame: parts by name; at least the anchor."""

    stamp: int
    parts: dict[str, Any]


class Assembly:
    """Collects parts; hands a frame out when it is whole.

    A part that stays away (a method that paints nothing has no resynthesis) is waited for until the next frame's
    anchor comes, and from then on not at all, until it comes again. Where that has the same stamp, the first is lost.
    A part that comes after its frame was handed out is dropped, and where stamps run back, as where a bag begins anew,
    so are those that still wait for their anchor: they would be shown with the frame of that stamp in the next pass.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names) | {ANCHOR, PHOTO}
        self._expected = set(self._names)
        self._photos = Photos()
        self._waiting: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self._done: deque[int] = deque(maxlen=MAX_WAITING)  # stamps handed out lately
        self._newest = -1  # stamp of the anchor that came last
        self._since: set[int] = set()  # stamps of parts that came after it

    def add(self, name: str, stamp: int, part: Any) -> list[Whole]:
        """One part of the frame of `stamp`; returns the frames that are finished now, oldest first."""
        if name == ANCHOR and ANCHOR in self._waiting.get(stamp, ()):  # of a camera that gives all frames one stamp
            self._expected &= self._have(stamp)
            del self._waiting[stamp]  # its photo has gone: the one that is there is of the new frame
        if name == ANCHOR:
            self._forget_late(stamp)
        if name == PHOTO:
            self._photos.add(stamp, part)
            if ANCHOR not in self._waiting.get(stamp, ()):
                return []
        elif not self._is_late(name, stamp):
            self._since.add(stamp)
            self._waiting.setdefault(stamp, {})[name] = part
            if len(self._waiting) > MAX_WAITING:
                self._waiting.popitem(last=False)
        overtaken = self._overtaken(stamp) if name == ANCHOR else []
        return [*overtaken, *([self._hand_out(stamp)] if self._is_whole(stamp) else [])]

    def _is_late(self, name: str, stamp: int) -> bool:
        """Whether a part's frame has gone without it; where all frames have one stamp that is not known."""
        is_anchored = name == ANCHOR or ANCHOR in self._waiting.get(stamp, ())
        return stamp in self._done and stamp != self._newest and not is_anchored

    def _forget_late(self, stamp: int) -> None:
        """What waits for an anchor that will not come, now that the one of `stamp` has."""
        ran_back = stamp < self._newest
        for other, parts in list(self._waiting.items()):
            late = other == self._newest != stamp or (ran_back and other not in self._since)
            if late and ANCHOR not in parts:
                del self._waiting[other]
        if ran_back:
            self._done.clear()
        self._newest = stamp
        self._since.clear()

    def _have(self, stamp: int) -> set[str]:
        return self._waiting.get(stamp, {}).keys() | ({PHOTO} if stamp in self._photos else set())

    def _is_whole(self, stamp: int) -> bool:
        have = self._have(stamp)
        self._expected |= have
        return ANCHOR in have and have >= self._expected

    def _overtaken(self, stamp: int) -> list[Whole]:
        """Frames whose turn is over, since a later anchor is here."""
        late = [other for other, parts in self._waiting.items() if other != stamp and ANCHOR in parts]
        frames = [self._hand_out(other) for other in late]
        for frame in frames:
            self._expected &= frame.parts.keys()
        return frames

    def _hand_out(self, stamp: int) -> Whole:
        parts = self._waiting.pop(stamp)
        photo = self._photos.take(stamp)
        self._done.append(stamp)
        return Whole(stamp, parts if photo is None else parts | {PHOTO: photo})
