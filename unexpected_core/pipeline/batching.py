"""Images that can be scored together."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def groups_of_equals(keys: Sequence[Hashable]) -> list[list[int]]:
    """Indices of equal keys, such as sizes of images; groups in order of first appearance."""
    groups: dict[Hashable, list[int]] = {}
    for i, key in enumerate(keys):
        groups.setdefault(key, []).append(i)
    return list(groups.values())
