"""From items in the world to faces in the picture: placing, culling, projecting, and painting face numbers far to
near."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from unexpected_core.drawing.model.plan import PANEL, Item, is_road_user
from unexpected_core.drawing.model.road import Camera, LocalRoad, Pose
from unexpected_core.drawing.model.shapes import sin_cos
from unexpected_core.drawing.model.textures import TEXELS_PER_METRE
from unexpected_core.labels import IGNORE

Vectors = Sequence[np.ndarray]
"""Three coordinates, each [N]."""
SUBPIXEL = 4
NEAR = 0.35
"""Nearest distance that is drawn, metres."""
STATIC = 4
"""Cityscapes' full id of things that have no class of their own."""


class Placed(NamedTuple):
    """An item in the ego frame. right, forward: position; axis_right, axis_forward: its own forward direction;
    number: its place in the world's list of items, stable from frame to frame."""

    item: Item
    number: int
    right: float
    forward: float
    axis_right: float
    axis_forward: float


def place(items: list[Item], road: LocalRoad, pose: Pose, time: float, ahead: float = 150.0) -> list[Placed]:
    """The items within sight at a time (seconds), far to near: by panel of the road, then from its outside inwards."""
    if not items:
        return []
    speed = np.array([item.speed for item in items])
    s, d = np.array([item.s for item in items]) + speed * time, np.array([item.d for item in items])
    near = np.array([item.near for item in items])
    order = np.lexsort((-s, -np.abs(d - pose.d), -np.floor((s - near - pose.s) / PANEL)))
    visible = order[((s + near > pose.s + 0.3) & (s < pose.s + ahead))[order]]
    right, forward = road.to_local(s[visible], d[visible])
    index = np.clip((s[visible] - road.start + 0.5).astype(np.int64), 0, len(road.forward) - 1)
    spots = zip(visible.tolist(), right, forward, road.along_right[index], road.along_forward[index], strict=True)
    return [
        Placed(items[number], number, float(r), float(f), *_axis(items[number], r, f, along))
        for number, r, f, *along in spots
    ]


def _axis(item: Item, right: float, forward: float, along: Sequence[float]) -> tuple[float, float]:
    """Where an item's own forward points: of billboards from the camera to it, of others as turned on the road."""
    if item.shape.flat:
        far = float(np.sqrt(right * right + forward * forward)) or 1.0
        return float(right) / far, float(forward) / far
    sine, cosine = sin_cos(item.turn)
    return float(along[0] * cosine - along[1] * sine), float(along[1] * cosine + along[0] * sine)


class Faces(NamedTuple):
    """All faces in painting order. polygons: int32 pixel corners times 2**SUBPIXEL; planes: float32
    [F, 11]: for a ray r = (x, y, 1), 1 / depth = planes[0:3] r, texel u = depth * planes[3:6] r + planes[6], v
    likewise from 7; centre: (right, forward) [F, 2]."""

    polygons: list[np.ndarray]
    owner: np.ndarray
    texture: np.ndarray
    tint: np.ndarray
    second: np.ndarray
    glow: np.ndarray
    label: np.ndarray
    normal: np.ndarray
    flat: np.ndarray
    centre: np.ndarray
    planes: np.ndarray


def _all(placed: list[Placed], name: str) -> np.ndarray:
    """An array of the shapes, one after the other."""
    return np.concatenate([getattr(p.item.shape, name) for p in placed])


def _spread(placed: list[Placed], counts: list[int]) -> tuple[np.ndarray, ...]:
    """right, forward, axis_right, axis_forward, size and mirror (-1 or 1) of each item, `counts` times; each [N]."""
    turned = [-1.0 if p.item.shape.flat and p.item.turn > 1.5 else 1.0 for p in placed]
    columns = [
        (p.right, p.forward, p.axis_right, p.axis_forward, p.item.size, mirror)
        for p, mirror in zip(placed, turned, strict=True)
    ]
    return tuple(np.repeat(np.array(columns), counts, axis=0).T)


