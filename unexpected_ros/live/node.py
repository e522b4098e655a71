"""The detector node: camera messages in, masks, maps and regions out. It only wires; each part has its own file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from std_srvs.srv import SetBool, Trigger

from unexpected_core.config import SettingsError
from unexpected_ros.live.answering import Answering
from unexpected_ros.live.feed import Feed
from unexpected_ros.live.lifecycle import refuse_the_impossible
from unexpected_ros.live.own_thread import in_own_thread
from unexpected_ros.live.parameters import THRESHOLD, changed, declare
from unexpected_ros.live.publishers import OfferError, offered, unused
from unexpected_ros.live.twins import Twins
from unexpected_ros.load.relief import free_gpu_memory
from unexpected_ros.logs import forward_to, stop_forwarding
from unexpected_ros.settings import parse_cameras

if TYPE_CHECKING:
    from unexpected_core.pipeline.detector import Detector

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class DetectorNode(LifecycleNode):
    """configure loads the model and offers the outputs, activate subscribes, deactivate and cleanup undo them."""

    def __init__(self, cli_args: list[str] | None = None) -> None:
        super().__init__("detector", automatically_declare_parameters_from_overrides=True, cli_args=cli_args)
        refuse_the_impossible(self)
        self.feeds: list[Feed] = []
        self.detector: Detector | None = None
        self._active, self._enabled = False, True
        self._forwarding, self._twins = forward_to(self.get_logger()), Twins(self)
        self.settings, self._given = declare(self)
        weights = parse_cameras(self.settings.cameras) or {"": 1}
        self.answering = Answering(self, weights)
        self.feeds = [Feed(self, name, self.answering.warn_once) for name in weights]
        self.add_on_set_parameters_callback(self._check_parameters)
        self.add_post_set_parameters_callback(self._apply_parameters)
        self._diagnostics = offered(self, DiagnosticArray, "/diagnostics", QoSProfile(depth=10))
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
            self.detector = self._load()
            for feed in self.feeds:
                feed.offer()
            self._warn_of_unused_overrides()
        except Exception as error:
            if self.context.ok():  # else it was told to end while loading
                text = f"cannot load the detector: {type(error).__name__}: {error}"
                self.get_logger().error(str(error) if isinstance(error, OfferError) else text)
            self.close()
            return FAILURE
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the camera and begin to work."""
        for feed in self.feeds:
            feed.begin_anew()
        self._active = True
        try:
            self.answering.begin()
            self._subscribe()
        except Exception as error:  # rclpy would say nothing of it
            self.get_logger().error(f"cannot listen: {type(error).__name__}: {error}")
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
                feed.subscribe(self.settings.input, self.answering.offer)

    def _unsubscribe(self) -> None:
        for feed in self.feeds:
            feed.unsubscribe()

    def _rest(self) -> None:
        self._active = False
        self._unsubscribe()
        self.answering.end()

    def close(self) -> None:
        """Release everything that configure and activate took."""
        self._rest()
        for feed in self.feeds:
            feed.withdraw()
        on_gpu = self.detector and self.detector.device.startswith("cuda")
        self.detector = None
        if on_gpu:
            free_gpu_memory()

    def destroy_node(self) -> None:
        """Close, then leave the ROS graph."""
        if self.feeds:  # else its settings were refused before it took anything
            self.close()
        stop_forwarding(self._forwarding)
        super().destroy_node()
        # rclpy leaves it to the garbage collector, and with it the node in the graph and its blocks in shared memory
        self._state_machine.destroy_when_not_in_use()

    def to_cpu(self) -> Detector:
        """Load the detector anew, to work on the processor."""
        detector = self._load(device="cpu")
        if self._active:  # else the frame that wants it was abandoned meanwhile
            self.detector = detector
        return detector

    def _load(self, **others: Any) -> Detector:
        self.get_logger().info(f"loading the model '{self.settings.model.path}'")
        model, detect = self.settings.model.model_dump() | others, self.settings.detect.core.model_dump()
        if THRESHOLD not in self._given:
            del detect["threshold"]

        def load() -> Detector:
            # torch takes seconds to import, and where it is missing, that is to be said like any other failed load
            from unexpected_core.pipeline.detector import load_detector

            return load_detector(model.pop("path"), **model, **detect)

        detector = in_own_thread(load)
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

    # ---- services

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if request.data != self._enabled:
            self._enabled = request.data
            self._unsubscribe()
            self._subscribe()
        response.success, response.message = True, "enabled" if self._enabled else "disabled: frames are not taken"
        return response

    def _on_reload_model(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if not self.detector:
            response.message = "not configured: there is no model to replace; configure the node first"
            return response
        try:
            self.detector = self._load()
            response.success, response.message = True, f"loaded {self.detector.model_id}"
        except Exception as error:
            response.message = f"kept {self.detector.model_id}: {type(error).__name__}: {error}"
            self.get_logger().error(f"reload failed, {response.message}")
        return response

    def _on_save_sample(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        latest = [(feed.name, feed.latest) for feed in self.feeds if feed.latest]
        if not latest:
            response.message = "no frame was processed yet; nothing to save"
            return response
        try:
            response.message = ", ".join(str(self.answering.keeper.write(camera, result)) for camera, result in latest)
            response.success = True
        except Exception as error:
            where = self.settings.save.directory
            response.message = f"cannot save below {where}: {type(error).__name__}: {error}"
            self.get_logger().error(response.message)
        return response

    # ---- diagnostics

    def _tick(self) -> None:
        for feed in self.feeds:
            feed.check()
        state = self._state_machine.current_state[1]
        if self._active and not self._enabled:
            state = "disabled by ~/enable"
        detector = self.detector
        facts = {"model_id": detector.model_id, "device": detector.description} if detector else {}
        if self._active:
            facts["mode"] = self.answering.relief.rung.name
        message = DiagnosticArray()
        message.header.stamp = self.get_clock().now().to_msg()
        twin = self._twins.check()
        doubt = self._doubt(state, twin) if self._active else ""
        message.status = [status for feed in self.feeds for status in feed.statuses(state, facts, doubt)]
        self._diagnostics.publish(message)

    def _doubt(self, state: str, twin: str) -> str:
        """What is not as it should be with the work on frames, though none was lost, else ''. twin: see Twins."""
        less = self.answering.relief.less
        return self.answering.stuck() or twin or (f"{state}, at {less} to keep up" if less else "")
