"""One look at images of one size: which part, at which size, and its maps laid back into the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from unexpected_core.images import resize_image, resize_map
from unexpected_core.labels import IGNORE
from unexpected_core.pipeline.resizing import working_size
from unexpected_core.pipeline.roi import COARSE, ROAD, Box, box_around, given_area, road_area
from unexpected_core.pipeline.runner import DetectorError, Maps, Runner
from unexpected_core.pipeline.settings import DetectSettings
from unexpected_core.pipeline.timing import Stopwatch


class Look(NamedTuple):
    """maps: of the part `box` of images of `size` (height, width). inside: bool [h, w] of the box, None = all of it."""

    maps: Maps
    size: tuple[int, int]
    box: Box
    inside: np.ndarray | None = None

    def restored(self, i: int, enlarge: bool = True) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """The i-th image's score float32 [H, W], labels uint8 and resynthesis uint8 at its own size.

        Outside the part they are 0, 255 and black. enlarge: False leaves the resynthesis of a whole image as painted.
        """
        part = self.box[2:]
        score = resize_image(self.maps.score[i], part)
        if self.inside is not None:
            score = score * self.inside
        labels = None if self.maps.labels is None else resize_map(self.maps.labels[i], part)
        painted = None if self.maps.resynthesis is None else self.maps.resynthesis[i]
        if painted is not None and (enlarge or part != self.size):
            painted = self._laid(resize_image(painted, part), 0)
        return self._laid(score, 0), self._laid(labels, IGNORE), painted

    def _laid[T: np.ndarray | None](self, values: T, outside: int) -> T:
        if values is None or self.box[2:] == self.size:
            return values
        whole = np.full((*self.size, *values.shape[2:]), outside, values.dtype)
        self.box.of(whole)[:] = values
        return whole


def look(
    runner: Runner, images: Sequence[np.ndarray], settings: DetectSettings, resynthesis: bool, watch: Stopwatch
) -> Look:
    """RGB uint8 [H, W, 3] of one size -> their maps. Raises DetectorError."""
    height, width = images[0].shape[:2]
    box, inside = Box(0, 0, height, width), None
    working = runner.fixed_size or working_size(height, width, runner.working_height, settings.scale, runner.step)
    if settings.roi:
        box, inside = _part(runner, images, settings)
        working = runner.fixed_size or box.working((height, width), working, runner.step)
        images = [box.of(image) for image in images]
        watch.lap("find roi")
    batch = runner.prepare(images, working)
    watch.lap("prepare")
    maps = runner.score(batch, resynthesis)
    watch.lap("score")
    if maps.labels is None and settings.road_only:
        raise DetectorError("road_only needs labels, and this scorer predicts none; set road_only=False")
    return Look(maps, (height, width), box, inside)


def _part(runner: Runner, images: Sequence[np.ndarray], settings: DetectSettings) -> tuple[Box, np.ndarray | None]:
    """The box to score, and what is inside the region of interest there. Networks of one size always see all."""
    size = images[0].shape[:2]
    whole = Box(0, 0, *size)
    if settings.roi == ROAD:
        return whole if runner.fixed_size else _road(runner, images, settings.scale) or whole, None
    area = given_area(settings.roi, size)
    box = box_around(area)
    if box is None:
        raise DetectorError(f"roi '{settings.roi}' holds no pixel of a {size[1]}x{size[0]} image")
    box = whole if runner.fixed_size else box
    return box, box.of(area)


def _road(runner: Runner, images: Sequence[np.ndarray], scale: float) -> Box | None:
    """Around what a first look, at a fraction of the size, calls drivable in any of the images; None if nothing is."""
    size = images[0].shape[:2]
    coarse = working_size(*size, runner.working_height, scale * COARSE, runner.step)
    labels = runner.score(runner.prepare(images, coarse), resynthesis=False).labels
    if labels is None:
        raise DetectorError("roi=road needs labels, and this scorer predicts none; give a polygon or a mask")
    return box_around(np.any([road_area(each, size) for each in labels], axis=0))
