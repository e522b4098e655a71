"""Whether another node has the name of ours: what it publishes is then mixed with what ours does."""

from __future__ import annotations

from rclpy.node import Node

PATIENCE = 30
"""Checks, one a second, that it must be there for: one that was killed is in the graph for a while."""
OF_EVERY_NODE = ("/parameter_events", "/rosout")
"""Topics that each node publishes, if nobody forbade it one of them."""


class Twins:
    """Looks for nodes of the same full name as `node`.

    By what they publish: a list of names may hold one for ever that left in order (rmw_dds_common enters what was on
    its way, GraphCache::update_participant_entities), but what a node published goes with it.
    """

    def __init__(self, node: Node) -> None:
        self._node, self._seen = node, 0

    def check(self) -> str:
        """Once a second: what to say of another node of the name, '' while there is none; the log hears of it once."""
        node = self._node
        self._seen = self._seen + 1 if any(self._publishers(topic) > 1 for topic in OF_EVERY_NODE) else 0
        if self._seen < PATIENCE:
            return ""
        text = (
            f"another node is called {node.get_fully_qualified_name()}, too: the outputs of both are mixed, and either "
            "hears of parameters and services; end one, or start it under another name (-r __node:=NAME)"
        )
        if self._seen == PATIENCE:
            node.get_logger().warning(text)
        return text

    def _publishers(self, topic: str) -> int:
        """How many of a topic are of nodes of the name."""
        name = self._node.get_name(), self._node.get_namespace()
        return sum(
            (info.node_name, info.node_namespace) == name for info in self._node.get_publishers_info_by_topic(topic)
        )
