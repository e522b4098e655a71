"""The node of the recorder: follows topics as they come, and writes their messages into a bag."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from importlib import import_module

from rclpy.clock import Clock, ClockType
from rclpy.event_handler import QoSMessageLostInfo
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from unexpected_ros.bags import BagError, BagWriter
from unexpected_ros.inputs.losses import LossCallbacks
from unexpected_ros.inputs.offers import asks_more, qos_entry, qos_for

FOLLOW_NS = 500_000_000
"""How often publishers are looked at once all topics are connected."""
PATIENCE_S = 5.0
"""After which it is said what is not recorded yet, and again when that changes."""
FLUSH_S = 5.0
"""How often what was recorded is handed to the system, and to the disk: so much is lost where the recorder is killed,
and in a power cut what the disk had not written yet, too."""
BACKGROUND = "/diagnostics"
"""Topic that never falls silent."""


def message_class(kind: str) -> type | None:
    """'sensor_msgs/msg/Image' -> its Python class, None where that is not installed."""
    package, _, name = kind.split("/")
    try:
        return getattr(import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError):
        return None


class Recorder(Node):
    """Subscribes to each topic once it has a publisher; to the first one last, when all the others are connected.

    A replay that waits for the subscribers of that first topic thus begins when nothing can be missed any more.
    """

    def __init__(self, topics: Sequence[str], bag: BagWriter) -> None:
        super().__init__("recorder")
        # dict: one that is named twice is one
        self.first, *self.others = dict.fromkeys(map(self._resolved, topics))
        self.waiting = [*self.others, self.first]
        self.unknown: dict[str, str] = {}  # topic -> its type, which is not installed
        self._heard: dict[str, Subscription] = {}
        self.counts = dict.fromkeys(self.waiting, 0)
        self.lost: Counter[str] = Counter()  # sent, as the middleware reports, and not received
        self.last = 0.0
        self._bag, self._time = bag, None
        self._newest, self._ahead = 0, 0  # time of the newest message, and what is added to the clock: nanoseconds
        # by the steady clock: with use_sim_time and before the first /clock, the node's own stands still
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._connecting = self.create_timer(0.05, self._connect, clock=steady)
        self.create_timer(FLUSH_S, bag.flush, clock=steady)
        self._told = ""
        self.create_timer(PATIENCE_S, self._tell, clock=steady)

    def _resolved(self, topic: str) -> str:
        try:
            return self.resolve_topic_name(topic)
        except (RuntimeError, ValueError) as error:  # rclpy has a kind for each fault
            raise BagError(f"'{topic}' is no topic that can be recorded: {error}") from None

    def _connect(self) -> None:
        """Subscribe to what is published by now, and anew to what is offered with less than before."""
        for topic in [*self.waiting, *self._heard]:
            publishers = self.get_publishers_info_by_topic(topic)
            if publishers and topic not in self.unknown and (topic != self.first or not self._awaited()):
                self._follow(topic, publishers)

    def _awaited(self) -> list[str]:
        """What the first topic waits for: the others that may still come."""
        return [topic for topic in self.waiting if topic != self.first and topic not in self.unknown]

    def _tell(self) -> None:
        """Warn of what is not recorded yet, once as long as it is the same."""
        awaited = self._awaited()
        text = f"waiting for {', '.join(awaited or [self.first])}: not published yet" if self.waiting else ""
        if awaited and self.first in self.waiting:
            text += f"; {self.first} is not recorded either until they are all there: leave out what does not come"
        if text and text != self._told:
            self.get_logger().warning(text)
        self._told = text

    def _follow(self, topic: str, publishers: list) -> None:
        qos, before = qos_for([publisher.qos_profile for publisher in publishers]), self._heard.get(topic)
        if before is None:
            self._subscribe(topic, publishers, qos)
        elif asks_more(before.qos_profile, qos):
            self.get_logger().warning(f"{topic} is offered with a weaker QoS than before: connecting to it anew")
            self.destroy_subscription(before)
            self._subscribe(topic, publishers, qos)

    def _subscribe(self, topic: str, publishers: list, qos: QoSProfile) -> None:
        kind = publishers[0].topic_type
        if (cls := message_class(kind)) is None:
            self.unknown[topic] = kind
            self.get_logger().warning(self._uninstalled())
            return
        offered = [qos_entry(publisher.qos_profile) for publisher in publishers]
        self._heard[topic] = self.create_subscription(
            cls,
            topic,
            lambda data: self._write(topic, kind, data, offered),
            qos,
            raw=True,
            event_callbacks=LossCallbacks(message_lost=lambda event: self._on_loss(topic, event)),
        )
        if topic in self.waiting:
            self.waiting.remove(topic)
            if not self.waiting:
                self._connecting.timer_period_ns = FOLLOW_NS
                print(f"recording {len(self.counts)} topics", flush=True)

    def _write(self, topic: str, kind: str, data: bytes, offered: list[dict]) -> None:
        try:
            self._bag.write_bytes(topic, kind, data, self._now(), offered)
        except (BagError, OSError):
            raise
        except Exception as error:  # whatever it is: a message was lost
            raise BagError(f"a message of {topic} cannot be written: {type(error).__name__}: {error}") from error
        self.counts[topic] += 1
        if topic != BACKGROUND:
            self.last = time.monotonic()

    def _on_loss(self, topic: str, event: QoSMessageLostInfo) -> None:
        if topic not in self.lost:
            self.get_logger().warning(
                f"messages of {topic} are lost on their way; if they are large, start what publishes them with "
                "config/fastdds_large_images.xml (docs/ros.md, Large images)"
            )
        self.lost[topic] += event.total_count_change

    def missing(self) -> str:
        """What was not recorded, why, and the cure."""
        if not self.waiting:
            return "the topics are there, but no message came; is their source running?"
        causes = [self._uninstalled()] if self.unknown else []
        absent = [topic for topic in self.waiting if not self.get_publishers_info_by_topic(topic)]
        if absent:
            others = sorted({name for name, _ in self.get_topic_names_and_types()} - set(absent))
            there = f"topics there are: {', '.join(others) or 'none'}"
            causes.append(f"nobody published {', '.join(absent)}; leave them out, or check the names ({there})")
        causes = causes or ["their publishers came too late"]
        return f"{'; '.join(causes)} ({self.first} is connected when all the others are)"

    def _uninstalled(self) -> str:
        kinds = ", ".join(f"{kind} ({topic})" for topic, kind in self.unknown.items())
        return f"not installed here: {kinds}; source the workspace that has it, or leave the topic out"

    def _now(self) -> int:
        """Nanoseconds of the clock, which never run back in a bag: passes of a looped bag come one after the other."""
        now = self._recorded_by().now().nanoseconds
        if now + self._ahead < self._newest:
            if not self._ahead:
                self.get_logger().warning(
                    f"time ran back by {(self._newest - now) / 1e9:g} s, as where a bag is played in a loop: from here "
                    "on log times go on from where they were; header stamps are as they come"
                )
            self._ahead = self._newest - now
        self._newest = now + self._ahead
        return self._newest

    def _recorded_by(self) -> Clock:
        """The node's; where simulated time has not begun by the first message, the system's."""
        if self._time is None:
            self._time = self.get_clock() if self.get_clock().now().nanoseconds else Clock()
            if self._time is not self.get_clock():
                self.get_logger().warning("use_sim_time is set, but there is no /clock: recording in the system's time")
        return self._time
