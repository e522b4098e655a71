"""Where on the ground a pixel looks: bearing and flat-ground distance from a calibrated camera. No ROS."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

_PINHOLE = ("", "plumb_bob", "rational_polynomial", "thin_prism_fisheye")
_FISHEYE = ("equidistant", "fisheye")
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

    def ray(self, x: float, y: float, size: tuple[int, int]) -> tuple[float, float] | None:
        """Pixel of an image of `size` (height, width) -> (right, down) at depth 1; None where uncalibrated.

        The image may have been resized since calibration; the principal point is scaled with it.
        """
        if not self.matrix[0, 0] or not self.matrix[1, 1] or not self.width or not self.height:
            return None
        point = np.array([[[x * self.width / size[1], y * self.height / size[0]]]])
        if self.model in _FISHEYE:
            undistorted = cv2.fisheye.undistortPoints(point, self.matrix, self.distortion[:4])
        elif self.model in _PINHOLE:
            undistorted = cv2.undistortPoints(point, self.matrix, self.distortion if self.distortion.size else None)
        else:
            return None
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
