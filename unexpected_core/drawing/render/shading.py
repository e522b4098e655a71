"""Colour, depth and label of every ray of a drawn frame: sky, ground and faces in their light, seen through the
haze."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unexpected_core.drawing.model.light import Light, head_light, lamp_light, transmission
from unexpected_core.drawing.model.plan import World
from unexpected_core.drawing.model.road import FLATTEST, Camera, LocalRoad, Pose
from unexpected_core.drawing.model.shapes import sin_cos
from unexpected_core.drawing.model.textures import TEXELS_PER_METRE
from unexpected_core.drawing.render.atlas import sample
from unexpected_core.drawing.render.faces import Faces
from unexpected_core.drawing.render.ground import BAND_LABELS, sky, survey
from unexpected_core.drawing.render.ground import shade as shade_ground
from unexpected_core.labels import TRAIN_ID

F32 = np.float32
SKY_DEPTH = 1000.0
PIECE = 16384
"""Samples shaded at a time."""
HEAD_LIGHT, LAMP_LIGHT = np.array((1.0, 0.96, 0.88), F32), np.array((1.0, 0.78, 0.5), F32)


class Samples(NamedTuple):
    """Rays to be shaded: one per pixel that shows one thing, four (one per subpixel) for the others.

    whole, mixed: flat numbers of those pixels; pixel, x, y, face, layer: per sample [whole, then mixed four times]:
    flat pixel, ray (x, y, 1), face number + 1 (0 = none), number of the paint on the ground.
    """

    whole: np.ndarray
    mixed: np.ndarray
    pixel: np.ndarray
    x: np.ndarray
    y: np.ndarray
    face: np.ndarray
    layer: np.ndarray


def take_samples(numbers: np.ndarray, layer: np.ndarray, camera: Camera) -> Samples:
    """Rays for face numbers and paint numbers, int [2H, 2W], that were painted with two subpixels per side."""
    subpixels = [(numbers[r::2, c::2], layer[r::2, c::2]) for r in (0, 1) for c in (0, 1)]
    (face, paint), *others = subpixels
    same = np.ones(face.shape, bool)
    for other, other_paint in others:
        same &= (other == face) & (other_paint == paint)
    whole, mixed = np.flatnonzero(same).astype(np.int32), np.flatnonzero(~same).astype(np.int32)
    faces, paints = (
        np.concatenate((values[0].ravel()[whole], *[v.ravel()[mixed] for v in values]))
        for values in zip(*subpixels, strict=True)
    )
    pixel = np.concatenate((whole, *[mixed] * 4))
    return Samples(whole, mixed, pixel, *_rays(pixel, len(whole), camera), faces, paints)


def _rays(pixel: np.ndarray, whole: int, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """x and y of rays (x, y, 1): of the first `whole` pixels through their middle, then through each subpixel."""
    fine, mixed = camera.scaled(2), (len(pixel) - whole) // 4
    column, row = (pixel % camera.width).astype(F32) * 2, (pixel // camera.width).astype(F32) * 2
    column[:whole] += F32(0.5)
    row[:whole] += F32(0.5)
    column[whole:] += np.repeat(np.array((0, 1, 0, 1), F32), mixed)
    row[whole:] += np.repeat(np.array((0, 0, 1, 1), F32), mixed)
    return (column - F32(fine.cx)) * F32(1 / fine.focal), (row - F32(fine.cy)) * F32(1 / fine.focal)


class Scene(NamedTuple):
    """What shading needs to know of a frame."""

    world: World
    road: LocalRoad
    camera: Camera
    pose: Pose
    time: float
    faces: Faces
    tints: np.ndarray
    mixes: np.ndarray
    cast: np.ndarray
    contact: np.ndarray
    lamps: list[tuple[float, float]]


def shade(scene: Scene, samples: Samples) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour float32 [N, 3], depth float32 [N] and label uint8 [N] of all samples, in pieces that fit the
    processor's cache."""
    count = len(samples.pixel)
    colours, depth, labels = np.empty((count, 3), F32), np.empty(count, F32), np.empty(count, np.uint8)
    gain = _face_light(scene.faces, scene.world.light, scene.pose, scene.lamps)
    lit = np.concatenate((scene.faces.tint * gain, scene.faces.second * gain), axis=1).astype(F32)
    is_ground = (samples.face == 0) & (scene.camera.below(samples.y) > F32(FLATTEST * scene.camera.height))
    for chosen, shade in (
        (np.flatnonzero(samples.face), lambda i: _shade_faces(scene, samples, lit, i)),
        (np.flatnonzero(is_ground), lambda i: _shade_ground(scene, samples, i)),
        (np.flatnonzero((samples.face == 0) & ~is_ground), lambda i: _shade_sky(scene, samples, i)),
    ):
        for start in range(0, len(chosen), PIECE):
            piece = chosen[start : start + PIECE]
            colours[piece], depth[piece], labels[piece] = shade(piece)
    return colours, depth, labels


