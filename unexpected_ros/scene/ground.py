"""Where obstacles stand on flat ground, as points in the car's own frame. No ROS."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_ros.scene.geometry import EDGE, HORIZON, Camera

COLUMNS = 4
"""So many columns of the image have one point of an area: dense enough for the cells of a costmap."""
FAR_M = 60.0
"""Metres from the camera beyond which a pixel more or less is metres, and no point is made."""
GRID = 9
"""Rows and columns of pixels that are asked for the ground: those at the edges of a round fisheye image have no ray."""


class Mounting(NamedTuple):
    """Where the camera sits. position: metres in the car's frame (x ahead, y left, z up, ground at z = 0), float64 [3].
    rotation: from the optical frame (x right, y down, z ahead) to the car's, float64 [3, 3].
    """

    position: np.ndarray
    rotation: np.ndarray


def mounted(height: float, pitch: float) -> Mounting:
    """A camera above the car's origin that looks ahead. height: [m]; pitch: optical axis below the horizon [rad]."""
    sine, cosine = math.sin(pitch), math.cos(pitch)
    rotation = np.array([[0.0, -sine, cosine], [-1.0, 0.0, 0.0], [0.0, -cosine, -sine]])
    return Mounting(np.array([0.0, 0.0, height]), rotation)


def from_transform(translation: tuple[float, float, float], quaternion: tuple[float, float, float, float]) -> Mounting:
    """A transform of TF, from the optical frame to the car's: metres, and x, y, z, w of any length but 0."""
    x, y, z, w = np.array(quaternion) / np.linalg.norm(quaternion)
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    return Mounting(np.array(translation, np.float64), rotation)


def feet(mask: np.ndarray) -> np.ndarray:
    """Mask bool [H, W] -> (x, y) of where its areas stand, float64 [N, 2]: the lowest pixel of each area in every
    COLUMNS columns, the middle of its lower edge. An area has one at least, however thin it is.
    """
    count, areas = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    lower = mask.copy()
    lower[:-1] &= ~mask[1:]
    rows, columns = (index[::-1] for index in np.nonzero(lower))  # the lowest first
    _, lowest = np.unique(columns // COLUMNS * count + areas[rows, columns], return_index=True)
    return np.stack((columns[lowest], rows[lowest] + EDGE), axis=1)


def ground_distance(ray: tuple[float, float] | None, mounting: Mounting | None) -> float:
    """Metres along flat ground from the camera to where its ray meets it; NaN where it does not, or is not known."""
    if ray is None or mounting is None or mounting.position[2] <= 0:
        return math.nan
    points = meet_ground(np.array([(*ray, 1.0)]) @ mounting.rotation.T, mounting)
    return math.hypot(*(points[0] - mounting.position)[:2]) if len(points) else math.nan


def is_placed(camera: Camera | None, mounting: Mounting | None, size: tuple[int, int]) -> bool:
    """Whether it is known where on the ground the pixels of a camera's images of `size` (height, width) look."""
    above = mounting is not None and mounting.position[2] > 0
    return bool(above and camera and camera.is_calibrated and sees_ground(camera, mounting, size))


def sees_ground(camera: Camera, mounting: Mounting, size: tuple[int, int]) -> bool:
    """Whether any of GRID x GRID pixels spread over an image of `size` (height, width) looks below the horizon.

    None does where TF gives the camera's body (x ahead, z up) and not its optical frame: then it looks at the sky.
    """
    rows, columns = (np.linspace(0, length - 1, GRID) for length in size)
    pixels = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    return len(meet_ground(directions(camera.rays(pixels, size), mounting), mounting)) > 0


def directions(rays: np.ndarray, mounting: Mounting) -> np.ndarray:
    """Rays of `Camera.rays`, float64 [N, 2] -> those there are as directions in the car's frame, float64 [M, 3]."""
    rays = rays[np.isfinite(rays).all(axis=1)]
    return np.column_stack((rays, np.ones(len(rays)))) @ mounting.rotation.T


def meet_ground(looking: np.ndarray, mounting: Mounting) -> np.ndarray:
    """Rays of the camera as directions in the car's frame, float64 [N, 3] -> where those below the horizon meet the
    ground, in metres, float64 [M, 3].
    """
    level = np.hypot(looking[:, 0], looking[:, 1])
    down = looking[-looking[:, 2] > HORIZON * level]
    return mounting.position + down * (mounting.position[2] / -down[:, 2:])


def obstacle_points(mask: np.ndarray, camera: Camera, mounting: Mounting) -> np.ndarray:
    """Mask bool [H, W] of a calibrated camera -> points x, y, z in metres in the car's frame, float32 [N, 3], z = 0.

    What is above the horizon, or farther than FAR_M, has no point.
    """
    points = meet_ground(directions(camera.rays(feet(mask), mask.shape), mounting), mounting)
    near = np.hypot(*(points - mounting.position)[:, :2].T) <= FAR_M
    return (points * (1, 1, 0))[near].astype(np.float32)
