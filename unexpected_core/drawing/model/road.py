"""The course of the drawn road and the camera above it: plain geometry, exact to the last bit on any machine."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import numpy as np

from unexpected_core.drawing.model.shapes import sin_cos

FLATTEST = 1 / 400
"""Rays flatter than this (1 / metres) are sky."""


class Camera(NamedTuple):
    """A pinhole camera without roll. focal, cx, cy: pixels; height: metres above the road; pitch: radians, down
    positive."""

    width: int
    height_px: int
    focal: float
    cx: float
    cy: float
    height: float
    pitch: float

    def scaled(self, factor: int) -> Camera:
        """The same view with `factor` times as many pixels per side."""
        shift = (factor - 1) / 2
        return self._replace(
            width=self.width * factor,
            height_px=self.height_px * factor,
            focal=self.focal * factor,
            cx=self.cx * factor + shift,
            cy=self.cy * factor + shift,
        )

    def to_camera(
        self, right: np.ndarray, forward: np.ndarray, up: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points float [...] relative to the road below the camera -> x right, y down, z along the optical axis.

        All in metres.
        """
        sine, cosine = sin_cos(self.pitch)
        above = up - self.height
        return right, -forward * sine - above * cosine, forward * cosine - above * sine

    def to_ground(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rays (x, y, 1) float [...] that meet the ground -> right, forward and depth there, metres, float32 [...]."""
        sine, cosine = sin_cos(self.pitch)
        depth = np.float32(self.height) / self.below(y)
        return x * depth, depth * (np.float32(cosine) - y * np.float32(sine)), depth

    def below(self, y: np.ndarray) -> np.ndarray:
        """How steeply rays (x, y, 1) fall, float32 [...]; the ground is where this is over `FLATTEST` * height."""
        sine, cosine = sin_cos(self.pitch)
        return np.float32(sine) + y * np.float32(cosine)

    @property
    def horizon(self) -> float:
        """Row of the horizon."""
        sine, cosine = sin_cos(self.pitch)
        return self.cy - self.focal * sine / cosine


class Pose(NamedTuple):
    """Where the ego car is: x, y metres, heading radians (counter-clockwise from x), s along and d across the road
    in metres."""

    x: float
    y: float
    heading: float
    s: float
    d: float


class Road:
    """A centre line, one point per metre; s = distance along it, d = distance to its right."""

    def __init__(self, random: Random, length: int) -> None:
        bend = random.choice((0.0, 0.3, 0.7, 1.0))
        waves = [
            (random.uniform(-0.0075, 0.0075) * bend, random.uniform(140, 420), random.uniform(0, 6.28))
            for _ in range(3)
        ]
        s = np.arange(length + 1, dtype=np.float64)
        angle = sum(
            amount * wave / 6.283185307 * np.sin(s * (6.283185307 / wave) + phase) for amount, wave, phase in waves
        )
        self.angle = np.round(np.asarray(angle), 8)
        self.sine, self.cosine = np.round(np.sin(self.angle), 8), np.round(np.cos(self.angle), 8)
        self.x = np.concatenate(([0.0], np.cumsum((self.cosine[:-1] + self.cosine[1:]) / 2)))
        self.y = np.concatenate(([0.0], np.cumsum((self.sine[:-1] + self.sine[1:]) / 2)))

    def locate(self, s: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(s, d) float [...] in metres -> x, y, and the cosine and sine of the direction of the road there."""
        s = np.clip(np.asarray(s, np.float64), 0, len(self.x) - 1.001)
        index = s.astype(np.int64)
        part = s - index

        def mean(values: np.ndarray) -> np.ndarray:
            return values[index] * (1 - part) + values[index + 1] * part

        cosine, sine = mean(self.cosine), mean(self.sine)
        return mean(self.x) + sine * d, mean(self.y) - cosine * d, cosine, sine

    def pose(self, s: float, d: float, yaw: float) -> Pose:
        """The ego car at (s, d), turned `yaw` radians to the left of the road."""
        x, y, _, _ = self.locate(np.array([s]), np.array([d]))
        index = int(s)
        heading = float(self.angle[index] * (1 - (s - index)) + self.angle[index + 1] * (s - index)) + yaw
        return Pose(float(x[0]), float(y[0]), heading, s, d)

    def around(self, pose: Pose, ahead: int = 170, behind: int = 8) -> LocalRoad:
        """The piece of road that can be seen from a pose, in that pose's own frame (right, forward)."""
        start, stop = max(0, int(pose.s) - behind), min(len(self.x), int(pose.s) + ahead)
        sine, cosine = sin_cos(pose.heading)
        dx, dy = self.x[start:stop] - pose.x, self.y[start:stop] - pose.y
        ts, tc = self.sine[start:stop], self.cosine[start:stop]
        return LocalRoad(
            start, dx * sine - dy * cosine, dx * cosine + dy * sine, tc * sine - ts * cosine, tc * cosine + ts * sine
        )


class LocalRoad(NamedTuple):
    """Centre line near the camera, one point per metre from s = start: positions and unit tangents as (right,
    forward)."""

    start: int
    right: np.ndarray
    forward: np.ndarray
    along_right: np.ndarray
    along_forward: np.ndarray

    def to_road(self, right: np.ndarray, forward: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points of the ground float [...] in metres -> (s, d), float32. Exact near the road, straight beyond it."""
        f32 = np.float32
        last = len(self.forward) - 1
        rows = np.clip(np.searchsorted(self.forward, np.arange(0, 512) * 0.5), 1, last).astype(np.int32)
        row = rows[np.clip(forward * f32(2), 0, 511).astype(np.int32)]  # first guess: same forward distance
        guess = row + (right - self.right.astype(f32)[row]) * self.along_right.astype(f32)[row]
        index = np.clip(guess + f32(0.5), 0, last).astype(np.int32)
        er, ef = right - self.right.astype(f32)[index], forward - self.forward.astype(f32)[index]
        tr, tf = self.along_right.astype(f32)[index], self.along_forward.astype(f32)[index]
        return f32(self.start) + index.astype(f32) + er * tr + ef * tf, er * tf - ef * tr

    def to_local(self, s: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(s, d) -> (right, forward), float [...] in metres."""
        index = np.clip((s - self.start + 0.5).astype(np.int64), 0, len(self.forward) - 1)
        rest = s - self.start - index
        tr, tf = self.along_right[index], self.along_forward[index]
        return self.right[index] + rest * tr + d * tf, self.forward[index] + rest * tf - d * tr
