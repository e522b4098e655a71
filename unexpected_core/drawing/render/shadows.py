"""Shadows on the drawn ground: cast by the sun, and the darkness under things where they touch it."""

from __future__ import annotations

import cv2
import numpy as np

from unexpected_core.drawing.model.light import Light
from unexpected_core.drawing.model.road import Camera, Pose
from unexpected_core.drawing.model.shapes import sin_cos
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
    sine, cosine = sin_cos(pose.heading)
    east, north, up = light.towards
    sun_right, sun_forward = east * sine - north * cosine, east * cosine + north * sine
    level = (sun_right * sun_right + sun_forward * sun_forward) ** 0.5
    counts = [len(p.item.shape.points) for p in near]
    # A billboard stands for something round: for its shadow it is turned to the sun.
    frames = [
        (
            p.right,
            p.forward,
            p.item.size,
            *((sun_right / level, sun_forward / level) if p.item.shape.flat else (p.axis_right, p.axis_forward)),
        )
        for p in near
    ]
    base_right, base_forward, size, ar, af = np.repeat(np.array(frames), counts, axis=0).T
    x, y, z = (np.concatenate([p.item.shape.points for p in near]) * size[:, None]).T
    right = base_right + x * af + y * ar - sun_right / up * z
    forward = np.maximum(base_forward + y * af - x * ar - sun_forward / up * z, _NEAREST)
    corners = project(camera, right, forward)
    start = 0
    for p, count in zip(near, counts, strict=True):
        own = corners[start : start + count]
        start += count
        if p.item.shape.flat:
            for first, length in zip(p.item.shape.starts.tolist(), p.item.shape.counts.tolist(), strict=True):
                cv2.fillPoly(layer, [own[first : first + length]], 255, shift=SUBPIXEL)
        else:
            cv2.fillConvexPoly(layer, cv2.convexHull(own), 255, shift=SUBPIXEL)


def _paint_contact(layer: np.ndarray, near: list[Placed], camera: Camera) -> None:
    grow = 0.06
    feet = []
    for p in near:
        (x0, y0, _), (x1, y1, _) = p.item.shape.low, p.item.shape.high
        if p.item.shape.flat:
            half = min(max(abs(x0), abs(x1)), 0.6)
            x0, x1, y0, y1 = -half, half, -half * 0.4, half * 0.4
        feet.append(
            (p.right, p.forward, p.axis_right, p.axis_forward, *(side * p.item.size for side in (x0, x1, y0, y1)))
        )
    right, forward, ar, af, x0, x1, y0, y1 = (column[:, None] for column in np.array(feet).T)
    x = np.concatenate((x0 - grow, x1 + grow, x1 + grow, x0 - grow), axis=1)
    y = np.concatenate((y0 - grow, y0 - grow, y1 + grow, y1 + grow), axis=1)
    ahead = forward + y * af - x * ar
    corners = project(camera, (right + x * af + y * ar).ravel(), np.maximum(ahead, _NEAREST).ravel()).reshape(-1, 4, 2)
    for i in np.flatnonzero(ahead.max(axis=1) > _NEAREST).tolist():
        cv2.fillConvexPoly(layer, corners[i], 190, shift=SUBPIXEL)
