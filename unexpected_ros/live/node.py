"""The detector node: camera messages in, masks, maps and regions out. It only wires; each part has its own file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo
from std_srvs.srv import SetBool, Trigger

from unexpected_core.config import SettingsError
from unexpected_core.encodings import EncodingError
from unexpected_ros.live.diagnostics import Health
from unexpected_ros.live.geometry import is_rectified
from unexpected_ros.live.incoming import age_ms, camera_from, stamp_ns
from unexpected_ros.live.logs import CauseLog, forward_to, stop_forwarding
from unexpected_ros.live.outputs import Result
from unexpected_ros.live.overrides import overrides, unused
from unexpected_ros.live.parameters import THRESHOLD, changed, declare
from unexpected_ros.live.processing import find
from unexpected_ros.live.publishers import Publishers
from unexpected_ros.live.samples import write_sample
from unexpected_ros.live.subscription import ImageSubscription, Pace
from unexpected_ros.live.tracking import Tracker
from unexpected_ros.live.worker import Worker, too_old

if TYPE_CHECKING:
    from unexpected_core.pipeline.detector import Detector

STOP_TIMEOUT_S = 10.0
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class DetectorNode(LifecycleNode):
    """configure loads the model and offers the outputs, activate subscribes, deactivate and cleanup undo them."""

    def __init__(self, cli_args: list[str] | None = None) -> None:
        super().__init__("detector", automatically_declare_parameters_from_overrides=True, cli_args=cli_args)
        # rclpy knows a log call by its line and wants one severity per line: hence two lambdas
        self._warn_once = CauseLog(lambda text: self.get_logger().warning(text))
        self._error_once = CauseLog(lambda text: self.get_logger().error(text))
        self._detector: Detector | None = None
        self._outputs: Publishers | None = None
        self._input: ImageSubscription | None = None
        self._camera_info = None
        self._worker: Worker | None = None
        self._active, self._enabled = False, True
        self._begin_anew()
        self._forwarding = forward_to(self.get_logger())
        self.settings, self._given = declare(self)
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

    def _begin_anew(self) -> None:
        self._health, self._tracker, self._pace = Health(), Tracker(), Pace()
        self._camera, self._latest, self._complaint = None, None, ""

    # ---- lifecycle

    def start(self) -> bool:
        """Configure and activate; False when that fails (the log says why)."""
        return self.trigger_configure() == SUCCESS and self.trigger_activate() == SUCCESS

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model and offer the outputs."""
        try:
            self._detector = self._load()
            self._outputs = Publishers(self)
            self._warn_of_unused_overrides()
        except Exception as error:
            if self.context.ok():  # else it was told to end while loading
                self.get_logger().error(f"cannot load the detector: {error}")
            return FAILURE
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the camera and begin to work."""
        self._begin_anew()
        self._worker = Worker(self._work, self._on_error, "detector", self._is_stale)
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
            self._input = ImageSubscription(self, self.settings.input, self._on_image)
            self._camera_info = self.create_subscription(
                CameraInfo, "camera_info", self._on_camera_info, qos_profile_sensor_data
            )
            self.get_logger().info(f"listening to {self._input.topic}")

    def _unsubscribe(self) -> None:
        if self._input:
            self._input.close()
            self.destroy_subscription(self._camera_info)
            self._input = self._camera_info = None
        self._complaint = ""

    def _rest(self) -> None:
        self._active = False
        self._unsubscribe()
        if self._worker and not self._worker.stop(STOP_TIMEOUT_S):
            self.get_logger().warning(f"the frame in work did not end within {STOP_TIMEOUT_S:g} s; it is abandoned")
        self._worker = None

    def close(self) -> None:
        """Release everything that configure and activate took."""
        self._rest()
        if self._outputs:
            self._outputs.close()
            self._outputs = None
        on_gpu = self._detector and self._detector.device.startswith("cuda")
        self._detector = self._latest = None
        if on_gpu:
            import torch

            torch.cuda.empty_cache()  # else the driver still counts the memory as ours

    def destroy_node(self) -> None:
        """Close, then leave the ROS graph."""
        self.close()
        stop_forwarding(self._forwarding)
        super().destroy_node()
        # rclpy leaves it to the garbage collector, and with it the node in the graph and its blocks in shared memory
        self._state_machine.destroy_when_not_in_use()

    def _load(self) -> Detector:
        self.get_logger().info(f"loading the model '{self.settings.model.path}'")
        # torch takes seconds to import, and where it is missing, that is to be said like any other failed load
        from unexpected_core.pipeline.detector import load_detector

        model, detect = self.settings.model.model_dump(), self.settings.detect.core.model_dump()
        if THRESHOLD not in self._given:
            del detect["threshold"]
        detector = load_detector(model.pop("path"), **model, **detect)
        if THRESHOLD not in self._given:
            self.set_parameters([Parameter(THRESHOLD, value=float(detector.settings.detect.threshold))])
            self._given.discard(THRESHOLD)
        return detector

    # ---- parameters

    def _warn_of_unused_overrides(self) -> None:
        for name in unused(self, [*self._outputs.topics, self._diagnostics.topic_name]):
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

    def _on_camera_info(self, message: CameraInfo) -> None:
        self._camera = camera_from(message, is_rectified(self._input.topic, self.settings.camera.rectified))
        if self._camera.flaw:
            self._warn_once("calibration", f"camera_info is of no use for bearing and distance: {self._camera.flaw}")
        elif self._camera.doubt:
            self._warn_once("rectified", f"{self._input.topic}: {self._camera.doubt}")

    def _on_image(self, message) -> None:
        self._health.count("received")
        if not self._pace.allows(time.monotonic(), self.settings.input.max_rate_hz):
            self._health.count("paced")
        elif self._worker.offer(message) is not None:
            self._health.count("busy")

    def _age(self, message) -> float:
        return age_ms(message.header, self.get_clock().now().nanoseconds)

    def _is_stale(self, message) -> bool:
        stale = too_old(self._age(message), self.settings.input.max_age_ms)
        if stale:
            self._health.count("stale")
        return stale

    def _work(self, message) -> None:
        """One frame, in the worker's thread."""
        settings, detector, outputs = self.settings, self._detector, self._outputs
        age = self._age(message)
        image, detection, tracks, times = find(
            message,
            detector,
            self._tracker,
            settings.detect,
            settings.input,
            outputs.wanted("resynthesis"),
        )
        self._health.count("processed")
        result = Result(
            message.header,
            image,
            detection,
            tracks,
            settings,
            detector.model_id,
            self._camera,
            times | {"age": age},
            self._health.counts(),
        )
        self._latest = result
        published = outputs.publish(result)
        self._health.succeeded({**result.times, "publish": published})

    def _on_error(self, message, error: Exception) -> None:
        if not self.context.ok():
            return  # shutting down: publishers are gone, and nobody needs to hear of it
        if isinstance(error, EncodingError):
            self._health.count(f"bad: {error.cause}")
            self._warn_once(error.cause, f"frame skipped: {error}")
        else:
            text = f"frame lost: {type(error).__name__}: {error}"
            self._health.failed("error", text)
            self._error_once(type(error).__name__, text)

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
        result = self._latest
        if not result:
            response.message = "no frame was processed yet; nothing to save"
            return response
        stamp, folder = stamp_ns(result.header), self.settings.save.directory
        facts = {
            "stamp_ns": stamp,
            "frame_id": result.header.frame_id,
            "model_id": result.model_id,
            "settings": result.settings.model_dump(),
        }
        try:
            path = write_sample(folder, str(stamp), result.image, result.detection, facts)
            response.success, response.message = True, str(path)
        except Exception as error:
            response.message = f"cannot save below {folder}: {error}"
            self.get_logger().error(response.message)
        return response

    def _tick(self) -> None:
        complaint = self._input.check() if self._input else ""
        if complaint and not self._complaint:
            self.get_logger().warning(complaint)
        self._complaint = complaint
        state = (
            ("active" if self._enabled else "disabled by ~/enable")
            if self._active
            else "inactive"
            if self._detector
            else "unconfigured"
        )
        detector = self._detector
        facts = {"model_id": detector.model_id, "device": detector.description} if detector else {}
        name, hardware_id = self.get_fully_qualified_name(), self._input.topic if self._input else ""
        message = DiagnosticArray()
        message.header.stamp = self.get_clock().now().to_msg()
        message.status = [
            self._health.input_status(f"{name}: input", hardware_id, complaint),
            self._health.detector_status(f"{name}: detector", hardware_id, state, facts),
        ]
        self._diagnostics.publish(message)
