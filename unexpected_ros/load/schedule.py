"""Whose turn it is when several cameras wait. No ROS, no clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping


class Schedule:
    """Weighted round robin by stride scheduling (Waldspurger and Weihl, 1995): each camera has a time of its own that
    advances by 1 / weight when it is served, and the one that is furthest behind is next. One that did not wait is
    moved to the present when it does: it has saved nothing up, and delayed nobody.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._times = dict.fromkeys(weights, 0.0)
        self._present = 0.0

    def pick(self, waiting: Collection[str], most: int = 1) -> list[str]:
        """At most `most` of the waiting names, the one whose turn it is first."""
        for name in waiting:
            self._times[name] = max(self._times[name], self._present)
        ordered = [name for name in self._weights if name in waiting]
        picked = sorted(ordered, key=self._times.__getitem__)[:most]
        self._present = self._times[picked[0]]
        for name in picked:
            self._times[name] += 1 / self._weights[name]
        return picked


def parse_cameras(text: str) -> dict[str, int]:
    """'front:2, rear left' -> {'front': 2, 'rear': 1, 'left': 1}: names and weights. Raises ValueError."""
    cameras: dict[str, int] = {}
    for word in text.replace(",", " ").split():
        name, _, weight = word.partition(":")
        if not name.isidentifier() or not name.isascii():
            raise ValueError(f"'{name}' is no name for a camera; expected letters, digits and _, such as front")
        if weight and not (weight.isdecimal() and 1 <= int(weight) <= 100):
            raise ValueError(f"'{word}': expected a weight of 1 to 100, such as {name}:2")
        if name in cameras:
            raise ValueError(f"camera '{name}' is named twice")
        cameras[name] = int(weight or 1)
    return cameras
