"""The drawn ground: bands across the road, paint and blemishes, cast shadows; and the sky above."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.datasets.drawing_faces import NEAR, SUBPIXEL, Placed
from unexpected_core.datasets.drawing_light import Light
from unexpected_core.datasets.drawing_road import Camera, LocalRoad, Pose
from unexpected_core.datasets.drawing_shapes import sin_cos
from unexpected_core.datasets.drawing_textures import INDEX, TEXELS_PER_METRE, sample
from unexpected_core.datasets.drawing_world import PANEL, World
from unexpected_core.labels import TRAIN_ID

BANDS = ("road", "kerb", "pavement", "terrain")
BAND_LABELS = np.array([TRAIN_ID["road"], TRAIN_ID["sidewalk"], TRAIN_ID["sidewalk"], TRAIN_ID["terrain"]], np.uint8)
_STEP = 0.02
_REACH = 60.0


class Ground(NamedTuple):
    """Pixels of the ground. index: flat pixel numbers; right, forward, depth, s, d: float32 metres; band: number in BANDS."""

    index: np.ndarray
    right: np.ndarray
    forward: np.ndarray
    depth: np.ndarray
    s: np.ndarray
    d: np.ndarray
    band: np.ndarray


def survey(world: World, road: LocalRoad, camera: Camera, numbers: np.ndarray) -> Ground:
    """Find where on the ground every pixel without a face lies."""
    first, forward_row, depth_row = camera.ground_rows()
    index = np.flatnonzero(numbers.ravel()[first * camera.width:] == 0) + first * camera.width
    row, column = index // camera.width - first, index % camera.width
    depth = depth_row.astype(np.float32)[row]
    forward = forward_row.astype(np.float32)[row]
    right = ((column - np.float32(camera.cx)) / np.float32(camera.focal)).astype(np.float32) * depth
    s, d = road.to_road(right, forward)
    s, d = s.astype(np.float32), d.astype(np.float32)
    table = _band_table(world)
    cell = np.clip((d + np.float32(_REACH)) * np.float32(1 / _STEP), 0, len(table) - 1).astype(np.int32)
    band = table[cell]
    for sign, gaps in world.gaps.items():
        for panel in gaps:
            middle = np.float32((panel + 0.5) * PANEL)
            if road.start - 5 < middle < road.start + 180:
                away = np.abs(s - middle)
                outside = (d * sign > world.sides[sign].edge) & (away < 3.6)
                band = np.where(outside, np.where(away < 3.2, 0, 1).astype(np.uint8), band)
    return Ground(index, right, forward, depth, s, d, band)


def _band_table(world: World) -> np.ndarray:
    d = (np.arange(int(2 * _REACH / _STEP)) + 0.5) * _STEP - _REACH
    band = np.zeros(len(d), np.uint8)
    for sign, side in world.sides.items():
        beyond = d * sign - side.edge
        band[beyond >= 0] = 1
        paved = side.pavement if side.kind not in ("buildings",) else _REACH
        band[beyond >= (0.15 if side.pavement else 0.0)] = 2
        band[beyond >= paved] = 3
    return band


def _lateral(world: World) -> np.ndarray:
    """Brightness across the road from wheel tracks, oil and dirt, float32 by cells of _STEP."""
    d = (np.arange(int(2 * _REACH / _STEP)) + 0.5) * _STEP - _REACH
    left, right = world.lanes
    tone = np.ones(len(d))
    strength = 0.10 if len(world.seed) % 2 else 0.05
    for lane in range(-left, right):
        middle = (lane + 0.5) * world.lane
        for track in (-0.8, 0.8):
            tone += strength * 0.8 / (1 + ((d - middle - track) / 0.3) ** 2)
        tone -= strength / (1 + ((d - middle) / 0.35) ** 2)
    for sign, side in world.sides.items():
        tone -= 0.25 / (1 + ((d - sign * side.edge) / 0.18) ** 2)
    return tone.astype(np.float32)


def project(camera: Camera, right: np.ndarray, forward: np.ndarray) -> np.ndarray | None:
    """Ground points to fillPoly corners; None if any lies behind the camera or far beyond the picture."""
    x, y, z = camera.to_camera(right, forward, np.zeros(len(right)))
    if z.min() < NEAR:
        z = np.maximum(z, NEAR)
    points = np.stack((camera.cx + camera.focal * x / z, camera.cy + camera.focal * y / z), axis=1)
    return np.floor(np.clip(points, -30000, 30000) * (1 << SUBPIXEL) + 0.5).astype(np.int32)


def paint_layer(world: World, road: LocalRoad, pose: Pose, camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is painted on the ground: numbers uint16 [H, W] (0 = nothing) and, by number, tints [N, 3] and alpha, worn [N, 2]."""
    layer = np.zeros((camera.height_px, camera.width), np.uint16)
    tints, mixes = [(0.0, 0.0, 0.0)], [(0.0, 0.0)]
    near, far = pose.s - 1.0, pose.s + 110.0
    chosen = [p for p in world.paints if p.points[0][0] < far and max(p.points[0][0], p.points[len(p.points) // 2][0]) > near]
    if not chosen:
        return layer, np.array(tints, np.float32), np.array(mixes, np.float32)
    right, forward = road.to_local(*np.array([point for p in chosen for point in p.points]).T)
    start = 0
    for p in chosen:
        cut = slice(start, start + len(p.points))
        start = cut.stop
        if forward[cut].max() < 0.8:
            continue
        tints.append(p.tint)
        mixes.append((p.alpha, float(p.worn)))
        cv2.fillPoly(layer, [project(camera, right[cut], np.maximum(forward[cut], 0.8))], len(tints) - 1, shift=SUBPIXEL)
    return layer, np.array(tints, np.float32), np.array(mixes, np.float32)


def shadow_layers(placed: list[Placed], light: Light, pose: Pose, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Cast shadow and contact darkness, uint8 [H, W], 255 = full shadow."""
    cast, contact = (np.zeros((camera.height_px, camera.width), np.uint8) for _ in range(2))
    sine, cosine = sin_cos(pose.heading)
    east, north, up = light.towards
    sun_right, sun_forward = east * sine - north * cosine, east * cosine + north * sine
    level = (sun_right * sun_right + sun_forward * sun_forward) ** 0.5
    slope_right, slope_forward = -sun_right / up, -sun_forward / up
    sunny = sum(light.sun) > 0
    for p in placed:
        if not -6 < p.forward < 80:
            continue
        shape, size = p.item.shape, p.item.size
        flat = shape.flat
        if p.forward < 60:
            _contact(contact, p, camera)
        if not sunny:
            continue
        ar, af = (sun_right / level, sun_forward / level) if flat else (p.axis_right, p.axis_forward)
        x, y, z = (shape.points * size).T
        right = p.right + x * af + y * ar + slope_right * z
        forward = np.maximum(p.forward + y * af - x * ar + slope_forward * z, 0.7)
        corners = project(camera, right, forward)
        if corners[:, 1].max() < 0:
            continue
        if flat:
            for start, count in zip(shape.starts.tolist(), shape.counts.tolist(), strict=True):
                cv2.fillPoly(cast, [corners[start:start + count]], 255, shift=SUBPIXEL)
        else:
            cv2.fillConvexPoly(cast, cv2.convexHull(corners), 255, shift=SUBPIXEL)
    return cv2.GaussianBlur(cast, (3, 3), 0), cv2.GaussianBlur(contact, (9, 5), 0)


def _contact(layer: np.ndarray, p: Placed, camera: Camera) -> None:
    shape, size = p.item.shape, p.item.size
    (x0, y0, _), (x1, y1, _) = shape.low * size, shape.high * size
    if shape.flat:
        half = min(max(abs(x0), abs(x1)), 0.6)
        x0, x1, y0, y1 = -half, half, -half * 0.4, half * 0.4
    grow = 0.06
    x = np.array((x0 - grow, x1 + grow, x1 + grow, x0 - grow))
    y = np.array((y0 - grow, y0 - grow, y1 + grow, y1 + grow))
    right, forward = p.right + x * p.axis_forward + y * p.axis_right, p.forward + y * p.axis_forward - x * p.axis_right
    if forward.max() > 0.8:
        cv2.fillConvexPoly(layer, project(camera, right, np.maximum(forward, 0.8)), 170, shift=SUBPIXEL)


def shade(world: World, ground: Ground, camera: Camera, layer: np.ndarray, tints: np.ndarray, mixes: np.ndarray) -> np.ndarray:
    """Colour of the ground pixels before light, float32 [N, 3] (0..255)."""
    materials = [world.ground[name] for name in BANDS]
    texture = np.array([INDEX[m[0]] for m in materials])[ground.band]
    scale = TEXELS_PER_METRE[texture]
    base = np.array([(*m[1], *m[2]) for m in materials], np.float32)[ground.band]
    slant = np.sqrt(np.maximum(ground.depth / np.float32(camera.height), 1))
    footprint = ground.depth * scale / np.float32(camera.focal) * slant
    coarse = sample(INDEX["clouds"], ground.s * 3.0, ground.d * 9.0, footprint * np.float32(0.06))
    pair = sample(texture, ground.s * scale, ground.d * scale, footprint)
    blend = coarse[:, 1:].astype(np.float32) * np.float32(1 / 255)
    colour = base[:, :3] + (base[:, 3:] - base[:, :3]) * blend
    number = layer.ravel()[ground.index]
    mix = mixes[number]
    alpha = mix[:, :1] * (1 - mix[:, 1:] * np.clip(pair[:, 1:].astype(np.float32) * np.float32(1 / 90) - 1, 0, 0.75))
    colour += (tints[number] - colour) * alpha
    cell = np.clip((ground.d + np.float32(_REACH)) * np.float32(1 / _STEP), 0, int(2 * _REACH / _STEP) - 1).astype(np.int32)
    tone = np.where(ground.band == 0, _lateral(world)[cell], np.float32(1)) * (np.float32(0.9) + blend[:, 0] * np.float32(0.2))
    return colour * (tone * pair[:, 0].astype(np.float32) * np.float32(1 / 128))[:, None]


def sky(light: Light, camera: Camera, heading: float, drift: float) -> tuple[np.ndarray, np.ndarray]:
    """Colour of the sky, float32 [rows * W, 3], and the height of a far tree line above the horizon in pixels [W]."""
    rows = max(1, min(camera.height_px, int(camera.horizon) + 2))
    up = np.maximum(camera.horizon - np.arange(rows), 0.5) / camera.focal  # tangent of elevation
    share = np.minimum(up / 0.45, 1.0)
    share = (share * (2 - share)).astype(np.float32)[:, None]
    gradient = np.array(light.bottom, np.float32) * (1 - share) + np.array(light.top, np.float32) * share
    across = (np.arange(camera.width) - camera.cx) / camera.focal
    turn = -heading * 1.0
    far = 1.0 / (up + 0.12)
    u = (across[None, :] * far[:, None] * 22 + turn * 60).astype(np.float32).ravel()
    v = np.repeat((far * 60 + drift).astype(np.float32), camera.width)
    pair = sample(INDEX["clouds"], u, v, np.full(u.shape, 0.4, np.float32))[:, 1].astype(np.float32)
    cover = np.clip((pair - np.float32(190 - 110 * light.clouds)) * np.float32(1 / 70), 0, 1)[:, None]
    bright = np.minimum(np.array(light.bottom, np.float32) * np.float32(1.06), 255) if not light.night else np.array((56, 50, 48), np.float32)
    thick = np.clip((pair - np.float32(150)) * np.float32(0.0035), 0, 0.3)[:, None]
    colours = np.repeat(gradient, camera.width, axis=0)
    colours += (bright * (1 - thick) - colours) * cover * np.float32(0.85)
    line = sample(INDEX["clouds"], ((across + turn) * 90).astype(np.float32), np.full(camera.width, 17, np.float32), np.full(camera.width, 0.4, np.float32))
    fine = sample(INDEX["leaves"], ((across + turn) * 700).astype(np.float32), np.full(camera.width, 40, np.float32), np.full(camera.width, 1, np.float32))
    height = (line[:, 1].astype(np.float32) * np.float32(0.0004) - np.float32(0.012) + fine[:, 0] * np.float32(0.00006)) * np.float32(camera.focal)
    return colours, height
