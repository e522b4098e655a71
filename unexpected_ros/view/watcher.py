"""The ROS node of the window: watches one detector, and listens to those of its cameras that somebody looks at."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy

from unexpected_ros.view.assembly import Whole
from unexpected_ros.view.graph import Stream, find_streams, idle_detectors, remapped_regions
from unexpected_ros.view.listening import Listening

TICK_S = 0.2
SILENT_S = 3.0
"""Seconds without a report of a node after which it is taken for dead, though the graph still lists it."""
NOBODY = "no detector found; start one: ros2 launch unexpected_ros detector.launch.py image:=TOPIC"


class Watcher(Node):
    """Calls, in the executor's thread: on_frame(camera, Whole) for each processed frame of the cameras in `wanted()`,
    on_detector(name or None) when another detector (or another process of its name) is watched, on_state(**changes)
    for the page's state: text, watched (the detector's name) and cameras (name -> good, text, model).
    value: of a live parameter of the detector that is watched.
    """

    def __init__(
        self,
        name: str | None,
        wanted: Callable[[], Collection[str]],
        on_frame: Callable[[str, Whole], None],
        on_detector: Callable[[str | None], None],
        on_state: Callable[..., None],
        value: Callable[[str], Any],
    ) -> None:
        super().__init__("view", start_parameter_services=False)
        self._name, self._wanted, self._value = name and f"/{name.strip('/')}", wanted, value
        self._on_frame, self._on_detector, self._on_state = on_frame, on_detector, on_state
        self._absent = NOBODY  # why none is watched
        self._streams: dict[str, Stream] = {}  # of the detector, by camera
        self._reports: dict[str, dict[str, Any]] = {}
        self._told: dict[str, str] = {}  # camera topics, by prefix
        self._listening: dict[str, Listening] = {}
        self._heard = 0.0
        # which hears every publisher; of what is said once a second, one that is lost does no harm
        anyhow = QoSProfile(depth=10, reliability=QoSReliabilityPolicy.BEST_EFFORT)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, anyhow)
        # by the steady clock: simulated time may stand still, or not have begun
        self.create_timer(TICK_S, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _tick(self) -> None:
        there = find_streams(self, self._told)
        found = [s for s in there if self._name in (None, s.node, s.prefix)]
        streams = choose(found, self._streams.values(), self._is_alive())
        if births(streams).isdisjoint(births(self._streams)) and (streams or self._streams):
            self._heard, self._reports, self._told = time.monotonic(), {}, {}
            self._on_detector(next((stream.node for stream in streams.values()), None))
        self._streams = streams
        if not streams:
            others = {stream.node for stream in there}
            self._absent = absent(self._name, others, remapped_regions(self), idle_detectors(self))
        self._listen()
        self._tell()

    def _is_alive(self) -> bool:
        return time.monotonic() - self._heard <= SILENT_S

    def _listen(self) -> None:
        wanted = {camera: stream for camera, stream in self._streams.items() if camera in self._wanted()}
        for camera, listening in list(self._listening.items()):
            if wanted.get(camera) == listening.stream:
                listening.follow()
            else:
                self._listening.pop(camera).close()
        for camera in wanted.keys() - self._listening.keys():
            on_frame = partial(self._on_frame, camera)
            self._listening[camera] = Listening(self, wanted[camera], on_frame, self._value)

    def _tell(self) -> None:
        if not self._streams:
            return self._on_state(text=self._absent, watched=self._name or "", cameras={})
        silent = {"good": False, "text": "found" if self._is_alive() else "does not answer", "model": ""}
        reports = self._reports if self._is_alive() else {}
        cameras = {camera: reports.get(camera, silent) for camera in self._streams}
        self._on_state(text="", watched=next(iter(self._streams.values())).node, cameras=cameras)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for camera, stream in self._streams.items():
            names = (stream.node, stream.prefix)
            statuses = [status for status in message.status if status.name.partition(": ")[0] in names]
            if statuses:
                self._heard = time.monotonic()
                self._reports[camera] = report(statuses)
                if topic := statuses[0].hardware_id:  # none while it is not active
                    self._told[stream.prefix] = topic


def absent(name: str | None, there: Collection[str], remapped: Collection[str], idle: Collection[str] = ()) -> str:
    """Why no detector of a `name` (None: none at all) is watched. there: names of others. remapped: topics that would
    be their ~/regions. idle: names of those that offer nothing yet.
    """
    if meant := sorted(node for node in idle if name is None or f"{name}/".startswith(f"{node}/")):
        return (
            f"{meant[0]} offers nothing yet: it is loading its model, or waits to be configured "
            f"(ros2 lifecycle set {meant[0]} configure)"
        )
    if others := sorted({*there, *idle}):
        return f"no detector {name} found; there are: {', '.join(others)} (--detector)"
    if remapped:
        return (
            f"no detector found by its ~/regions, but {', '.join(sorted(remapped))}: detectors are known by that name; "
            "start it without remapping ~/regions"
        )
    return NOBODY


def births(streams: dict[str, Stream]) -> set[bytes]:
    """What tells their processes from others of the same name."""
    return {stream.birth for stream in streams.values()}


def choose(found: list[Stream], watched: Iterable[Stream], alive: bool) -> dict[str, Stream]:
    """The streams of one detector by camera: of the one that was `watched` while it is there, else of the first.

    One that was killed lingers in the graph beside its successor: it is kept while it is `alive`.
    """
    before = {stream.birth: stream.node for stream in watched}
    there = [stream.node for stream in found]
    node = next((node for node in before.values() if node in there), there[0] if there else None)
    kept = {stream.camera: stream for stream in found if stream.node == node and stream.birth in before}
    new = {stream.camera: stream for stream in found if stream.node == node and stream.birth not in before}
    chosen = new | kept if alive else kept | new  # the right one counts where both are there
    return dict(sorted(chosen.items()))


def report(statuses: list[DiagnosticStatus]) -> dict[str, Any]:
    """What the page says of one camera: the worst of its statuses."""
    worst = max(statuses, key=lambda status: status.level)
    values = {pair.key: pair.value for status in statuses for pair in status.values}
    good = worst.level == DiagnosticStatus.OK
    text = values.get("state", "") if good else worst.message
    model = ", ".join(filter(None, (values.get("model_id"), values.get("device"))))
    return {"good": good and text == "active", "text": text, "model": model}
