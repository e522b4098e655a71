"""Whether another node has the name of ours: what it publishes is then mixed with what ours does."""

from __future__ import annotations

from rclpy.node import Node

PATIENCE = 30
"""Checks, one a second, that it must be there for: one that was killed is in the graph for a while."""


class Twins:
    """Looks for nodes of the same full name as `node`."""

    def __init__(self, node: Node) -> None:
        self._node, self._seen = node, 0

    def check(self) -> str:
        """Once a second: what to say of another node of the name, '' while there is none; the log hears of it once."""
        node = self._node
        name = node.get_name(), node.get_namespace()
        self._seen = self._seen + 1 if node.get_node_names_and_namespaces().count(name) > 1 else 0
        if self._seen < PATIENCE:
            return ""
        text = (
            f"another node is called {node.get_fully_qualified_name()}, too: the outputs of both are mixed, and either "
            "hears of parameters and services; end one, or start it under another name (-r __node:=NAME)"
        )
        if self._seen == PATIENCE:
            node.get_logger().warning(text)
        return text