def _turn(
    vectors: np.ndarray, axis_right: np.ndarray, axis_forward: np.ndarray, mirror: np.ndarray
) -> tuple[np.ndarray, ...]:
    x = vectors[:, 0] * mirror
    return x * axis_forward + vectors[:, 1] * axis_right, vectors[:, 1] * axis_forward - x * axis_right, vectors[:, 2]


class _Corners(NamedTuple):
    """All corners of the placed items, in the ego frame, as the camera sees them, and in the picture (pixels)."""

    ego: Vectors
    seen: Vectors
    pixel_x: np.ndarray
    pixel_y: np.ndarray


def _corners(placed: list[Placed], camera: Camera) -> _Corners:
    right, forward, *axes, size, mirror = _spread(placed, [len(p.item.shape.points) for p in placed])
    pr, pf, pu = _turn(_all(placed, "points") * size[:, None], *axes, mirror)
    ego = (pr + right, pf + forward, pu)
    x, y, z = camera.to_camera(*ego)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _Corners(ego, (x, y, z), camera.cx + camera.focal * x / z, camera.cy + camera.focal * y / z)


def build(placed: list[Placed], camera: Camera) -> Faces:
    """Faces of the placed items that the camera can see: turned into their places, culled, cut at the near plane."""
    corners = _corners(placed, camera)
    counts, per_item = _all(placed, "counts"), [len(p.item.shape.counts) for p in placed]
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    _, _, *axes, _, mirror = _spread(placed, per_item)
    normal = _turn(_all(placed, "normals"), *axes, mirror)
    flat = np.repeat([p.item.shape.flat for p in placed], per_item)
    keep = np.flatnonzero(_seen(corners, starts, normal, flat, camera))
    owner = np.repeat(np.arange(len(placed)), per_item)[keep]
    texture = _all(placed, "textures")[keep]
    normal = [part[keep] for part in normal]
    first = [part[starts][keep] for part in corners.seen]
    directions = [[part[keep] for part in _turn(_all(placed, name), *axes, mirror)] for name in ("us", "vs")]
    planes = _planes(camera, normal, first, directions, TEXELS_PER_METRE[texture].astype(np.float64))
    planes[:, 6] += np.array([p.item.shift for p in placed])[owner]
    return Faces(
        _outlines(corners, starts[keep], (starts + counts)[keep], camera),
        owner,
        texture,
        *(_all(placed, name)[keep] for name in ("tints", "seconds", "glows", "labels")),
        np.stack(normal, axis=1),
        flat[keep],
        np.stack([part[starts][keep] for part in corners.ego[:2]], axis=1),
        planes.astype(np.float32),
    )


def _seen(corners: _Corners, starts: np.ndarray, normal: Vectors, flat: np.ndarray, camera: Camera) -> np.ndarray:
    """Which faces look at the camera, not behind it and not beside the picture, bool [faces]."""
    right, forward, up = (part[starts] for part in corners.ego)
    facing = normal[0] * right + normal[1] * forward + normal[2] * (up - camera.height)
    depth = corners.seen[2]
    whole, ahead = np.minimum.reduceat(depth, starts) > NEAR, np.maximum.reduceat(depth, starts) > NEAR
    inside = _in_picture(corners.pixel_x, corners.pixel_y, starts, camera) | ~whole
    return (flat | (facing < -1e-3)) & (np.abs(facing) > 1e-3) & ahead & inside


def _outlines(corners: _Corners, starts: np.ndarray, stops: np.ndarray, camera: Camera) -> list[np.ndarray]:
    """Polygons in the picture; those that reach behind the camera are cut."""
    pixels = _fixed(np.stack((corners.pixel_x, corners.pixel_y), axis=1))
    return [
        pixels[a:b]
        if corners.seen[2][a:b].min() > NEAR
        else _fixed(_clip(camera, *(part[a:b] for part in corners.seen)))
        for a, b in zip(starts.tolist(), stops.tolist(), strict=True)
    ]


