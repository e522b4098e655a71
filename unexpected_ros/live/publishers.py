"""The publishers of all outputs, with the QoS that is asked for. What nobody listens to is not even converted.

What programs wait for is sent at once, pictures in a thread of their own while the next frame is worked on.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSDurabilityPolicy, QoSPolicyKind, QoSProfile, QoSReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

from unexpected_core.labels import CITYSCAPES, IGNORE
from unexpected_ros.live.messages import Messages
from unexpected_ros.live.outputs import FIRST, OUTPUTS, VISION, Output, Result, messages_of
from unexpected_ros.live.ros import CLASSES, ready_to_send, ros_message
from unexpected_ros.start import plain

LABEL_INFO = "vision_msgs/msg/LabelInfo"
OVERRIDES, POLICIES = "qos_overrides", QoSPolicyKind.__members__
_OF_RCLPY = ("/parameter_events", "/rosout", "/clock")


class OfferError(ValueError):
    """An output that cannot be offered; the message names it, and what parameters say of it."""


class Publishers:
    """The publishers of all outputs: none until `offer`, none after `close`, wherever `offer` failed."""

    def __init__(self, node: LifecycleNode, place: str = "") -> None:
        """place: folder below ~/, such as 'front/'."""
        self._node, self._place = node, place
        self._sender = ThreadPoolExecutor(1, "pictures")
        self._sending: Future[float] | None = None  # the pictures of the frame before
        self._publishers: dict[str, Publisher] = {}
        self._labels: Publisher | None = None

    def offer(self) -> None:
        """Offer all outputs whose types there are. Raises OfferError."""
        for name, output in (VISION | OUTPUTS).items():
            if output.type in CLASSES:
                cls, topic = CLASSES[output.type], f"~/{self._place}{name}"
                self._publishers[name] = offered(self._node, cls, topic, _qos(output))
        self._labels = self._offer_label_info() if LABEL_INFO in CLASSES else None

    def _offer_label_info(self) -> Publisher:
        """What the values of ~/labels mean, once and for those who come later."""
        qos = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
        publisher = offered(self._node, CLASSES[LABEL_INFO], f"~/{self._place}label_info", qos)
        names = {label.train_id: label.name for label in CITYSCAPES if label.train_id != IGNORE}
        header = ros_message("std_msgs/msg/Header", stamp=self._node.get_clock().now().to_msg(), frame_id="")
        publisher.publish(Messages(ros_message).label_info(header, names))
        return publisher

    @property
    def topics(self) -> list[str]:
        """Full names, as remapped."""
        return [publisher.topic_name for publisher in self._all()]

    def wanted(self, name: str) -> bool:
        """Whether somebody listens to the output."""
        publisher = self._publishers.get(name)
        return publisher is not None and publisher.get_subscription_count() > 0

    def publish(self, result: Result) -> tuple[Future[float], float]:
        """Make and send every output that somebody listens to -> the milliseconds that it takes until all are out, and
        the seconds that this call has waited.

        Only pictures wait for those of the frame before: of frames whose pictures are not out yet there is one at most.
        """
        started = time.perf_counter()
        self._send(result, [name for name in FIRST if self.wanted(name)], started)
        first_out = time.perf_counter()
        if self._sending:
            wait([self._sending])  # whoever asked for it hears of its failure
        waited = time.perf_counter() - first_out
        self._sending = self._sender.submit(self._send_others, result, started)
        return self._sending, waited

    def _send_others(self, result: Result, started: float) -> float:
        self._send(result, [name for name in self._publishers if name not in FIRST and self.wanted(name)], started)
        return 1e3 * (time.perf_counter() - started)

    def _send(self, result: Result, names: Collection[str], started: float) -> None:
        for name, message in messages_of(result, Messages(ready_to_send), names.__contains__, started):
            self._publishers[name].publish(message)

    def close(self) -> None:
        """Withdraw all output topics."""
        self._sender.shutdown()
        for publisher in self._all():
            self._node.destroy_publisher(publisher)

    def _all(self) -> Iterator[Publisher]:
        return filter(None, (*self._publishers.values(), self._labels))


def _qos(output: Output) -> QoSProfile:
    policy = QoSReliabilityPolicy.BEST_EFFORT if output.best_effort else QoSReliabilityPolicy.RELIABLE
    return QoSProfile(depth=output.depth, reliability=policy)


def offered(node: Node, cls: type, topic: str, qos: QoSProfile) -> Publisher:
    """A publisher with what the parameters qos_overrides.<topic>.publisher.<policy> change. Raises OfferError."""
    prefix = f"{OVERRIDES}.{node.resolve_topic_name(topic)}.publisher"
    given = {name: parameter.value for name, parameter in node.get_parameters_by_prefix(prefix).items()}
    policies = QoSOverridingOptions([QoSPolicyKind[name.upper()] for name in given if name.upper() in POLICIES])
    try:
        return node.create_publisher(cls, topic, qos, qos_overriding_options=policies)
    except Exception as error:  # rclpy has a kind for each value that it cannot use, and does not name it
        asked = "".join(f" with {prefix}.{name} = {value!r}" for name, value in given.items())
        why = plain(f"{type(error).__name__}: {error}").removesuffix(":")
        raise OfferError(f"cannot offer {node.resolve_topic_name(topic)}{asked}: {why}") from error


def unused(node: Node, topics: list[str]) -> list[str]:
    """Names of overrides that change nothing: other topics than `topics`, subscriptions, policies that do not exist."""
    ours = {f"{topic}.publisher.{policy.lower()}" for topic in topics for policy in POLICIES}
    given = node.get_parameters_by_prefix(OVERRIDES)
    return sorted(f"{OVERRIDES}.{name}" for name in given if name not in ours and not name.startswith(_OF_RCLPY))
