"""The drawn ground: bands across the road, paint and blemishes, cast shadows; and the sky above."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.drawing.model.light import Light
from unexpected_core.drawing.model.plan import PANEL, Paint, World
from unexpected_core.drawing.model.road import Camera, LocalRoad, Pose
from unexpected_core.drawing.model.textures import INDEX, TEXELS_PER_METRE
from unexpected_core.drawing.render.atlas import sample
from unexpected_core.drawing.render.faces import NEAR, SUBPIXEL
from unexpected_core.labels import TRAIN_ID

BANDS = ("road", "kerb", "pavement", "terrain")
BAND_LABELS = np.array([TRAIN_ID["road"], TRAIN_ID["sidewalk"], TRAIN_ID["sidewalk"], TRAIN_ID["terrain"]], np.uint8)
_STEP = 0.02
_REACH = 60.0
_CELLS = int(2 * _REACH / _STEP)
F32 = np.float32


class Ground(NamedTuple):
    """Samples of the ground, float32 [N]: right, forward, depth, s, d in metres; band: number in BANDS; cell:
    column of the tables."""

    right: np.ndarray
    forward: np.ndarray
    depth: np.ndarray
    s: np.ndarray
    d: np.ndarray
    band: np.ndarray
    cell: np.ndarray


def survey(world: World, road: LocalRoad, camera: Camera, x: np.ndarray, y: np.ndarray) -> Ground:
    """Where on the ground the rays (x, y, 1), float [N], end."""
    right, forward, depth = camera.to_ground(x, y)
    s, d = road.to_road(right, forward)
    cell = np.clip((d + F32(_REACH)) * F32(1 / _STEP), 0, _CELLS - 1).astype(np.int32)
    band = _band_table(world)[cell]
    for sign, gaps in world.gaps.items():
        for panel in gaps:
            middle = F32((panel + 0.5) * PANEL)
            if road.start - 5 < middle < road.start + 180:
                away = np.abs(s - middle)
                outside = (d * sign > world.sides[sign].edge - 2 * _STEP) & (away < 3.6)
                band = np.where(outside, np.where(away < 3.2, 0, 1).astype(np.uint8), band)
    return Ground(right, forward, depth, s, d, band, cell)


@lru_cache(maxsize=4)
def _band_table(world: World) -> np.ndarray:
    d = (np.arange(_CELLS) + 0.5) * _STEP - _REACH
    band = np.zeros(len(d), np.uint8)
    for sign, side in world.sides.items():
        beyond = d * sign - side.edge
        band[beyond >= 0] = 1
        paved = side.pavement if side.kind not in ("buildings",) else _REACH
        band[beyond >= (0.15 if side.pavement else 0.0)] = 2
        band[beyond >= paved] = 3
    return band


@lru_cache(maxsize=4)
def _lateral(world: World) -> np.ndarray:
    """Brightness across the road from wheel tracks, oil and dirt, float32 by cells of _STEP."""
    d = (np.arange(_CELLS) + 0.5) * _STEP - _REACH
    left, right = world.lanes
    tone = np.ones(len(d))
    strength = world.wear * 0.1
    for lane in range(-left, right):
        middle = (lane + 0.5) * world.lane
        for track in (-0.8, 0.8):
            tone += strength * 0.8 / (1 + ((d - middle - track) / 0.3) ** 2)
        tone -= strength / (1 + ((d - middle) / 0.35) ** 2)
    for sign, side in world.sides.items():
        tone -= 0.25 / (1 + ((d - sign * side.edge) / 0.18) ** 2)
    return tone.astype(F32)


def project(camera: Camera, right: np.ndarray, forward: np.ndarray) -> np.ndarray | None:
    """Ground points float [n] in metres to fillPoly corners int [n, 2].

    None if any lies behind the camera or far beyond the picture.
    """
    x, y, z = camera.to_camera(right, forward, np.zeros(len(right)))
    if z.min() < NEAR:
        z = np.maximum(z, NEAR)
    points = np.stack((camera.cx + camera.focal * x / z, camera.cy + camera.focal * y / z), axis=1)
    return np.floor(np.clip(points, -30000, 30000) * (1 << SUBPIXEL) + 0.5).astype(np.int32)


def paint_layer(world: World, road: LocalRoad, pose: Pose, camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is painted on the ground: numbers uint16 [H, W] (0 = nothing) and, by number, tints [N, 3] and alpha,
    worn [N, 2]."""
    layer = np.zeros((camera.height_px, camera.width), np.uint16)
    tints, mixes = [(0.0, 0.0, 0.0)], [(0.0, 0.0)]
    for paint, right, forward in _paints_near(world, road, pose):
        if forward.max() < 0.8:
            continue
        tints.append(paint.tint)
        mixes.append((paint.alpha, float(paint.worn)))
        polygon = project(camera, right, np.maximum(forward, 0.8))
        cv2.fillPoly(layer, [polygon], len(tints) - 1, shift=SUBPIXEL)
    return layer, np.array(tints, F32), np.array(mixes, F32)