def _in_picture(px: np.ndarray, py: np.ndarray, starts: np.ndarray, camera: Camera) -> np.ndarray:
    """Which faces touch the picture and are not too small to see, bool [faces]; starts: first point of each."""
    left, top = np.minimum.reduceat(px, starts), np.minimum.reduceat(py, starts)
    end, bottom = np.maximum.reduceat(px, starts), np.maximum.reduceat(py, starts)
    touches = (left < camera.width) & (end > -1) & (top < camera.height_px) & (bottom > -1)
    return touches & (end - left > 0.2) & (bottom - top > 0.2)


def _planes(
    camera: Camera, normal: Vectors, first: Vectors, directions: Sequence[Vectors], scale: np.ndarray
) -> np.ndarray:
    """float64 [F, 11] of F faces in the camera frame: inverse depth along a ray, then texels along both directions.

    normal, directions: right, forward, up, each [F]; first: camera coordinates of a corner; scale: texels per metre.
    """
    level = camera._replace(height=0.0)  # directions have no place
    normal, first = np.stack(level.to_camera(*normal), axis=1), np.stack(first, axis=1)
    planes = [normal / (normal * first).sum(axis=1)[:, None]]
    for direction in directions:
        a = np.stack(level.to_camera(*direction), axis=1)
        shift = -(a * first).sum(axis=1) * scale
        planes.append(np.concatenate((a * scale[:, None], shift[:, None]), axis=1))
    return np.concatenate(planes, axis=1)


def _fixed(points: np.ndarray) -> np.ndarray:
    """Pixels -> the fixed-point corners that fillPoly takes."""
    return np.floor(np.clip(np.nan_to_num(points), -30000, 30000) * (1 << SUBPIXEL) + 0.5).astype(np.int32)


def in_view(placed: list[Placed], camera: Camera) -> list[Placed]:
    """Those that may be in the picture."""
    tangent = camera.width / 2 / camera.focal
    return [
        p
        for p in placed
        if p.forward + p.item.shape.radius * p.item.size > NEAR
        and abs(p.right) - 1.45 * p.item.shape.radius * p.item.size < max(p.forward, 0) * tangent
    ]


def _clip(camera: Camera, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Pixel corners of a polygon cut at the near plane (Sutherland and Hodgman)."""
    points = np.stack((x, y, z), axis=1)
    cut = []
    for a, b in zip(points, np.roll(points, -1, axis=0), strict=True):
        if a[2] > NEAR:
            cut.append(a)
        if (a[2] > NEAR) != (b[2] > NEAR):
            cut.append(a + (b - a) * ((NEAR - a[2]) / (b[2] - a[2])))
    kept = np.array(cut)
    return np.stack(
        (camera.cx + camera.focal * kept[:, 0] / kept[:, 2], camera.cy + camera.focal * kept[:, 1] / kept[:, 2]), axis=1
    )


def paint(faces: Faces, camera: Camera) -> np.ndarray:
    """Face numbers + 1, int32 [H, W]; 0 where no face is."""
    numbers = np.zeros((camera.height_px, camera.width), np.int32)
    for number, polygon in enumerate(faces.polygons, 1):
        cv2.fillPoly(numbers, [polygon], number, shift=SUBPIXEL)
    return numbers


def instance_ids(placed: list[Placed], faces: Faces, full_id: np.ndarray) -> np.ndarray:
    """Instance by face number + 1, int32 [F + 1]: full id * 1000 + number of its item for road users and obstacles
    (of class STATIC), 0 for the rest."""
    users = np.array([is_road_user(p.item.shape) for p in placed], bool)[faces.owner] & (faces.label != IGNORE)
    numbers = np.array([p.number % 1000 for p in placed], np.int32)[faces.owner]
    obstacles = np.array([p.item.obstacle for p in placed], bool)[faces.owner]
    kinds = np.where(obstacles, STATIC, full_id[faces.label]).astype(np.int32)
    ids = np.where(users | obstacles, kinds * 1000 + numbers, 0)
    return np.concatenate(([0], ids)).astype(np.int32)