def _shade_sky(scene: Scene, samples: Samples, i: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    light = scene.world.light
    colours, trees = sky(light, scene.camera, scene.pose.heading, scene.time * 0.5, samples.x[i], samples.y[i])
    far = np.array((70, 84, 62), F32) * F32(0.25 if light.night else 1.0)
    colours[trees] = far * F32(0.45) + np.array(light.bottom, F32) * F32(0.35)
    if light.weather == "fog":
        colours += (_haze_colour(light) - colours) * F32(0.9)
    return colours, SKY_DEPTH, np.where(trees, TRAIN_ID["vegetation"], TRAIN_ID["sky"])


def _shade_ground(scene: Scene, samples: Samples, i: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    light = scene.world.light
    ground = survey(scene.world, scene.road, scene.camera, samples.x[i], samples.y[i])
    number, pixel = samples.layer[i], samples.pixel[i]
    colour = shade_ground(scene.world, ground, scene.camera, scene.tints[number], scene.mixes[number])
    free = F32(1) - scene.cast.ravel()[pixel].astype(F32) * F32(1 / 255)
    open_ = F32(1) - scene.contact.ravel()[pixel].astype(F32) * F32(0.7 / 255)
    sun = np.array(light.sun, F32) * F32(light.towards[2] + 0.25)
    lit = np.array(light.ambient, F32) * open_[:, None] + sun * free[:, None]
    if light.night:
        lit += (head_light(ground.right, ground.forward) * open_)[:, None] * HEAD_LIGHT + lamp_light(
            ground.right, ground.forward, scene.lamps
        )[:, None] * LAMP_LIGHT
    colour *= np.sqrt(lit) * F32(1 - 0.3 * light.wet)
    return _through_haze(light, colour, ground.depth), ground.depth, BAND_LABELS[ground.band]


def _shade_faces(
    scene: Scene, samples: Samples, lit: np.ndarray, i: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    face, x, y = samples.face[i] - 1, samples.x[i], samples.y[i]
    p = scene.faces.planes[face].T
    depth = 1 / np.maximum(p[0] * x + p[1] * y + p[2], F32(1 / 400))
    u = (p[3] * x + p[4] * y + p[5]) * depth + p[6]
    v = (p[7] * x + p[8] * y + p[9]) * depth + p[10]
    texture = scene.faces.texture[face]
    bright, blend = sample(texture, u, v, depth * TEXELS_PER_METRE[texture] * F32(1 / scene.camera.focal))
    tints = lit[face]
    colour = (tints[:, :3] + (tints[:, 3:] - tints[:, :3]) * blend[:, None]) * bright[:, None]
    return _through_haze(scene.world.light, colour, depth), depth, scene.faces.label[face]


def _haze_colour(light: Light) -> np.ndarray:
    return np.array(light.bottom, F32) * F32(0.92)


def _through_haze(light: Light, colour: np.ndarray, depth: np.ndarray) -> np.ndarray:
    passes = transmission(light.haze)[np.minimum(depth * F32(4), F32(1024)).astype(np.int32)][:, None]
    haze = _haze_colour(light)
    return haze + (colour - haze) * passes


def _face_light(faces: Faces, light: Light, pose: Pose, lamps: list) -> np.ndarray:
    """Light on each face, display-referred gain float64 [F, 3]."""
    sine, cosine = sin_cos(pose.heading)
    east, north, up = light.towards
    towards = np.array((east * sine - north * cosine, east * cosine + north * sine, up))
    cosine_ = np.maximum((faces.normal * towards).sum(axis=1), 0)
    cosine_ = np.where(faces.flat, 0.35 + 0.35 * cosine_, cosine_)  # a billboard stands for something round
    ambient = np.array(light.ambient) * (0.72 + 0.28 * faces.normal[:, 2:])
    lit = ambient + np.array(light.sun) * cosine_[:, None]
    if light.night:
        right, forward = faces.centre.T
        lit = lit + head_light(right, forward)[:, None] * 1.1 + lamp_light(right, forward, lamps)[:, None] * LAMP_LIGHT
    gain = np.sqrt(lit)
    return gain + (1.0 - gain) * faces.glow[:, None] * (gain < 1)
