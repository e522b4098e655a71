"""The detector: numpy image in, Detection out. What the node, the command line and the examples use."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unexpected_core.config import SettingsError, build, unknown_name
from unexpected_core.images import check_image, resize_image, resize_map
from unexpected_core.log import LOGGER
from unexpected_core.pipeline.batching import group_by_size
from unexpected_core.pipeline.resizing import working_size
from unexpected_core.pipeline.runner import DetectorError, Runner
from unexpected_core.pipeline.settings import PUBLISHED, DetectorSettings, DetectSettings, ModelSettings
from unexpected_core.pipeline.timing import Stopwatch
from unexpected_core.regions import find_regions, no_labels
from unexpected_core.scorers import load_scorer
from unexpected_core.scorers.base import Scorer
from unexpected_core.structs import Detection


class Detector:
    """Scorer + resizing + threshold + regions. Calls from several threads wait for one another."""

    def __init__(self, scorer: Scorer, settings: DetectorSettings | None = None):
        self.settings = settings or DetectorSettings()
        self._runner = Runner(scorer, self.settings.model)
        self._busy = threading.Lock()
        height = scorer.working_height
        if self.settings.model.warmup and height:  # without a working height the size of the first image is unknown
            self._runner.warm_up(working_size(height, 2 * height, height, self.settings.detect.scale))
        LOGGER.info("detector %s on %s", self.model_id, self._runner.description)

    @property
    def scorer(self) -> Scorer:
        """The scorer, on its device."""
        return self._runner.scorer

    @property
    def model_id(self) -> str:
        """Name and weights' fingerprint, or that they are random: what messages carry."""
        name = self.scorer.model_id or self.scorer.name
        return f"{name}-random-weights" if self.scorer.random_weights and "random" not in name else name

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._runner.device

    @property
    def description(self) -> str:
        """Device and precision in words: 'cpu, float32, 2 threads'."""
        return self._runner.description

    def update(self, **changes: Any) -> None:
        """Change detect settings (threshold=0.6, min_area=100, ...) from the next image on, all or none.

        Raises SettingsError; the settings then stay as they were.
        """
        fixed = ModelSettings.model_fields.keys() & changes.keys()
        if fixed:
            raise SettingsError(f"setting '{min(fixed)}' is fixed once a detector is loaded; load another detector")
        detect = build(DetectSettings, self.settings.detect.model_dump() | changes)
        self.settings = self.settings.model_copy(update={"detect": detect})

    def detect(self, image: np.ndarray, resynthesis: bool = True, settings: DetectSettings | None = None) -> Detection:
        """RGB uint8 [H, W, 3] of any size -> Detection at that size. Raises ImageError, DetectorError.

        resynthesis: False leaves Detection.resynthesis None and saves the time to enlarge it. settings: for this call
        in place of the detector's own.
        """
        return self.detect_batch([image], resynthesis, settings)[0]

    def score(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """RGB uint8 [H, W, 3] -> score float32 [H, W], labels uint8 [H, W] or None, without looking for regions.

        Raises ImageError, DetectorError.
        """
        size = check_image(image).shape[:2]
        with self._busy:
            working = working_size(*size, self.scorer.working_height, self.settings.detect.scale)
            score, labels, _ = self._runner.score(self._runner.upload([image], working), resynthesis=False)
        return resize_image(score[0], size), None if labels is None else resize_map(labels[0], size)

    def detect_batch(
        self, images: Sequence[np.ndarray], resynthesis: bool = True, settings: DetectSettings | None = None
    ) -> list[Detection]:
        """Like detect, for several; those of one size are scored together, and their timings speak of all of them."""
        for image in images:
            check_image(image)
        detections: dict[int, Detection] = {}
        with self._busy:
            for group in group_by_size(images):
                found = self._detect_same_size(
                    [images[i] for i in group], resynthesis, settings or self.settings.detect
                )
                detections.update(zip(group, found, strict=True))
        return [detections[i] for i in range(len(images))]

    def _detect_same_size(
        self, images: list[np.ndarray], resynthesis: bool, settings: DetectSettings
    ) -> list[Detection]:
        runner = self._runner
        size = images[0].shape[:2]
        working = working_size(*size, self.scorer.working_height, settings.scale)
        watch = Stopwatch(runner.device)
        batch = runner.upload(images, working)
        watch.lap("prepare")
        score, labels, painted = runner.score(batch, resynthesis)
        watch.lap("score")
        if labels is None and settings.road_only:
            raise DetectorError("road_only needs labels, and this scorer predicts none; set road_only=False")
        found = []
        for i in range(len(images)):
            maps = (
                resize_image(score[i], size),
                no_labels(size) if labels is None else resize_map(labels[i], size),
                None if painted is None else resize_image(painted[i], size),
            )
            watch.lap("restore")
            mask, regions = find_regions(*maps[:2], **settings.model_dump(exclude={"scale"}))
            watch.lap("regions")
            found.append(Detection(maps[0], mask, *maps[1:], regions, dict(watch.timings)))
        return found


def load_detector(name_or_path: str | Path = "fast", device: str = "auto", **settings: Any) -> Detector:
    """A detector by shipped name, weight file or its folder; 'random' is a toy whose scores mean nothing.

    settings: any of DetectSettings and ModelSettings by name: load_detector("fast", threshold=0.7, scorer="softmax").
    A threshold that is not given is the one on the weights' card. Raises WeightsError, DeviceError, SettingsError.
    """
    chosen = _settings(path=str(name_or_path), device=device, **settings)
    scorer = load_scorer(chosen.model.path, chosen.model.scorer, **chosen.model.model_dump(include=set(PUBLISHED)))
    scorer.fuse()
    if "threshold" not in settings:
        chosen = chosen.model_copy(update={"detect": chosen.detect.model_copy(update={"threshold": scorer.threshold})})
    return Detector(scorer, chosen)


def _settings(**values: Any) -> DetectorSettings:
    """Settings by their bare names. Raises SettingsError."""
    model, detect = ModelSettings.model_fields, DetectSettings.model_fields
    for name in values:
        if name not in model and name not in detect:
            raise SettingsError(unknown_name("setting", name, [*model, *detect]))
    return DetectorSettings(
        model=build(ModelSettings, {name: values[name] for name in model if name in values}),
        detect=build(DetectSettings, {name: values[name] for name in detect if name in values}),
    )
