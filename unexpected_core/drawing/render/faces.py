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
    tr, tf = road.along_right[index], road.along_forward[index]
    placed = []
    for i, number in enumerate(visible.tolist()):
        item = items[number]
        if item.shape.flat:
            far = float(np.sqrt(right[i] * right[i] + forward[i] * forward[i])) or 1.0
            ar, af = float(right[i]) / far, float(forward[i]) / far
        else:
            sine, cosine = sin_cos(item.turn)
            ar, af = float(tr[i] * cosine - tf[i] * sine), float(tf[i] * cosine + tr[i] * sine)
        placed.append(Placed(item, number, float(right[i]), float(forward[i]), ar, af))
    return placed


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


def _spread(placed: list[Placed], counts: list[int]) -> tuple[np.ndarray, ...]:
    columns = np.array(
        [
            (
                p.right,
                p.forward,
                p.axis_right,
                p.axis_forward,
                p.item.size,
                -1.0 if p.item.shape.flat and p.item.turn > 1.5 else 1.0,
            )
            for p in placed
        ]
    )
    return tuple(np.repeat(columns, counts, axis=0).T)


def _turn(
    vectors: np.ndarray, axis_right: np.ndarray, axis_forward: np.ndarray, mirror: np.ndarray
) -> tuple[np.ndarray, ...]:
    x = vectors[:, 0] * mirror
    return x * axis_forward + vectors[:, 1] * axis_right, vectors[:, 1] * axis_forward - x * axis_right, vectors[:, 2]


def build(placed: list[Placed], camera: Camera) -> Faces:
    """Faces of the placed items that the camera can see."""
    # All points of all shapes, turned and put into their places, as the camera sees them.
    shapes = [p.item.shape for p in placed]
    point_counts, face_counts = [len(s.points) for s in shapes], [len(s.counts) for s in shapes]
    right, forward, ar, af, size, mirror = _spread(placed, point_counts)
    pr, pf, pu = _turn(np.concatenate([s.points for s in shapes]) * size[:, None], ar, af, mirror)
    pr, pf = pr + right, pf + forward
    x, y, z = camera.to_camera(pr, pf, pu)
    # Faces that look at the camera, not behind it and not beside the picture.
    counts = np.concatenate([s.counts for s in shapes])
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    _, _, far, faf, _, fmirror = _spread(placed, face_counts)
    nr, nf, nu = _turn(np.concatenate([s.normals for s in shapes]), far, faf, fmirror)
    flat = np.repeat([s.flat for s in shapes], face_counts)
    facing = nr * pr[starts] + nf * pf[starts] + nu * (pu[starts] - camera.height)
    nearest, farthest = np.minimum.reduceat(z, starts), np.maximum.reduceat(z, starts)
    with np.errstate(divide="ignore", invalid="ignore"):
        px, py = camera.cx + camera.focal * x / z, camera.cy + camera.focal * y / z
    whole = nearest > NEAR
    seen = (np.abs(facing) > 1e-3) & (farthest > NEAR) & (_in_picture(px, py, starts, camera) | ~whole)
    keep = np.flatnonzero((flat | (facing < -1e-3)) & seen)
    # Their outlines in the picture; those that reach behind the camera are cut.
    corners = _fixed(np.stack((px, py), axis=1))
    stops = (starts + counts).tolist()
    polygons = [
        corners[a:b] if is_whole else _fixed(_clip(camera, x[a:b], y[a:b], z[a:b]))
        for a, b, is_whole in ((int(starts[i]), stops[i], whole[i]) for i in keep.tolist())
    ]
    # Their planes, to find depth and texture of a pixel by.
    owner = np.repeat(np.arange(len(placed)), face_counts)[keep]
    texture = np.concatenate([s.textures for s in shapes])[keep]
    normal, first = (nr[keep], nf[keep], nu[keep]), (x[starts][keep], y[starts][keep], z[starts][keep])
    directions = [
        [part[keep] for part in _turn(np.concatenate(axis), far, faf, fmirror)]
        for axis in ([s.us for s in shapes], [s.vs for s in shapes])
    ]
    planes = _planes(camera, normal, first, directions, TEXELS_PER_METRE[texture].astype(np.float64))
    planes[:, 6] += np.array([p.item.shift for p in placed])[owner]
    return Faces(
        polygons,
        owner,
        texture,
        np.concatenate([s.tints for s in shapes])[keep],
        np.concatenate([s.seconds for s in shapes])[keep],
        np.concatenate([s.glows for s in shapes])[keep],
        np.concatenate([s.labels for s in shapes])[keep],
        np.stack(normal, axis=1),
        flat[keep],
        np.stack((pr[starts][keep], pf[starts][keep]), axis=1),
        planes.astype(np.float32),
    )


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
