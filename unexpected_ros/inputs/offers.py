"""The QoS that publishers offer: as rosbag2 notes it, and the subscription that hears them all."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

DEPTH = 50


def qos_entry(profile: QoSProfile) -> dict:
    """A publisher's QoS as rosbag2 notes it."""
    times = {
        name: dict(zip(("sec", "nsec"), divmod(getattr(profile, name).nanoseconds, 10**9), strict=True))
        for name in ("deadline", "lifespan", "liveliness_lease_duration")
    }
    policies = {name: int(getattr(profile, name)) for name in ("history", "reliability", "durability", "liveliness")}
    return {
        **policies,
        **times,
        "depth": profile.depth,
        "avoid_ros_namespace_conventions": profile.avoid_ros_namespace_conventions,
    }


def qos_for(profiles: Sequence[QoSProfile]) -> QoSProfile:
    """What hears all publishers of these, and gets what they all keep for those who come later."""
    qos = QoSProfile(depth=DEPTH)
    if any(profile.reliability == QoSReliabilityPolicy.BEST_EFFORT for profile in profiles):
        qos.reliability = QoSReliabilityPolicy.BEST_EFFORT
    if all(profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL for profile in profiles):
        qos.durability = QoSDurabilityPolicy.TRANSIENT_LOCAL
    return qos


def asks_more(qos: QoSProfile, offered: QoSProfile) -> bool:
    """Whether a subscription with `qos` does not hear what is offered with less."""
    reliable, latched = QoSReliabilityPolicy.RELIABLE, QoSDurabilityPolicy.TRANSIENT_LOCAL
    return (qos.reliability == reliable != offered.reliability) or (qos.durability == latched != offered.durability)
