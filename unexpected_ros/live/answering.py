"""What becomes of camera messages: which are worked on, how much is done with them, and the answer to each."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from unexpected_core.encodings import EncodingError
from unexpected_ros.inputs.incoming import age_ms
from unexpected_ros.inputs.mounts import Mounts
from unexpected_ros.live.feed import Feed
from unexpected_ros.live.outputs import Result
from unexpected_ros.live.processing import Found, Seen, find, limited, see
from unexpected_ros.live.samples import Keeper
from unexpected_ros.load.relief import Relief
from unexpected_ros.load.schedule import Schedule
from unexpected_ros.load.worker import Worker, too_old
from unexpected_ros.logs import CauseLog
from unexpected_ros.scene.geometry import Camera
from unexpected_ros.settings import NodeSettings

if TYPE_CHECKING:
    from unexpected_core.pipeline.detector import Detector
    from unexpected_ros.live.node import DetectorNode

STOP_TIMEOUT_S = 2.0
"""For a frame, and for a sample, in work; both together less than the five seconds after which ros2 launch insists."""

LONGEST_WORK_S = 10.0
"""For a frame, before the diagnostics tell of it: networks that hang raise nothing."""


class Readable(NamedTuple):
    """A message that could be read, the camera it is of, and its age in milliseconds when it was its turn."""

    feed: Feed
    message: Any
    age: float
    seen: Seen


class Answering:
    """Works on the newest message of each camera, in a thread of its own between `begin` and `end`.

    node: of it the settings and the detector of the moment are used. weights: of the cameras by name.
    """

    def __init__(self, node: DetectorNode, weights: Mapping[str, int]) -> None:
        self._node = node
        # rclpy knows a log call by its line and wants one severity per line: hence the lambdas
        self.warn_once = CauseLog(lambda text: node.get_logger().warning(text))
        self._error_once = CauseLog(lambda text: node.get_logger().error(text))
        self.relief = Relief(lambda text: node.get_logger().warning(text), node.to_cpu)
        self.keeper = Keeper(self.warn_once)
        self._mounts, self._schedule = Mounts(self.warn_once), Schedule(weights)
        self._mounts.listen(node)
        self._worker: Worker[tuple[Feed, Any]] | None = None
        self._ended = 0  # how often; frames that were begun with before are abandoned

    def begin(self) -> None:
        """Begin to work."""
        self.relief.begin(self._node.detector)
        self._worker = Worker(self.work, self._lost, "detector", self._is_stale, self._choose)

    def end(self) -> None:
        """Finish what is in work, if that does not take long."""
        if self._worker and not self._worker.stop(STOP_TIMEOUT_S):
            text = f"the frame in work did not end within {STOP_TIMEOUT_S:g} s; it is abandoned"
            self._node.get_logger().warning(text)
        self._worker = None
        self._ended += 1
        self.keeper.stop(STOP_TIMEOUT_S)
        self.relief.end()

    def stuck(self) -> str:
        """What to say of a frame that has been in work for too long, '' where none has."""
        seconds = self._worker.at_work_s() if self._worker else 0.0
        return f"no frame is finished: the one in work has taken {seconds:.0f} s" if seconds > LONGEST_WORK_S else ""

    def offer(self, feed: Feed, message: Any) -> None:
        """A message has come."""
        feed.health.count("received")
        if not feed.pace.allows(time.monotonic(), self._node.settings.input.max_rate_hz):
            feed.health.count("paced")
        elif feed.pace.passed % self.relief.rung.every:  # of all that came every second one may be paced already
            feed.health.count("spared")
        elif self._worker.offer((feed, message), feed.name) is not None:
            feed.health.count("busy")

    def work(self, batch: list[tuple[Feed, Any]]) -> None:
        """Answer messages of different cameras."""
        started, ended = time.perf_counter(), self._ended
        settings, detector = self._node.settings, self._node.detector
        frames = self._read(batch, settings)
        if not frames:
            return
        try:
            found, model_id, mode = self._detect(frames, detector, settings)
        except Exception as error:
            self._cost(frames, error, ended)
            return
        if ended != self._ended:  # abandoned: whoever might listen has been told that there is no more
            return
        for frame, of_one in zip(frames, found, strict=True):
            asked = time.perf_counter()
            camera = frame.feed.camera(settings.camera, frame.seen.stamp)
            started += time.perf_counter() - asked  # to wait for a calibration is no work
            came = self._answered(frame, of_one, camera, settings, model_id, mode)
            if ended != self._ended:  # abandoned while it was answered: its publishers may be gone
                return
            if isinstance(came, Exception):
                self._lost((frame.feed, frame.message), came)
            else:
                result, waited = came
                started += waited  # nor is it to wait for the pictures of the frame before
                self.keeper.offer(frame.feed.name, result)
        self.relief.observe(1e3 * (time.perf_counter() - started), settings.load)

    def _cost(self, frames: list[Readable], error: Exception, ended: int) -> None:
        """What is wrong with one frame is to cost that frame only, and none that is abandoned."""
        for frame in frames:
            if ended != self._ended:
                return
            if len(frames) == 1:
                self._lost((frame.feed, frame.message), error)
            else:
                self._work_alone(frame)

    def _work_alone(self, frame: Readable) -> None:
        item = frame.feed, frame.message
        try:
            self.work([item])
        except Exception as error:
            self._lost(item, error)

    def _choose(self, waiting: Collection[str]) -> list[str]:
        detector = self._node.detector
        on_gpu = detector and detector.device.startswith("cuda")
        return self._schedule.pick(waiting, self._node.settings.input.batch or (len(waiting) if on_gpu else 1))

    def _age(self, message: Any) -> float:
        return age_ms(message.header, self._node.get_clock().now().nanoseconds)

    def _is_stale(self, item: tuple[Feed, Any]) -> bool:
        feed, message = item
        stale = too_old(self._age(message), self._node.settings.input.max_age_ms)
        if stale:
            feed.health.count("stale")
        return stale

    def _read(self, batch: list[tuple[Feed, Any]], settings: NodeSettings) -> list[Readable]:
        frames, ages = [], [self._age(message) for _, message in batch]
        for (feed, message), age in zip(batch, ages, strict=True):
            try:
                frames.append(Readable(feed, message, age, see(message, settings.input)))
            except Exception as error:
                self._lost((feed, message), error)
        return frames

    def _detect(
        self, frames: list[Readable], detector: Detector, settings: NodeSettings
    ) -> tuple[list[Found], str, int]:
        """What is found in each, and the model_id and mode of all."""
        seen, feeds = [frame.seen for frame in frames], [frame.feed for frame in frames]
        resynthesis = "as painted" if any(feed.outputs.wanted("resynthesis") for feed in feeds) else False
        trackers, cameras = [feed.tracker for feed in feeds], [feed.name for feed in feeds]
        return self.relief.serve(
            detector,
            settings.detect,
            lambda using, detect: find(seen, using, trackers, detect, cameras, resynthesis),
        )

    def _answered(self, *of_one: Any) -> tuple[Result, float] | Exception:
        """What came of `_answer`."""
        try:
            return self._answer(*of_one)
        except Exception as error:
            return error

    def _answer(
        self, frame: Readable, found: Found, camera: Camera | None, settings: NodeSettings, model_id: str, mode: int
    ) -> tuple[Result, float]:
        """The answer, which goes out, and the seconds waited for the one before to be out."""
        feed, header = frame.feed, frame.message.header
        feed.health.count("processed")
        mounting = self._mounts.of(header.frame_id, settings.camera, feed.name)
        found = limited(found, settings.ground, camera, mounting, partial(self.warn_once, f"ground{feed.name}"))
        feed.latest = result = Result(
            header,
            frame.seen.image,
            found.detection,
            found.tracks,
            settings,
            model_id,
            camera,
            found.times | {"age": frame.age},
            feed.health.counts(),
            mode,
            mounting,
            found.scale,
        )
        sent, waited = feed.outputs.publish(result)
        sent.add_done_callback(partial(self._published, frame, result))
        return result, waited

    def _published(self, frame: Readable, result: Result, sent: Future[float]) -> None:
        """All outputs of a frame are out; called in the thread that sends pictures."""
        if error := sent.exception():
            self._lost((frame.feed, frame.message), error)
        else:
            frame.feed.health.succeeded({**result.times, "publish": sent.result()})

    def _lost(self, item: tuple[Feed, Any], error: Exception) -> None:
        feed, _ = item
        if not self._node.context.ok():
            return  # shutting down: publishers are gone, and nobody needs to hear of it
        whose = f" of {feed.name}" if feed.name else ""
        if isinstance(error, EncodingError):
            feed.health.count(f"bad: {error.cause}")
            self.warn_once(f"{error.cause}{whose}", f"frame{whose} skipped: {error}")
        else:
            text = f"frame{whose} lost: {type(error).__name__}: {error}"
            feed.health.failed(text)
            self._error_once(f"{type(error).__name__}{whose}", text)
