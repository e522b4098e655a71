"""The detector: numpy image in, Detection out. What the node, the command line and the examples use."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from unexpected_core.config import SettingsError, Value, build, unknown_name
from unexpected_core.images import check_image
from unexpected_core.log import LOGGER
from unexpected_core.memory import give_back
from unexpected_core.pipeline.batching import groups_of_equals
from unexpected_core.pipeline.ego_mask import ego_mask
from unexpected_core.pipeline.looking import Look, look
from unexpected_core.pipeline.resizing import working_size
from unexpected_core.pipeline.runner import DetectorError, Runner
from unexpected_core.pipeline.runtimes import open_runner, torch_runner
from unexpected_core.pipeline.settings import DetectorSettings, DetectSettings, ModelSettings
from unexpected_core.pipeline.timing import Stopwatch
from unexpected_core.regions import find_regions, no_labels
from unexpected_core.structs import Detection

if TYPE_CHECKING:
    from unexpected_core.scorers.base import Scorer

MODEL = ModelSettings()
AS_PAINTED = "as painted"
type Resynthesis = bool | Literal["as painted"]
"""Whether a Detection has one, and at which size."""


class Detector:
    """Scorer + resizing + threshold + regions. Calls from several threads wait for one another."""

    def __init__(self, scorer: Scorer | Runner, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()
        self._runner = scorer if isinstance(scorer, Runner) else torch_runner(scorer, self.settings.model)
        self._busy = threading.Lock()
        height = self._runner.working_height
        if self.settings.model.warmup and height:  # without a working height the size of the first image is unknown
            scale, step = self.settings.detect.scale, self._runner.step
            self._runner.warm_up(working_size(height, 2 * height, height, scale, step))
        give_back()
        LOGGER.info("detector %s on %s (%s)", self.model_id, self._runner.description, self._runner.reason)

    @property
    def scorer(self) -> Scorer | None:
        """The torch module on its device; None where an exported file runs."""
        return self._runner.scorer

    @property
    def model_id(self) -> str:
        """Name and weights' fingerprint, or that they are random: what messages carry."""
        name = self._runner.model_id or self._runner.name
        return f"{name}-random-weights" if self.random_weights and "random" not in name else name

    @property
    def random_weights(self) -> bool:
        """Whether the networks are untrained, so that results mean nothing and must say so."""
        return self._runner.random_weights

    @property
    def working_height(self) -> int | None:
        """Image height in pixels the networks were made for; None = any."""
        return self._runner.working_height

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        """(height, width) in pixels that all images are brought to, of an exported file of one size; None = any."""
        return self._runner.fixed_size

    @property
    def scale(self) -> float:
        """Factor on the working size: detect.scale, which changes nothing (1) where an exported file has one size."""
        return 1.0 if self.fixed_size else self.settings.detect.scale

    @property
    def device(self) -> str:
        """Where it computes: 'cpu', 'cuda:0', ..."""
        return self._runner.device

    @property
    def runtime(self) -> str:
        """What runs the networks: eager, compile, cuda_graph, onnx or openvino."""
        return self._runner.runtime

    @property
    def precision(self) -> str:
        """What the networks compute in: float32, bfloat16 or float16."""
        return self._runner.precision

    @property
    def description(self) -> str:
        """Device, precision and runtime in words: 'cpu, float32, 2 threads, eager'."""
        return self._runner.description

    def update(self, **changes: Value) -> None:
        """Change detect settings (threshold=0.6, min_area=100, ...) from the next image on, all or none.

        Raises SettingsError; the settings then stay as they were.
        """
        fixed = ModelSettings.model_fields.keys() & changes.keys()
        if fixed:
            raise SettingsError(f"setting '{min(fixed)}' is fixed once a detector is loaded; load another detector")
        detect = build(DetectSettings, self.settings.detect.model_dump() | changes)
        self.settings = self.settings.model_copy(update={"detect": detect})

    def detect(
        self, image: np.ndarray, resynthesis: Resynthesis = True, settings: DetectSettings | None = None
    ) -> Detection:
        """RGB uint8 [H, W, 3] of any size -> Detection at that size. Raises ImageError, DetectorError.

        resynthesis: False leaves Detection.resynthesis None, "as painted" at the networks' size (but with a roi, in
        which it has its place); both save the time to enlarge it. settings: for this call in place of the detector's
        own.
        """
        return self.detect_batch([image], resynthesis, settings)[0]

    def score(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """RGB uint8 [H, W, 3] -> score float32 [H, W], labels uint8 [H, W] or None, without looking for regions.

        Raises ImageError, DetectorError.
        """
        check_image(image)
        settings = self.settings.detect
        with self._busy:
            (seen,) = look(self._runner, [image], settings, False)
        score, labels, _ = seen.restored()
        return _without(_own_car(settings, seen.size), score), labels

    def detect_batch(
        self,
        images: Sequence[np.ndarray],
        resynthesis: Resynthesis = True,
        settings: DetectSettings | Sequence[DetectSettings] | None = None,
    ) -> list[Detection]:
        """Like detect, for several images RGB uint8 [H, W, 3].

        Those of one size, scale and place to look at are scored together, and their timings speak of all of them.
        settings: for all, or one for each image.
        """
        for image in images:
            check_image(image)
        settings = settings or self.settings.detect
        each = [settings] * len(images) if isinstance(settings, DetectSettings) else settings
        detections: dict[int, Detection] = {}
        with self._busy:
            looks = [(image.shape, one.scale, one.roi, one.road_only) for image, one in zip(images, each, strict=True)]
            for group in groups_of_equals(looks):
                found = self._detect_together([images[i] for i in group], resynthesis, [each[i] for i in group])
                detections.update(zip(group, found, strict=True))
        return [detections[i] for i in range(len(images))]

    def detect_stream(self, images: Iterable[np.ndarray], resynthesis: bool = True) -> Iterator[Detection]:
        """Like detect for one image RGB uint8 [H, W, 3] after the other: regions of one are found while the next is
        scored.

        More images a second, each one image later. Where the images end in an exception it comes after all results.
        """
        with ThreadPoolExecutor(1, "regions") as finisher:
            pending: Future[Detection] | None = None
            try:
                for image in images:
                    check_image(image)
                    settings = self.settings.detect
                    with self._busy:
                        (seen,) = look(self._runner, [image], settings, resynthesis)
                    done, pending = pending, finisher.submit(_finish, seen, settings)
                    if done is not None:
                        yield done.result()
            except Exception:  # such as a camera's that is unplugged: what it gave before is whole
                if pending is not None:
                    yield pending.result()
                raise
            if pending is not None:
                yield pending.result()

    def _detect_together(
        self, images: list[np.ndarray], resynthesis: Resynthesis, settings: list[DetectSettings]
    ) -> list[Detection]:
        looks = look(self._runner, images, settings[0], bool(resynthesis))
        return [_finish(seen, one, resynthesis != AS_PAINTED) for seen, one in zip(looks, settings, strict=True)]


def _finish(seen: Look, settings: DetectSettings, enlarge: bool = True) -> Detection:
    """The maps at the image's size, and the regions in them."""
    watch = Stopwatch(seen.timings)
    score, labels, painted = seen.restored(enlarge)
    labels = no_labels(seen.size) if labels is None else labels
    own_car, unseen = _own_car(settings, seen.size), seen.unseen()
    score = _without(own_car, score)
    if own_car is not None:
        unseen = own_car if unseen is None else unseen | own_car
    watch.lap("restore")
    mask, regions = find_regions(score, labels, settings, unseen)
    watch.lap("regions")
    return Detection(score, mask, labels, painted, regions, watch.timings, unseen)


def _without(own_car: np.ndarray | None, score: np.ndarray) -> np.ndarray:
    """Score float32 [H, W], 0 where the own car is."""
    return score if own_car is None else np.where(own_car, np.float32(0), score)


def _own_car(settings: DetectSettings, size: tuple[int, int]) -> np.ndarray | None:
    """bool [H, W] of an image of `size`, None = nowhere. Raises DetectorError for a mask that cannot be read."""
    try:
        return ego_mask(settings.ego_mask, size) if settings.ego_mask else None
    except ValueError as error:
        raise DetectorError(str(error)) from error


def load_detector(name_or_path: str | Path = MODEL.path, device: str = MODEL.device, **settings: Value) -> Detector:
    """A detector by shipped name, weight file or its folder, or exported file (.onnx: needs no torch).

    'random' is a toy whose scores mean nothing. settings: any of DetectSettings and ModelSettings by name:
    load_detector("fast", threshold=0.7, scorer="softmax"). A threshold that is not given is the one on the weights'
    card; other methods on its networks have 0.5. Raises WeightsError, DeviceError, SettingsError.
    """
    chosen = _settings(path=str(name_or_path), device=device, **settings)
    runner = open_runner(chosen.model)
    if "threshold" not in settings:
        chosen = chosen.model_copy(update={"detect": chosen.detect.model_copy(update={"threshold": runner.threshold})})
        if runner.scorer is not None and not runner.scorer.has_threshold:
            LOGGER.info("threshold %g: no card has one for '%s'", runner.threshold, runner.name)
    return Detector(runner, chosen)


def _settings(**values: Value) -> DetectorSettings:
    """Settings by their bare names. Raises SettingsError."""
    model, detect = ModelSettings.model_fields, DetectSettings.model_fields
    for name in values:
        if name not in model and name not in detect:
            raise SettingsError(unknown_name("setting", name, [*model, *detect]))
    return DetectorSettings(
        model=build(ModelSettings, {name: values[name] for name in model if name in values}),
        detect=build(DetectSettings, {name: values[name] for name in detect if name in values}),
    )
