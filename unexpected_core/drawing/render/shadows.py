"""Shadows on the drawn ground: cast by the sun, and the darkness under things where they touch it."""

from __future__ import annotations

import cv2
import numpy as np

from unexpected_core.drawing.model.light import Light
from unexpected_core.drawing.model.road import Camera, Pose
from unexpected_core.drawing.model.shapes import Shape, sin_cos
from unexpected_core.drawing.render.faces import SUBPIXEL, Placed
from unexpected_core.drawing.render.ground import project

_REACH = 80.0
"""Things farther ahead than this, metres, cast no shadow."""
_NEAREST = 0.7


def shadow_layers(placed: list[Placed], light: Light, pose: Pose, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Cast shadow and contact darkness, uint8 [H, W], 255 = full shadow."""
    cast, contact = (np.zeros((camera.height_px, camera.width), np.uint8) for _ in range(2))
    near = [p for p in placed if -6 < p.forward < _REACH]
    if near:
        _paint_contact(contact, near, camera)
    if near and sum(light.sun) > 0:
        _paint_cast(cast, near, light, pose, camera)
    return cv2.GaussianBlur(cast, (3, 3), 0), cv2.GaussianBlur(contact, (9, 5), 0)


def _paint_cast(layer: np.ndarray, near: list[Placed], light: Light, pose: Pose, camera: Camera) -> None:
    right, forward = _on_the_ground(near, light, pose)
    corners = project(camera, right, np.maximum(forward, _NEAREST))
    for p, own in zip(near, np.split(corners, np.cumsum([len(p.item.shape.points) for p in near])[:-1]), strict=True):
        shape = p.item.shape
        if shape.flat:
            for first, length in zip(shape.starts.tolist(), shape.counts.tolist(), strict=True):
                cv2.fillPoly(layer, [own[first : first + length]], 255, shift=SUBPIXEL)
        else:
            cv2.fillConvexPoly(layer, cv2.convexHull(own), 255, shift=SUBPIXEL)


def _on_the_ground(near: list[Placed], light: Light, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Where the sun throws all corners of the items: right and forward, metres, each [N]."""
    sine, cosine = sin_cos(pose.heading)
    east, north, up = light.towards
    sun_right, sun_forward = east * sine - north * cosine, east * cosine + north * sine
    level = (sun_right * sun_right + sun_forward * sun_forward) ** 0.5
    # A billboard stands for something round: for its shadow it is turned to the sun.
    to_sun = (sun_right / level, sun_forward / level)
    axes = [to_sun if p.item.shape.flat else (p.axis_right, p.axis_forward) for p in near]
    frames = [(p.right, p.forward, p.item.size, *axis) for p, axis in zip(near, axes, strict=True)]
    counts = [len(p.item.shape.points) for p in near]
    right, forward, size, ar, af = np.repeat(np.array(frames), counts, axis=0).T
    x, y, z = (np.concatenate([p.item.shape.points for p in near]) * size[:, None]).T
    return right + x * af + y * ar - sun_right / up * z, forward + y * af - x * ar - sun_forward / up * z


def _foot(shape: Shape) -> tuple[float, float, float, float]:
    """Where a shape touches the ground: x from, x to, y from, y to; that of a billboard is narrow and shallow."""
    (x0, y0, _), (x1, y1, _) = shape.low, shape.high
    if not shape.flat:
        return x0, x1, y0, y1
    half = min(max(abs(x0), abs(x1)), 0.6)
    return -half, half, -half * 0.4, half * 0.4


def _paint_contact(layer: np.ndarray, near: list[Placed], camera: Camera) -> None:
    grow = 0.06
    feet = [
        (p.right, p.forward, p.axis_right, p.axis_forward, *(p.item.size * edge for edge in _foot(p.item.shape)))
        for p in near
    ]
    right, forward, ar, af, x0, x1, y0, y1 = (column[:, None] for column in np.array(feet).T)
    x = np.concatenate((x0 - grow, x1 + grow, x1 + grow, x0 - grow), axis=1)
    y = np.concatenate((y0 - grow, y0 - grow, y1 + grow, y1 + grow), axis=1)
    ahead = forward + y * af - x * ar
    corners = project(camera, (right + x * af + y * ar).ravel(), np.maximum(ahead, _NEAREST).ravel()).reshape(-1, 4, 2)
    for i in np.flatnonzero(ahead.max(axis=1) > _NEAREST).tolist():
        cv2.fillConvexPoly(layer, corners[i], 190, shift=SUBPIXEL)
