"""The detector node: camera messages in, masks, maps and regions out. It only wires; each part has its own file."""

from __future__ import annotations

import time
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_srvs.srv import SetBool, Trigger

from unexpected_core.config import SettingsError
from unexpected_core.encodings import EncodingError
from unexpected_ros.live.feed import Feed
from unexpected_ros.live.incoming import age_ms
from unexpected_ros.live.logs import CauseLog, forward_to, stop_forwarding
from unexpected_ros.live.mounts import Mounts
from unexpected_ros.live.outputs import Result
from unexpected_ros.live.overrides import overrides, unused
from unexpected_ros.live.parameters import THRESHOLD, changed, declare
from unexpected_ros.live.processing import Found, Seen, find, limited, see
from unexpected_ros.live.samples import Keeper
from unexpected_ros.live.settings import NodeSettings
from unexpected_ros.load.relief import Relief, free_gpu_memory
from unexpected_ros.load.schedule import Schedule, parse_cameras
from unexpected_ros.load.worker import Worker, too_old

if TYPE_CHECKING:
    from unexpected_core.pipeline.detector import Detector

STOP_TIMEOUT_S = 2.0
"""For a frame, and for a sample, in work; both together less than the five seconds after which ros2 launch insists."""
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class DetectorNode(LifecycleNode):
    """configure loads the model and offers the outputs, activate subscribes, deactivate and cleanup undo them."""

    def __init__(self, cli_args: list[str] | None = None) -> None:
        super().__init__("detector", automatically_declare_parameters_from_overrides=True, cli_args=cli_args)
        # rclpy knows a log call by its line and wants one severity per line: hence two lambdas
        self._warn_once = CauseLog(lambda text: self.get_logger().warning(text))
        self._error_once = CauseLog(lambda text: self.get_logger().error(text))
        self.feeds: list[Feed] = []
        self._keeper = Keeper(self._warn_once)
        self._detector: Detector | None = None
        self._worker: Worker[tuple[Feed, Any]] | None = None
        self._active, self._enabled = False, True
        self._relief = Relief(lambda text: self.get_logger().warning(text), self._to_cpu)
        self._mounts = Mounts(self)
        self._forwarding = forward_to(self.get_logger())
        self.settings, self._given = declare(self)
        weights = parse_cameras(self.settings.cameras) or {"": 1}
        self._schedule = Schedule(weights)
        self.feeds = [Feed(self, name, self._warn_once) for name in weights]
        self.add_on_set_parameters_callback(self._check_parameters)
        self.add_post_set_parameters_callback(self._apply_parameters)
        self._diagnostics = self.create_publisher(
            DiagnosticArray, "/diagnostics", 10, qos_overriding_options=overrides(self, "/diagnostics")
        )
        # a steady clock, so that reports go on while a bag with simulated time is paused
        self.create_timer(1.0, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.create_service(SetBool, "~/enable", self._on_enable)
        self.create_service(Trigger, "~/reload_model", self._on_reload_model)
        self.create_service(Trigger, "~/save_sample", self._on_save_sample)

    # ---- lifecycle

    def start(self) -> bool:
        """Configure and activate; False when that fails (the log says why)."""
        return self.trigger_configure() == SUCCESS and self.trigger_activate() == SUCCESS

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model and offer the outputs."""
        try:
            self._detector = self._load()
            for feed in self.feeds:
                feed.offer()
            self._warn_of_unused_overrides()
        except Exception as error:
            if self.context.ok():  # else it was told to end while loading
                self.get_logger().error(f"cannot load the detector: {error}")
            return FAILURE
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the camera and begin to work."""
        for feed in self.feeds:
            feed.begin_anew()
        self._relief.begin(self._detector)
        self._worker = Worker(self._work, self._on_error, "detector", self._is_stale, self._choose)
        self._active = True
        try:
            self._subscribe()
        except Exception as error:  # rclpy would say nothing of it
            self.get_logger().error(f"cannot listen: {error}")
            self._rest()
            return FAILURE
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening and working; the model stays."""
        self._rest()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back the model's memory and withdraw the outputs."""
        self.close()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """As deactivate and cleanup."""
        self.close()
        return super().on_shutdown(state)

    def _subscribe(self) -> None:
        if self._active and self._enabled:
            for feed in self.feeds:
                feed.subscribe(self.settings.input, self._on_image)

    def _unsubscribe(self) -> None:
        for feed in self.feeds:
            feed.unsubscribe()

    def _rest(self) -> None:
        self._active = False
        self._unsubscribe()
        if self._worker and not self._worker.stop(STOP_TIMEOUT_S):
            self.get_logger().warning(f"the frame in work did not end within {STOP_TIMEOUT_S:g} s; it is abandoned")
        self._worker = None
        self._keeper.stop(STOP_TIMEOUT_S)

    def close(self) -> None:
        """Release everything that configure and activate took."""
        self._rest()
        for feed in self.feeds:
            feed.withdraw()
        on_gpu = self._detector and self._detector.device.startswith("cuda")
        self._detector = None
        self._relief.end()
        if on_gpu:
            free_gpu_memory()

    def destroy_node(self) -> None:
        """Close, then leave the ROS graph."""
        self.close()
        stop_forwarding(self._forwarding)
        super().destroy_node()
        # rclpy leaves it to the garbage collector, and with it the node in the graph and its blocks in shared memory
        self._state_machine.destroy_when_not_in_use()

    def _to_cpu(self) -> Detector:
        self._detector = self._load(device="cpu")
        free_gpu_memory()
        return self._detector

    def _load(self, **others: Any) -> Detector:
        self.get_logger().info(f"loading the model '{self.settings.model.path}'")
        # torch takes seconds to import, and where it is missing, that is to be said like any other failed load
        from unexpected_core.pipeline.detector import load_detector

        model, detect = self.settings.model.model_dump() | others, self.settings.detect.core.model_dump()
        if THRESHOLD not in self._given:
            del detect["threshold"]
        detector = load_detector(model.pop("path"), **model, **detect)
        if THRESHOLD not in self._given:
            self.set_parameters([Parameter(THRESHOLD, value=float(detector.settings.detect.threshold))])
            self._given.discard(THRESHOLD)
        return detector

    # ---- parameters

    def _warn_of_unused_overrides(self) -> None:
        topics = [topic for feed in self.feeds for topic in feed.outputs.topics]
        for name in unused(self, [*topics, self._diagnostics.topic_name]):
            self.get_logger().warning(
                f"parameter '{name}' changes nothing; outputs take qos_overrides.<topic>.publisher.<policy>, "
                "the input takes input.reliability"
            )

    def _check_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        try:
            changed(self.settings, parameters)
        except SettingsError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _apply_parameters(self, parameters: list[Parameter]) -> None:
        self.settings = changed(self.settings, parameters)
        self._given |= {parameter.name for parameter in parameters}

    # ---- frames

    def _on_image(self, feed: Feed, message: Any) -> None:
        feed.health.count("received")
        if not feed.pace.allows(time.monotonic(), self.settings.input.max_rate_hz):
            feed.health.count("paced")
        elif feed.health.counts()["received"] % self._relief.rung.every:
            feed.health.count("spared")
        elif self._worker.offer((feed, message), feed.name) is not None:
            feed.health.count("busy")

    def _choose(self, waiting: Collection[str]) -> list[str]:
        detector = self._detector
        on_gpu = detector and detector.device.startswith("cuda")
        return self._schedule.pick(waiting, self.settings.input.batch or (len(waiting) if on_gpu else 1))

    def _age(self, message: Any) -> float:
        return age_ms(message.header, self.get_clock().now().nanoseconds)

    def _is_stale(self, item: tuple[Feed, Any]) -> bool:
        feed, message = item
        stale = too_old(self._age(message), self.settings.input.max_age_ms)
        if stale:
            feed.health.count("stale")
        return stale

    def _work(self, batch: list[tuple[Feed, Any]]) -> None:
        """Frames of different cameras, in the worker's thread."""
        started = time.perf_counter()
        settings, detector, ages = self.settings, self._detector, [self._age(message) for _, message in batch]
        seen: list[tuple[Feed, Any, float, Seen]] = []
        for (feed, message), age in zip(batch, ages, strict=True):
            try:
                seen.append((feed, message, age, see(message, settings.input)))
            except EncodingError as error:
                self._on_error((feed, message), error)
        if not seen:
            return
        resynthesis = any(feed.outputs.wanted("resynthesis") for feed, *_ in seen)
        trackers, cameras = [feed.tracker for feed, *_ in seen], [feed.name for feed, *_ in seen]
        try:
            found, model_id, mode = self._relief.serve(
                detector,
                settings.detect,
                lambda using, detect: find([one for *_, one in seen], using, trackers, detect, cameras, resynthesis),
            )
        except Exception:
            if len(seen) == 1:
                raise
            for feed, message, *_ in seen:  # what is wrong with one frame is to cost that frame only
                self._work_alone(feed, message)
            return
        for (feed, message, age, one), of_one in zip(seen, found, strict=True):
            self._publish(feed, message, one, of_one, settings, model_id, age, mode)
        self._relief.observe(1e3 * (time.perf_counter() - started), settings.load)

    def _work_alone(self, feed: Feed, message: Any) -> None:
        try:
            self._work([(feed, message)])
        except Exception as error:
            self._on_error((feed, message), error)

    def _publish(
        self,
        feed: Feed,
        message: Any,
        seen: Seen,
        found: Found,
        settings: NodeSettings,
        model_id: str,
        age: float,
        mode: int,
    ) -> None:
        feed.health.count("processed")
        mounting = self._mounts.of(message.header.frame_id, settings.camera)
        found = limited(found, settings.ground, feed.camera, mounting, partial(self._warn_once, f"ground{feed.name}"))
        feed.latest = result = Result(
            message.header,
            seen.image,
            found.detection,
            found.tracks,
            settings,
            model_id,
            feed.camera,
            found.times | {"age": age},
            feed.health.counts(),
            mode,
            mounting,
        )
        published = feed.outputs.publish(result)
        feed.health.succeeded({**result.times, "publish": published})
        self._keeper.offer(feed.name, result)

    def _on_error(self, item: tuple[Feed, Any], error: Exception) -> None:
        feed, _ = item
        if not self.context.ok():
            return  # shutting down: publishers are gone, and nobody needs to hear of it
        whose = f" of {feed.name}" if feed.name else ""
        if isinstance(error, EncodingError):
            feed.health.count(f"bad: {error.cause}")
            self._warn_once(f"{error.cause}{whose}", f"frame{whose} skipped: {error}")
        else:
            text = f"frame{whose} lost: {type(error).__name__}: {error}"
            feed.health.failed("error", text)
            self._error_once(f"{type(error).__name__}{whose}", text)

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if request.data != self._enabled:
            self._enabled = request.data
            self._unsubscribe()
            self._subscribe()
        response.success, response.message = True, "enabled" if self._enabled else "disabled: frames are not taken"
        return response

    def _on_reload_model(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if not self._detector:
            response.message = "not configured: there is no model to replace; configure the node first"
            return response
        try:
            self._detector = self._load()
            response.success, response.message = True, f"loaded {self._detector.model_id}"
        except Exception as error:
            response.message = f"kept {self._detector.model_id}: {error}"
            self.get_logger().error(f"reload failed, {response.message}")
        return response

    def _on_save_sample(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        latest = [(feed.name, feed.latest) for feed in self.feeds if feed.latest]
        if not latest:
            response.message = "no frame was processed yet; nothing to save"
            return response
        try:
            response.message = ", ".join(str(self._keeper.write(camera, result)) for camera, result in latest)
            response.success = True
        except Exception as error:
            response.message = f"cannot save below {self.settings.save.directory}: {error}"
            self.get_logger().error(response.message)
        return response

    def _tick(self) -> None:
        for feed in self.feeds:
            feed.check()
        state = (
            ("active" if self._enabled else "disabled by ~/enable")
            if self._active
            else "inactive"
            if self._detector
            else "unconfigured"
        )
        detector = self._detector
        facts = {"model_id": detector.model_id, "device": detector.description} if detector else {}
        if self._active:
            facts["mode"] = self._relief.rung.name
        message = DiagnosticArray()
        message.header.stamp = self.get_clock().now().to_msg()
        message.status = [
            status
            for feed in self.feeds
            for status in feed.statuses(state, facts, self._relief.less if self._active else "")
        ]
        self._diagnostics.publish(message)
