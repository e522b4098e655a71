"""Which detectors are there, and where their cameras and outputs are: read off the ROS graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rclpy.node import Node

from unexpected_ros.inputs.connection import NAMELESS

IMAGE_KINDS = {"sensor_msgs/msg/Image": False, "sensor_msgs/msg/CompressedImage": True}
"""Type of a camera topic -> whether it is compressed."""
REGIONS, KIND = "/regions", "unexpected_ros/msg/AnomalyArray"


class Stream(NamedTuple):
    """One detector's work on one camera. Outputs lie below `prefix`; photo: camera topic, None while it has none.

    birth: differs when the process behind the name is another one.
    """

    node: str
    prefix: str
    birth: bytes
    photo: str | None
    compressed: bool = False

    @property
    def camera(self) -> str:
        """Its name, '' for the only one of a detector."""
        return self.prefix.removeprefix(self.node).strip("/")


def find_streams(graph: Node, told: Mapping[str, str]) -> list[Stream]:
    """All there are whose nodes are known, in the order of their names. told: prefix -> camera topic, where known."""
    found = []
    for topic, kinds in graph.get_topic_names_and_types():
        if topic.endswith(REGIONS) and KIND in kinds:
            for publisher in graph.get_publishers_info_by_topic(topic):
                name, namespace = publisher.node_name, publisher.node_namespace
                if name == NAMELESS:
                    continue  # met by that name it would not be met again by its own
                prefix = topic.removesuffix(REGIONS)
                stream = Stream(f"{namespace.rstrip('/')}/{name}", prefix, bytes(publisher.endpoint_gid), None)
                inputs = _inputs(graph, name, namespace)
                photo = pick_camera(inputs, stream.camera, told.get(prefix, ""))
                found.append(stream._replace(photo=photo, compressed=inputs.get(photo, False)))
    return sorted(found)


def remapped_regions(graph: Node) -> list[str]:
    """Topics with regions that have another name than theirs, by which no detector is found."""
    return [
        topic for topic, kinds in graph.get_topic_names_and_types() if KIND in kinds and not topic.endswith(REGIONS)
    ]


def idle_detectors(graph: Node) -> set[str]:
    """Nodes with the services of a detector, which it has in every state, and without its regions."""
    services = {name for name, _ in graph.get_service_names_and_types()}
    nodes = {name.removesuffix("/save_sample") for name in services}
    topics = (topic for topic, kinds in graph.get_topic_names_and_types() if KIND in kinds)
    busy = (info for topic in topics for info in graph.get_publishers_info_by_topic(topic))
    named = {f"{info.node_namespace.rstrip('/')}/{info.node_name}" for info in busy}
    return {node for node in nodes - named if {f"{node}/save_sample", f"{node}/get_state"} <= services}


def pick_camera(topics: Iterable[str], camera: str, told: str) -> str | None:
    """Of a node's image topics the one of `camera` ('': of its only one), None while that is not sure.

    told: what the node says that it listens to; before it has ('') only the camera's name in a topic tells.
    """
    fitting = [topic for topic in topics if (topic == told if told else camera in ("", *topic.split("/")))]
    return fitting[0] if len(fitting) == 1 else None


def _inputs(graph: Node, name: str, namespace: str) -> dict[str, bool]:
    """A node's image topics: name -> whether compressed."""
    try:
        topics = graph.get_subscriber_names_and_types_by_node(name, namespace)
    except RuntimeError:  # it has just left the graph
        return {}
    return {topic: IMAGE_KINDS[kind] for topic, kinds in topics for kind in kinds if kind in IMAGE_KINDS}
