"""A look at images of one size: which part of each, at which size, and its maps laid back into the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from unexpected_core.images import resize_image, resize_map
from unexpected_core.labels import IGNORE
from unexpected_core.pipeline.batching import groups_of_equals
from unexpected_core.pipeline.resizing import working_part, working_size
from unexpected_core.pipeline.roi import COARSE, ROAD, box_around, given_area, road_area
from unexpected_core.pipeline.runner import DetectorError, Runner
from unexpected_core.pipeline.settings import DetectSettings
from unexpected_core.pipeline.timing import Stopwatch
from unexpected_core.structs import Box


class Look(NamedTuple):
    """One image's maps: score float32 [h, w], labels uint8 [h, w] or None, resynthesis uint8 [h, w, 3] or None.

    They are of the part `box` of an image of `size` (height, width). inside: bool [h, w] of the box, None = all of it.
    timings: ms by stage, of all images that were scored with it.
    """

    score: np.ndarray
    labels: np.ndarray | None
    resynthesis: np.ndarray | None
    size: tuple[int, int]
    box: Box
    inside: np.ndarray | None
    timings: dict[str, float]

    def restored(self, enlarge: bool = True) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Score float32 [H, W], labels uint8 and resynthesis uint8 at the image's own size.

        Outside the part they are 0, 255 and black. enlarge: False leaves the resynthesis of a whole image as painted.
        """
        part = self.box[2:]
        score = resize_image(self.score, part)
        if self.inside is not None:
            score = score * self.inside
        labels = None if self.labels is None else resize_map(self.labels, part)
        painted = self.resynthesis
        if painted is not None and (enlarge or part != self.size):
            painted = self._laid(resize_image(painted, part), 0)
        return self._laid(score, 0), self._laid(labels, IGNORE), painted

    def unseen(self) -> np.ndarray | None:
        """Where in the image nothing was looked for, bool [H, W]; None = it was everywhere."""
        if self.inside is None and self.box[2:] == self.size:
            return None
        unseen = np.ones(self.size, bool)
        self.box.of(unseen)[:] = False if self.inside is None else ~self.inside
        return unseen

    def _laid[T: np.ndarray | None](self, values: T, outside: int) -> T:
        if values is None or self.box[2:] == self.size:
            return values
        whole = np.full((*self.size, *values.shape[2:]), outside, values.dtype)
        self.box.of(whole)[:] = values
        return whole


def look(runner: Runner, images: Sequence[np.ndarray], settings: DetectSettings, resynthesis: bool) -> list[Look]:
    """RGB uint8 [H, W, 3] of one size -> what is seen of each, in order. Raises DetectorError."""
    size, watch = images[0].shape[:2], Stopwatch()
    working = runner.fixed_size or working_size(*size, runner.working_height, settings.scale, runner.step)
    boxes, inside = [Box(0, 0, *size)] * len(images), None
    if settings.roi:
        boxes, inside = _parts(runner, images, settings)
        watch.lap("find roi")
    looks: dict[int, Look] = {}
    for group in groups_of_equals(boxes):
        box = boxes[group[0]]
        sides = runner.fixed_size or working_part(box, size, working, runner.step)
        batch = runner.prepare([box.of(images[i]) for i in group], sides)
        watch.lap("prepare")
        maps = runner.score(batch, resynthesis)
        watch.lap("score")
        if maps.labels is None and settings.road_only:
            raise DetectorError("road_only needs labels, and this scorer predicts none; set road_only=False")
        seen = (maps.score, _each(maps.labels, group), _each(maps.resynthesis, group))
        for i, *of_one in zip(group, *seen, strict=True):
            looks[i] = Look(*of_one, size, box, inside, dict(watch.timings))
    return [looks[i] for i in range(len(images))]


def _each(maps: np.ndarray | None, group: Sequence[int]) -> Sequence[np.ndarray | None]:
    return [None] * len(group) if maps is None else maps


def _parts(
    runner: Runner, images: Sequence[np.ndarray], settings: DetectSettings
) -> tuple[list[Box], np.ndarray | None]:
    """The box to score of each image, and what is inside the region of interest there.

    Networks of one size always see all.
    """
    size = images[0].shape[:2]
    whole = Box(0, 0, *size)
    if settings.roi == ROAD:
        roads = [None] * len(images) if runner.fixed_size else _roads(runner, images, settings.scale)
        return [road or whole for road in roads], None
    area = given_area(settings.roi, size)
    box = box_around(area)
    if box is None:
        raise DetectorError(f"roi '{settings.roi}' holds no pixel of a {size[1]}x{size[0]} image")
    box = whole if runner.fixed_size else box
    return [box] * len(images), box.of(area)


def _roads(runner: Runner, images: Sequence[np.ndarray], scale: float) -> list[Box | None]:
    """Around what a first look, at a fraction of the size, calls drivable in each image; None where nothing is."""
    size = images[0].shape[:2]
    coarse = working_size(*size, runner.working_height, scale * COARSE, runner.step)
    labels = runner.score(runner.prepare(images, coarse), resynthesis=False).labels
    if labels is None:
        raise DetectorError("roi=road needs labels, and this scorer predicts none; give a polygon or a mask")
    return [box_around(road_area(each, size)) for each in labels]
