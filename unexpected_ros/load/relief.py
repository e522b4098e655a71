"""Keeps frames coming when time or memory is short: which detector works on the next ones, and at what size. No ROS."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from unexpected_core.pipeline.runner import OutOfMemory
from unexpected_ros.load.ladder import OF_ONE_SIZE, RUNGS, WITHOUT_HEAD, Ladder, Rung
from unexpected_ros.settings import LiveDetectSettings, LoadSettings

if TYPE_CHECKING:
    from unexpected_core.pipeline.detector import Detector

LEAST_SCALE = 0.1


def free_gpu_memory() -> None:
    """Give back what no tensor uses; else the driver still counts it as ours."""
    import torch

    torch.cuda.empty_cache()


class Relief:
    """Stands between the node and its detector.

    say: hears a line whenever the way to work changes. to_cpu: replaces the node's detector by one on the CPU.
    free: gives back the memory of one that was on the GPU, once nobody holds it any more.
    """

    def __init__(
        self,
        say: Callable[[str], object],
        to_cpu: Callable[[], Detector],
        free: Callable[[], object] = free_gpu_memory,
    ) -> None:
        self._say, self._to_cpu, self._free = say, to_cpu, free
        self._detector: Detector | None = None
        self._simple: Detector | None = None
        self._ladder = Ladder()
        self._spare: Callable[[], Detector | None] = lambda: None  # what `to_cpu` gave, while somebody holds it
        self._to_free = False  # a detector on the GPU was replaced; the frame in work still holds it

    @property
    def rung(self) -> Rung:
        """How frames are worked on now."""
        return self._ladder.rung

    @property
    def less(self) -> str:
        """How frames are worked on while that is less than was asked for, else ''."""
        if self._detector and self._detector is self._spare():
            return f"{self.rung.name} on the CPU"
        return self.rung.name if self.rung != RUNGS[0] else ""

    def begin(self, detector: Detector) -> None:
        """Work with this one from now on, on the first rung."""
        from unexpected_core.pipeline.simpler import has_direct_head

        self._to_free = self._detector is not None and self._detector.device.startswith("cuda")
        self._detector, self._simple = detector, None
        rungs = RUNGS if has_direct_head(detector) else WITHOUT_HEAD
        self._ladder = Ladder(OF_ONE_SIZE if detector.fixed_size else rungs)

    def end(self) -> None:
        """Forget the detector, so that its memory can be had."""
        self._detector, self._simple = None, None
        self._ladder = Ladder()
        self._free_what_was_left()

    def serve[T](
        self, detector: Detector, detect: LiveDetectSettings, run: Callable[[Detector, LiveDetectSettings], T]
    ) -> tuple[T, str, int]:
        """What `run` returns for the detector and settings that the rung wants, that detector's model_id, and the mode.

        Where memory ends it is tried again one rung lower, and from the last one on the CPU. Raises what `run` raises.
        """
        self._free_what_was_left()
        if detector is not self._detector:
            self.begin(detector)
        while True:
            rung = self.rung
            using = self._using(rung)
            try:
                return run(using, _scaled(detect, rung)), using.model_id, rung.mode
            except OutOfMemory as error:
                self._make_room(error)

    def _free_what_was_left(self) -> None:
        if self._to_free:
            self._to_free = False
            self._free()

    def _make_room(self, error: OutOfMemory) -> None:
        if self._detector is None:
            raise error  # the frame in work was abandoned
        if self._ladder.down():
            self._say(f"{error}; going on at {self.rung.name}")
        elif self._detector.device != "cpu":
            self._say(f"{error}; going on with the CPU")
            self._simple = None
            detector = self._to_cpu()
            self._spare = weakref.ref(detector)
            self.begin(detector)
        else:
            raise error

    def observe(self, took_ms: float, load: LoadSettings) -> None:
        """The work on one frame took so long, from reading its message to sending what programs wait for."""
        before = self.rung
        if self._ladder.observe(took_ms, load.budget_ms, load.frames):
            less = self.rung.cost < before.cost or self.rung.every > before.every
            why = "over" if less else "back below" if load.budget_ms else "without"
            took = f" ({took_ms:.0f} of {load.budget_ms:g} ms)" if load.budget_ms else ""
            self._say(f"{why} load.budget_ms{took}: going on at {self.rung.name}")

    def _using(self, rung: Rung) -> Detector:
        if not rung.simple:
            return self._detector
        if self._simple is None:
            from unexpected_core.pipeline.simpler import simpler

            self._simple = simpler(self._detector)
        return self._simple


def _scaled(detect: LiveDetectSettings, rung: Rung) -> LiveDetectSettings:
    return detect.model_copy(update={"scale": max(LEAST_SCALE, detect.scale * rung.scale)})
