"""Where cameras sit in the car: the static transforms of TF, put together. No ROS."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unexpected_ros.scene.ground import Mounting, from_transform


class Edge(NamedTuple):
    """A child frame in its parent."""

    parent: str
    mounting: Mounting


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
    ) -> None:
        """One transform as geometry_msgs/TransformStamped has it: metres, and x, y, z, w."""
        self._edges[child] = Edge(parent, from_transform(translation, quaternion))

    def mounting(self, base: str, frame: str) -> Mounting | None:
        """Of `frame` in `base`, which is above it in the tree; None where no chain leads from one to the other."""
        position, rotation, seen = np.zeros(3), np.eye(3), set()
        while frame != base:
            edge = self._edges.get(frame)
            if edge is None or frame in seen:
                return None
            seen.add(frame)
            position = edge.mounting.rotation @ position + edge.mounting.position
            rotation = edge.mounting.rotation @ rotation
            frame = edge.parent
        return Mounting(position, rotation)
