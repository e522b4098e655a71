"""Where on the ground a pixel looks: bearing and flat-ground distance from a calibrated camera. No ROS."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from unexpected_core.log import shown

_PINHOLE = ("", "plumb_bob", "rational_polynomial", "thin_prism_fisheye")
_FISHEYE = ("equidistant", "fisheye")
_COEFFICIENTS = dict.fromkeys(_PINHOLE, (0, 4, 5, 8, 12, 14)) | dict.fromkeys(_FISHEYE, (0, 4))
"""Distortion model -> numbers of coefficients that it may have; 0 = no distortion."""
HORIZON = 1e-3
"""Tangent of the angle below the horizon from which on a ray is said to meet the ground (at 1000 camera heights)."""


@dataclass(frozen=True, slots=True)
class Camera:
    """Calibration of an image of this size: the fields of sensor_msgs/CameraInfo."""

    height: int
    width: int
    matrix: np.ndarray  # K, float64 [3, 3]
    distortion: np.ndarray  # D, float64 [n]
    model: str

    @property
    def flaw(self) -> str:
        """Why this calibration cannot be used, '' where it can; an uncalibrated camera (zeros) has no flaw."""
        count, counts = self.distortion.size, _COEFFICIENTS.get(self.model)
        if counts is None:
            known = ", ".join(filter(None, _COEFFICIENTS))
            return f"distortion model '{shown(self.model)}' is not known; expected one of: {known}"
        if count not in counts:
            return f"'{self.model}' with {count} distortion coefficients; expected {', '.join(map(str, counts))}"
        return ""

    def ray(self, x: float, y: float, size: tuple[int, int]) -> tuple[float, float] | None:
        """Pixel of an image of `size` (height, width) -> (right, down) at depth 1; None where uncalibrated or flawed.

        The image may have been resized since calibration; the principal point is scaled with it.
        """
        if not self.matrix[0, 0] or not self.matrix[1, 1] or not self.width or not self.height or self.flaw:
            return None
        point = np.array([[[x * self.width / size[1], y * self.height / size[0]]]])
        if self.model in _FISHEYE:
            distortion = self.distortion if self.distortion.size else np.zeros(4)
            undistorted = cv2.fisheye.undistortPoints(point, self.matrix, distortion)
        else:
            undistorted = cv2.undistortPoints(point, self.matrix, self.distortion if self.distortion.size else None)
        right, down = undistorted[0, 0]
        return (float(right), float(down)) if math.isfinite(right) and math.isfinite(down) else None


def bearing(ray: tuple[float, float] | None) -> float:
    """Angle of a ray from the optical axis in the horizontal plane, radians, left positive; NaN without a ray."""
    return -math.atan(ray[0]) if ray else math.nan


def ground_distance(ray: tuple[float, float] | None, height: float, pitch: float) -> float:
    """Metres along flat ground to where the ray meets it; NaN when it does not or the height is unknown (0).

    height: camera above the ground [m]; pitch: optical axis below the horizon [rad].
    """
    if ray is None or height <= 0:
        return math.nan
    right, down = ray
    forward = math.cos(pitch) - down * math.sin(pitch)
    drop = math.sin(pitch) + down * math.cos(pitch)
    if forward <= 0 or drop < HORIZON * math.hypot(forward, right):
        return math.nan
    return height * math.hypot(forward, right) / drop
