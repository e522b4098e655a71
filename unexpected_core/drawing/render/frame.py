"""Drawing one frame: plan -> faces -> rays -> light -> sensor, with exact labels, instances, depth and road ROI."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np

from unexpected_core.drawing.model.plan import World
from unexpected_core.drawing.model.road import Camera, LocalRoad, Pose
from unexpected_core.drawing.render.effects import glare_and_rain, mirror, paint_bonnet
from unexpected_core.drawing.render.faces import Faces, Placed, in_view, instance_ids, place
from unexpected_core.drawing.render.faces import build as build_faces
from unexpected_core.drawing.render.faces import paint as paint_faces
from unexpected_core.drawing.render.ground import paint_layer
from unexpected_core.drawing.render.sensor import Sensor, expose
from unexpected_core.drawing.render.shading import F32, Samples, Scene, shade, take_samples
from unexpected_core.drawing.render.shadows import shadow_layers
from unexpected_core.labels import IGNORE, TRAIN_ID, TRAIN_TO_FULL
from unexpected_core.structs import Sample


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFrame:
    """A drawn frame and all that is known of it.

    sample: image, labels, instances, obstacle. depth: float32 [H, W], metres along the optical axis, 1000 = sky.
    roi: bool [H, W], True on the road (obstacles on it included). pose: the ego car in the world. camera:
    intrinsics at the size of the image. weather: its name. time: seconds since the start of the clip.
    """

    sample: Sample
    depth: np.ndarray
    roi: np.ndarray
    pose: Pose
    camera: Camera
    weather: str
    time: float


def draw(
    world: World, camera: Camera, pose: Pose, time: float, sensor: Sensor, key: str, whole_image: bool
) -> DrawnFrame:
    """Draw the world as seen from a pose at a time (seconds). whole_image: obstacles count everywhere, not only on
    the road."""
    random = Random(f"sensor {key}")
    road = world.road.around(pose)
    near = place(world.items, road, pose, time)
    placed = in_view(near, camera)
    faces = build_faces(placed, camera.scaled(2))
    image, labels, depth, numbers = _render(world, road, camera, pose, time, near, faces)
    image = glare_and_rain(image, world.light, random)
    instances = instance_ids(placed, faces, TRAIN_TO_FULL)[numbers]
    is_obstacle = np.concatenate(([False], np.array([p.item.obstacle for p in placed], bool)[faces.owner]))[numbers]
    roi = (labels == TRAIN_ID["road"]) | is_obstacle
    if world.bonnet:
        bonnet = paint_bonnet(image, world.bonnet)
        labels[bonnet], instances[bonnet], roi[bonnet], is_obstacle[bonnet] = IGNORE, 0, False, False
    counted = (labels != IGNORE) if whole_image else roi
    obstacle = np.where(is_obstacle, 1, np.where(counted, 0, IGNORE)).astype(np.uint8)
    sample = Sample(key, expose(image, sensor, random), labels, instances, obstacle)
    return DrawnFrame(sample, depth, roi, pose, camera, world.light.weather, time)


def _render(
    world: World, road: LocalRoad, camera: Camera, pose: Pose, time: float, near: list[Placed], faces: Faces
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Image, labels, depth and face numbers of the things near and the ground below them, before lens and sensor."""
    fine = camera.scaled(2)
    layer, tints, mixes = paint_layer(world, road, pose, fine)
    samples = take_samples(paint_faces(faces, fine), layer, camera)
    shadows = shadow_layers(near, world.light, pose, camera)
    lamps = _lamps(near) if world.light.night else []
    scene = Scene(world, road, camera, pose, time, faces, tints, mixes, *shadows, lamps)
    colours, depth, labels = shade(scene, samples)
    labels, depth, numbers = (_first(samples, values, camera) for values in (labels, depth, samples.face))
    image = _average(samples, colours, camera)
    if world.light.wet:
        image = mirror(image, labels, depth, world, road, camera)
    return image, labels, depth, numbers


def _lamps(placed: list[Placed]) -> list[tuple[float, float]]:
    """Positions (right, forward) of the street lamps."""
    return [(p.right, p.forward) for p in placed if p.item.shape.label == TRAIN_ID["pole"] and p.item.shape.high[2] > 5]


def _first(samples: Samples, values: np.ndarray, camera: Camera) -> np.ndarray:
    """Values of the samples as a map [H, W]; of mixed pixels, their first subpixel."""
    whole, mixed = len(samples.whole), len(samples.mixed)
    picture = np.empty(whole + mixed, values.dtype)
    picture[samples.whole], picture[samples.mixed] = values[:whole], values[whole : whole + mixed]
    return picture.reshape(camera.height_px, camera.width)


def _average(samples: Samples, colours: np.ndarray, camera: Camera) -> np.ndarray:
    """Colours of the samples, float32 [N, 3] -> RGB uint8 [H, W, 3]; mixed pixels are the mean of their subpixels."""
    whole, mixed = len(samples.whole), len(samples.mixed)
    rounded = np.clip(colours + F32(0.5), 0, 255).astype(np.uint8)
    image = np.empty((whole + mixed, 3), np.uint8)
    image[samples.whole] = rounded[:whole]
    parts = rounded[whole:].reshape(4, mixed, 3).astype(np.uint16)
    image[samples.mixed] = (parts.sum(axis=0, dtype=np.uint16) + 2) // 4
    return image.reshape(camera.height_px, camera.width, 3)
