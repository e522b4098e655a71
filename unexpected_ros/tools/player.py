"""The node of the replay: a camera whose frames, time and speed others may command."""

from __future__ import annotations

import time
from collections.abc import Callable

from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.clock import Clock as RosClock
from rclpy.clock import ClockType
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from std_srvs.srv import SetBool, Trigger

from unexpected_core.media.shots import Shot
from unexpected_ros.live.messages import Messages
from unexpected_ros.live.ros import as_meant, ros_message
from unexpected_ros.live.spinning import Serving
from unexpected_ros.tools.transport import MAX_SPEED, MIN_SPEED, Transport

DEPTH = 10
CLOCK_S = 1 / 40
POLL_S = 0.05
LONGEST_S = 1e9
PATIENCE_S = 10.0
"""For the first /clock of others, which takes a moment to be found."""


class ReplayError(RuntimeError):
    """A replay that cannot begin; the message says why."""


class Player(Node):
    """Publishes shots when the transport says that they are due.

    frame_id: of the headers; None keeps that of footage that has one. recorded: keep the stamps of footage that has
    them; else they are of now. clock: publish /clock, which runs as the recording did. Raises ReplayError for
    parameters that do not fit.
    """

    def __init__(
        self, transport: Transport, frame_id: str | None = None, recorded: bool = False, clock: bool = False
    ) -> None:
        super().__init__("replay", automatically_declare_parameters_from_overrides=True)
        self._serving = Serving(self)
        self._transport, self._frame_id, self._recorded = transport, frame_id, recorded
        # the system's where /clock is our own: it begins with what this says
        self._now = RosClock() if clock else self.get_clock()
        self._origin: int | None = None
        self._newest = 0  # nanoseconds that /clock has shown since the last jump
        self._images = self.create_publisher(Image, "image", QoSProfile(depth=DEPTH))
        self._infos = self.create_publisher(CameraInfo, "camera_info", QoSProfile(depth=DEPTH))
        self._times = self.create_publisher(Clock, "/clock", QoSProfile(depth=1)) if clock else None
        if clock:
            self.create_timer(CLOCK_S, self._show_time, clock=RosClock(clock_type=ClockType.STEADY_TIME))
        self.create_service(SetBool, "~/pause", self._on_pause)
        self.create_service(Trigger, "~/step", self._on_step)
        speed = self._declare("speed", transport.speed, MIN_SPEED, MAX_SPEED, "seconds of footage in a second")
        start = self._declare("position", 0.0, 0.0, LONGEST_S, "seconds from the first frame; setting it jumps there")
        transport.set_speed(speed, time.monotonic())
        if start:
            transport.seek(start, time.monotonic())
        self.add_pre_set_parameters_callback(as_meant(("speed", "position")))
        self.add_post_set_parameters_callback(self._on_parameters)

    @property
    def topic(self) -> str:
        """Full name of the images' topic."""
        return self._images.topic_name

    def _declare(self, name: str, value: float, least: float, most: float, description: str) -> float:
        """Its value: what was said of it when the node was started, else `value`. An integer does for a decimal."""
        if self.has_parameter(name):
            value = super().get_parameter(name).value
            self.undeclare_parameter(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise ReplayError(f"parameter {name} is {value!r}, expected a number from {least:g} to {most:g}")
        limits = [FloatingPointRange(from_value=least, to_value=most)]
        about = ParameterDescriptor(description=description, floating_point_range=limits)
        self.declare_parameter(name, float(value), about, ignore_override=True)
        return float(value)

    def get_parameter(self, name: str) -> Parameter:
        """See Node; those of the transport are as they are now, whoever moved it."""
        if name == "speed":
            return Parameter(name, value=self._transport.speed)
        if name == "position":
            return Parameter(name, value=min(self._transport.position(time.monotonic()), LONGEST_S))
        return super().get_parameter(name)

    def _on_parameters(self, parameters: list[Parameter]) -> None:
        acts = {"speed": self._transport.set_speed, "position": self._transport.seek}
        for parameter in parameters:
            if parameter.name in acts:
                acts[parameter.name](parameter.value, time.monotonic())

    def _on_pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._transport.pause(request.data, time.monotonic())
        response.success, response.message = True, self.place()
        return response

    def _on_step(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._transport.step(time.monotonic())
        response.success, response.message = True, self.place()
        return response

    def place(self) -> str:
        """'paused at 3.2 s', 'playing at 3.2 s'."""
        transport = self._transport
        return f"{'paused' if transport.paused else 'playing'} at {transport.position(time.monotonic()):.1f} s"

    def wait_for_subscribers(self, count: int, timeout: float) -> None:
        """Return when `count` subscribers listen to the image. Raises ReplayError after `timeout` seconds."""
        give_up = time.monotonic() + timeout
        while (found := self._images.get_subscription_count()) < count:
            if time.monotonic() > give_up:
                raise ReplayError(
                    f"{self._images.topic_name} has {found} subscribers after {timeout:g} s, expected "
                    f"{count}; start them first, on the same ROS_DOMAIN_ID, or use --wait-for {found}"
                )
            self._serving.once(POLL_S)

    def rewind(self, position: float) -> None:
        """Stand at a position without anybody having asked for it; /clock may jump back to there."""
        self._transport.rewind(position, time.monotonic())
        self._newest = 0

    def wait(self, due: float, poll: Callable[[], None]) -> float | None:
        """Serve callbacks (and `poll`) until the frame of `due` is; returns a position that is to be gone to first."""
        self._serving.once(0)
        while True:
            poll()
            if (target := self._transport.sought()) is not None:
                self._newest = 0
                return target
            left = self._transport.wait(due, time.monotonic())
            if left <= 0:
                return None
            self._serving.once(min(left, POLL_S))

    def publish(self, shot: Shot, when: float, info: CameraInfo | None = None) -> Header:
        """Send one shot, its calibration first; returns the header. Raises ImageError when it cannot be read.
        Raises ReplayError where it needs the time, and simulated time does not begin.

        when: its time in seconds, of which the stamps are made that the footage does not have.
        """
        image = shot.read()
        header = self._header(shot, when)
        if info is not None:
            info.header = header
            self._infos.publish(info)
        self._show_time(Time.from_msg(header.stamp).nanoseconds)  # no frame is of a time to come
        self._images.publish(Messages(ros_message).image(header, image))
        self._transport.shown(when, time.monotonic())
        return header

    def _header(self, shot: Shot, when: float) -> Header:
        if not self._recorded:
            stamp = self._moment(when)
        else:
            if self._origin is None:
                self._origin = (shot.stamp or self._moment(when)) - round(when * 1e9)
            stamp = shot.stamp or self._origin + round(when * 1e9)
        frame_id = self._frame_id or shot.frame_id or "camera"
        return Header(stamp=Time(nanoseconds=stamp).to_msg(), frame_id=frame_id)

    def _moment(self, when: float) -> int:
        """Now, in nanoseconds; where simulated time has not begun, playing stands at `when` until it has."""
        if not (now := self._now.now().nanoseconds):
            give_up = time.monotonic() + PATIENCE_S
            while not (now := self._now.now().nanoseconds):
                if time.monotonic() > give_up:
                    raise ReplayError(
                        "use_sim_time is set, but /clock is not published, or stands at 0: frames would have no time; "
                        "start what publishes it, let this replay do so (--clock), or leave use_sim_time out"
                    )
                self._serving.once(POLL_S)
            self._transport.rewind(when, time.monotonic())
        return now

    def _show_time(self, least: int = 0) -> None:
        """Publish /clock, in nanoseconds `least` or later. Between two jumps it never runs back: log times, which the
        position follows, lag behind stamps by what varies from frame to frame.
        """
        if self._times and self._origin is not None:
            position = self._transport.position(time.monotonic())
            self._newest = max(self._origin + round(position * 1e9), least, self._newest)
            self._times.publish(Clock(clock=Time(nanoseconds=self._newest).to_msg()))

    def finish(self) -> None:
        """Wait until reliable subscribers have everything."""
        self._images.wait_for_all_acked(Duration(seconds=5))
