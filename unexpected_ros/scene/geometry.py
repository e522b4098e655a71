"""Where a pixel looks: the ray of a calibrated camera through it, and its bearing. No ROS."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.log import shown
from unexpected_core.structs import Region

_PINHOLE = ("", "plumb_bob", "rational_polynomial", "thin_prism_fisheye")
_FISHEYE = ("equidistant", "fisheye")
_COEFFICIENTS = dict.fromkeys(_PINHOLE, (0, 4, 5, 8, 12, 14)) | dict.fromkeys(_FISHEYE, (0, 4))
"""Distortion model -> numbers of coefficients that it may have; 0 = no distortion."""
MOST = 14
"""Coefficients that any model has."""
HORIZON = 1e-3
"""Tangent of the angle below the horizon from which on a ray is said to meet the ground (at 1000 camera heights)."""
EDGE = 0.5
"""From a pixel's middle, where K counts it, to its edge: what covers rows 3 and 4 reaches from 2.5 to 4.5."""
SAME_SHAPE = 0.03
"""Share by which the shape of a resized image may differ from the calibration's, as where sizes are multiples of 16."""
SAME_PIXEL = 0.1
"""Pixels by which a ray, led back into the image, may miss the one that it was found for."""
_PRECISELY = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-6)
"""OpenCV's own five steps miss pixels at the edges of wide images by hundreds."""
_ORIGIN, _SAME = np.zeros(3), np.eye(3)
_undistort = getattr(cv2, "undistortPointsIter", cv2.undistortPoints)  # before OpenCV 5 only the former takes criteria


class SensorWindow(NamedTuple):
    """The part of the sensor that images show, in its pixels; all zeros = the whole. CameraInfo's roi."""

    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0


WHOLE = SensorWindow()


