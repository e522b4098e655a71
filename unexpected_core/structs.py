"""The values that travel between the parts. Plain data; importing this file loads neither torch nor OpenCV."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One frame of a data set.

    key: name of the frame in its data set, unique, '/'-separated.
    image: RGB uint8 [H, W, 3].
    labels: Cityscapes train ids uint8 [H, W], 0..18, 255 = ignore; None where the set has none.
    instances: int32 [H, W], 0 = no instance; Cityscapes sets keep ``full_id * 1000 + n``.
    obstacle: uint8 [H, W], 0 normal, 1 obstacle, 255 outside the ROI.
    """

    key: str
    image: np.ndarray
    labels: np.ndarray | None = None
    instances: np.ndarray | None = None
    obstacle: np.ndarray | None = None

    def maps(self) -> dict[str, np.ndarray]:
        """The arrays that there are, by name, the image first; see the class."""
        named = {"image": self.image, "labels": self.labels, "instances": self.instances, "obstacle": self.obstacle}
        return {name: values for name, values in named.items() if values is not None}


class Pinhole(NamedTuple):
    """Intrinsics of a camera without distortion, in pixels: focal length and optical centre."""

    focal: float
    cx: float
    cy: float


class RoadCamera(NamedTuple):
    """A camera over a flat road. height: metres above it. focal, horizon: focal length and row of the horizon, both as
    shares of the image height, so that they hold for the image at any size.
    """

    height: float
    focal: float
    horizon: float

    def distance(self, row: np.ndarray) -> np.ndarray:
        """Rows float [...] (shares of the image height, 0 = top edge) -> where they meet the road, metres ahead.

        NaN above the horizon.

        Exact for a level camera; a pitch of 3 degrees makes it 0.1 m too far.
        """
        below = np.asarray(row, np.float64) - self.horizon
        with np.errstate(divide="ignore"):
            return np.where(below > 0, self.focal * self.height / below, np.nan)


class Scores(NamedTuple):
    """What a scorer says of a batch of images.

    score: float [B, H, W], higher = more unexpected; calibrated scores are in [0, 1].
    labels: predicted train ids uint8 [B, H, W], or None where the method has no segmenter.
    resynthesis: RGB float [B, 3, H, W] in [0, 1], or None where the method paints nothing.
    """

    score: Tensor
    labels: Tensor | None = None
    resynthesis: Tensor | None = None


class Box(NamedTuple):
    """A part of an image, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, values: np.ndarray) -> np.ndarray:
        """The part of values [H, W, ...] of any type."""
        return values[self.top : self.top + self.height, self.left : self.left + self.width]


@dataclass(frozen=True, slots=True)
class Region:
    """A connected area whose score is over the threshold, in pixels of the detected image.

    x, y, width, height: bounding box. centroid_x, centroid_y: centre of mass. area: pixel count.
    score, max_score: mean and greatest score inside. road_fraction: share of the region's lower
    border that stands on drivable labels, in [0, 1]. label: most frequent predicted train id inside, 255 = none.
    """

    x: int
    y: int
    width: int
    height: int
    centroid_x: float
    centroid_y: float
    area: int
    score: float
    max_score: float
    road_fraction: float
    label: int


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """What a detector found in one image; every map has the input's own size.

    score: float32 [H, W]. mask: bool [H, W], True inside the regions. labels: train ids uint8 [H, W], 255 = none.
    resynthesis: RGB uint8 [H, W, 3] (of another size if asked for) or None. regions: largest score first.
    timings: milliseconds by stage name, in the order of the stages. unseen: bool [H, W], where regions were not looked
    for: the own car, and outside the region of interest; None = they were everywhere.
    """

    score: np.ndarray
    mask: np.ndarray
    labels: np.ndarray
    resynthesis: np.ndarray | None
    regions: tuple[Region, ...]
    timings: dict[str, float] = field(default_factory=dict)
    unseen: np.ndarray | None = None
