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
