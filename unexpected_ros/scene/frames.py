"""Where cameras sit in the car: the static transforms of TF, put together. No ROS."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from unexpected_ros.scene.ground import Mounting, from_transform


class Edge(NamedTuple):
    """A child frame in its parent."""

    parent: str
    mounting: Mounting


NORMAL = 0.01
"""How far the square of a quaternion's length may be from 1; what differs more is no rotation (tf2 refuses it, too)."""


class Frames:
    """Learns transforms one by one; a child has one parent, the newest counts."""

    def __init__(self) -> None:
        self._edges: dict[str, Edge] = {}

    def add(
        self,
        parent: str,
        child: str,
        translation: tuple[float, float, float],
        quaternion: tuple[float, float, float, float],
    ) -> str:
        """One transform as geometry_msgs/TransformStamped has it: metres, and x, y, z, w.

        Returns what is wrong with one that is not taken, '' for those that are.
        """
        if not all(map(math.isfinite, (*translation, *quaternion))):
            return "it holds numbers that are not finite"
        if abs(sum(part * part for part in quaternion) - 1) > NORMAL:
            return f"its quaternion {quaternion} has not the length 1"
        self._edges[child] = Edge(parent, from_transform(translation, quaternion))
        return ""

    def mounting(self, base: str, frame: str) -> Mounting | None:
        """Of the camera `frame` in `base`; None where no chain leads from one to the other, or both are the same:
        images that carry the name of the car's own frame do not say where the camera is.
        """
        base_in, frame_in = self._above(base), self._above(frame)
        common = next((name for name in base_in if name in frame_in), None)
        if common is None or base == frame:
            return None
        return _seen_from(base_in[common], frame_in[common])

    def _above(self, frame: str) -> dict[str, Mounting]:
        """Of `frame` in itself and in each frame above it, the nearest first."""
        found, name = {frame: Mounting(np.zeros(3), np.eye(3))}, frame
        while (edge := self._edges.get(name)) and edge.parent not in found:
            below = found[name]
            position = edge.mounting.rotation @ below.position + edge.mounting.position
            found[edge.parent] = Mounting(position, edge.mounting.rotation @ below.rotation)
            name = edge.parent
        return found


def _seen_from(base: Mounting, other: Mounting) -> Mounting:
    """Of `other` in `base`, where both are in one frame."""
    back = base.rotation.T
    return Mounting(back @ (other.position - base.position), back @ other.rotation)