@dataclass(frozen=True, slots=True)
class Camera:
    """Calibration of a sensor of this size: the fields of sensor_msgs/CameraInfo.

    Images show `window` of the sensor (all of it where its size is 0), `binning` (right, down) of its pixels in one.
    projection: P, float64 [3, 4]. rectified: images are undistorted already, so P counts and not K, D and R; None = not
    known, and they are taken as the camera made them. rotation: R, from the camera's axes to those of its frame, which
    stereo calibrations turn; None = the same, see `rotation_of`.
    """

    height: int
    width: int
    matrix: np.ndarray  # K, float64 [3, 3]
    distortion: np.ndarray  # D, float64 [n]
    model: str
    projection: np.ndarray | None = None
    window: SensorWindow = WHOLE
    binning: tuple[int, int] = (1, 1)
    rectified: bool | None = False
    rotation: np.ndarray | None = None  # R, float64 [3, 3]

    @property
    def flaw(self) -> str:
        """Why this calibration cannot be used, '' where it can; an uncalibrated camera (zeros) has no flaw."""
        count, counts = self.distortion.size, _COEFFICIENTS.get(self.model)
        if self.rectified and self._projects():
            return ""
        if counts is None:
            known = ", ".join(filter(None, _COEFFICIENTS))
            return f"distortion model '{shown(self.model)}' is not known; expected one of: {known}"
        if count not in counts:
            many = f"more than {MOST}" if count == MOST + 1 else count  # of messages no more are kept
            return f"'{self.model}' with {many} distortion coefficients; expected {', '.join(map(str, counts))}"
        return ""

    @property
    def is_calibrated(self) -> bool:
        """Whether it says where pixels look."""
        matrix = self._matrix()
        return bool(matrix[0, 0] and matrix[1, 1] and self.width and self.height and not self.flaw)

    @property
    def doubt(self) -> str:
        """What is not known of the images and matters, '' for nothing."""
        if self.rectified is not None or (not self.distortion.any() and self.rotation is None):
            return ""
        return (
            "whether images are rectified is not known from the topic's name; they are taken as distorted. "
            "Set camera.rectified to yes or no"
        )

    def fits(self, size: tuple[int, int]) -> bool:
        """Whether images of `size` (height, width) may be its own, resized or not: they have its shape, to a row."""
        _, _, width, height = self.shown(size)
        right, down = self._bins()
        shapes = {height / width, height / down / (width / right)}  # some drivers tell of sizes that are binned already
        return any(abs(size[0] - size[1] * shape) <= max(SAME_SHAPE * size[0], 1) for shape in shapes)

    def ray(self, x: float, y: float, size: tuple[int, int]) -> tuple[float, float] | None:
        """One of `rays`; None where there is none."""
        right, down = self.rays(np.array([(x, y)]), size)[0].tolist()
        return (right, down) if math.isfinite(right) and math.isfinite(down) else None

    def rays(self, pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Pixels (x, y) [N, 2] of an image of `size` (height, width), whole numbers being middles -> (right, down)
        at depth 1 in its frame, float64 [N, 2]; NaN where uncalibrated or flawed, for images that it is not of, and
        where no ray leads that looks ahead.

        The image may have been resized since calibration: edges stay edges, and all between them is scaled.
        """
        if not self.is_calibrated or not self.fits(size) or not len(pixels):
            return np.full((len(pixels), 2), np.nan)
        left, top, width, height = self.shown(size)
        points = ((pixels + EDGE) * (width / size[1], height / size[0]) + (left, top) - EDGE)[:, None]
        rays, back = self._undistorted(points)
        missed = ~(np.abs(back - points).max(axis=(1, 2)) < SAME_PIXEL)  # not a number is a miss, too
        return self._turned(np.where(missed[:, None], np.nan, rays[:, 0]))

    def _undistorted(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels [N, 1, 2] -> the rays [N, 1, 2] that OpenCV finds, and the pixels [N, 1, 2] that they lead to."""
        matrix, bent = self._matrix(), self.distortion.size and not self.rectified
        distortion = self.distortion if bent else np.zeros(4)
        if self.model in _FISHEYE and not self.rectified:
            rays = cv2.fisheye.undistortPoints(points, matrix, distortion)
            return rays, cv2.fisheye.distortPoints(rays, matrix, distortion)
        rays = _undistort(points, matrix, distortion, R=None, P=None, criteria=_PRECISELY)
        ahead = cv2.convertPointsToHomogeneous(rays)
        return rays, cv2.projectPoints(ahead, _ORIGIN, _ORIGIN, matrix, distortion)[0]

    def _turned(self, rays: np.ndarray) -> np.ndarray:
        """Rays [N, 2] in the camera's axes -> in those of its frame; what looks back there has none."""
        if self.rectified or self.rotation is None:
            return rays
        turned = np.column_stack((rays, np.ones(len(rays)))) @ self.rotation.T
        turned[~(turned[:, 2] > 0)] = np.nan
        return turned[:, :2] / turned[:, 2:]

    def _matrix(self) -> np.ndarray:
        return self.projection[:, :3] if self.rectified and self._projects() else self.matrix

    def _projects(self) -> bool:
        return self.projection is not None and bool(self.projection[0, 0] and self.projection[1, 1])

    def _bins(self) -> tuple[int, int]:
        """(right, down); 0 says the same as 1."""
        right, down = self.binning
        return max(right, 1), max(down, 1)

    def shown(self, size: tuple[int, int]) -> tuple[float, float, float, float]:
        """(left, top, width, height) of what an image of `size` (height, width) shows, in the sensor's pixels.

        Some drivers announce a region and send the whole: an image that has just the whole's size shows the whole.
        """
        part, (right, down) = self.window, self._bins()
        whole = (0, 0, self.width, self.height)
        if not part.width or not part.height or size == (self.height // down, self.width // right):
            return whole
        return part


def rotation_of(matrix: np.ndarray) -> np.ndarray | None:
    """R, float64 [3, 3]; None where it turns nothing, or is no rotation to the decimals of calibration files: zeros."""
    if np.array_equal(matrix, _SAME) or not (np.abs(matrix) < 2).all():  # not a number is none, too
        return None
    is_rotation = np.allclose(matrix @ matrix.T, _SAME, atol=1e-3) and np.linalg.det(matrix) > 0
    return matrix if is_rotation else None


def is_rectified(topic: str, setting: str = "auto") -> bool | None:
    """Whether the images of a topic are rectified: setting 'yes' or 'no', or by its name as image_proc and drivers
    give them ('image_rect', 'rect/image'; 'image_raw'); None where the name does not tell.
    """
    if setting != "auto":
        return setting == "yes"
    words = set(re.split(r"[/_]", topic.lower()))
    if words & {"rect", "rectified", "undistorted", "undist"}:
        return True
    return False if "raw" in words else None


def edges(region: Region) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) of its box, as `Camera.ray` counts pixels."""
    return region.x - EDGE, region.y - EDGE, region.x + region.width - EDGE, region.y + region.height - EDGE


def bearing(ray: tuple[float, float] | None) -> float:
    """Angle of a ray from the optical axis in the horizontal plane, radians, left positive; NaN without a ray."""
    return -math.atan(ray[0]) if ray else math.nan
