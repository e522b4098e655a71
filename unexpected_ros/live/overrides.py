"""ROS' own way to change the QoS of a publisher: parameters qos_overrides.<topic>.publisher.<policy>."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.qos import QoSPolicyKind
from rclpy.qos_overriding_options import QoSOverridingOptions

PREFIX = "qos_overrides"
_OF_RCLPY = ("/parameter_events", "/rosout", "/clock")


def overrides(node: Node, topic: str) -> QoSOverridingOptions:
    """What the parameters change for the node's publisher of `topic`; they were declared when the node was made."""
    given = node.get_parameters_by_prefix(f"{PREFIX}.{node.resolve_topic_name(topic)}.publisher")
    return QoSOverridingOptions([QoSPolicyKind[name.upper()] for name in given if name.upper() in _POLICIES])


_POLICIES = QoSPolicyKind.__members__


def unused(node: Node, topics: list[str]) -> list[str]:
    """Names of overrides that change nothing: other topics than `topics`, subscriptions, policies that do not exist."""
    ours = {f"{topic}.publisher.{policy.lower()}" for topic in topics for policy in _POLICIES}
    given = node.get_parameters_by_prefix(PREFIX)
    return sorted(f"{PREFIX}.{name}" for name in given if name not in ours and not name.startswith(_OF_RCLPY))