def _paints_near(world: World, road: LocalRoad, pose: Pose) -> Iterator[tuple[Paint, np.ndarray, np.ndarray]]:
    """What is painted around the camera, and where its corners lie: right and forward, metres."""
    near, far = pose.s - 1.0, pose.s + 110.0
    chosen = [
        p for p in world.paints if p.points[0][0] < far and max(p.points[0][0], p.points[len(p.points) // 2][0]) > near
    ]
    if chosen:
        right, forward = road.to_local(*np.array([point for p in chosen for point in p.points]).T)
        stops = np.cumsum([len(p.points) for p in chosen])[:-1]
        yield from zip(chosen, np.split(right, stops), np.split(forward, stops), strict=True)


def shade(world: World, ground: Ground, camera: Camera, tints: np.ndarray, mixes: np.ndarray) -> np.ndarray:
    """Colour of ground samples before light, float32 [N, 3] (0..255); tints [N, 3], mixes [N, 2] of what is painted
    there."""
    materials = [world.ground[name] for name in BANDS]
    texture = np.array([INDEX[m[0]] for m in materials], np.int32)[ground.band]
    scale = TEXELS_PER_METRE[texture]
    base = np.array([(*m[1], *m[2]) for m in materials], F32)[ground.band]
    slant = np.sqrt(np.maximum(ground.depth * F32(1 / camera.height), 1))
    footprint = ground.depth * scale * F32(1 / camera.focal) * slant
    _, coarse = sample(INDEX["clouds"], ground.s * F32(3), ground.d * F32(9), footprint * F32(0.06))
    bright, blend = sample(texture, ground.s * scale, ground.d * scale, footprint)
    colour = base[:, :3] + (base[:, 3:] - base[:, :3]) * coarse[:, None]
    alpha = mixes[:, 0] * (1 - mixes[:, 1] * np.clip(blend * F32(2.8) - 1, 0, 0.75))
    colour += (tints - colour) * alpha[:, None]
    tone = np.where(ground.band == 0, _lateral(world)[ground.cell], F32(1)) * (F32(0.9) + coarse * F32(0.2))
    return colour * (tone * bright)[:, None]


def sky(
    light: Light, camera: Camera, heading: float, drift: float, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Colour of the sky in the directions (x, y, 1), float32 [N, 3], and whether a far tree line stands there, bool
    [N]."""
    up = np.maximum(-camera.below(y), F32(0.0005))
    share = np.minimum(up * F32(1 / 0.45), 1)
    share = (share * (2 - share))[:, None]
    bottom, top = np.array(light.bottom, F32), np.array(light.top, F32)
    colours = bottom * (1 - share) + top * share
    far = 1 / (up + F32(0.12))
    footprint = np.full(x.shape, 0.4, F32)
    _, thick = sample(INDEX["clouds"], x * far * F32(22) - F32(heading * 60), far * F32(60) + F32(drift), footprint)
    cover = np.clip((thick - F32(0.745 - 0.43 * light.clouds)) * F32(3.64), 0, 1)
    bright = np.array((56, 50, 48), F32) if light.night else np.minimum(bottom * F32(1.06), 255)
    colours += (bright * (1 - np.clip((thick - F32(0.59)) * F32(0.9), 0, 0.3))[:, None] - colours) * (
        cover * F32(0.85)
    )[:, None]
    across = x - F32(heading)
    _, line = sample(INDEX["clouds"], across * F32(90), np.full(x.shape, 17, F32), footprint)
    fine, _ = sample(INDEX["leaves"], across * F32(700), np.full(x.shape, 40, F32), footprint * 2)
    return colours, up < line * F32(0.1) - F32(0.012) + fine * F32(0.0077)
