"""Drawing one frame: plan -> faces -> ground, sky, light -> sensor, with exact labels, instances, depth and road ROI."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from unexpected_core.datasets import drawing_faces, drawing_ground
from unexpected_core.datasets.drawing_light import Light, head_light, lamp_light, transmission
from unexpected_core.datasets.drawing_road import Camera, Pose
from unexpected_core.datasets.drawing_sensor import Sensor, expose
from unexpected_core.datasets.drawing_shapes import sin_cos
from unexpected_core.datasets.drawing_textures import sample
from unexpected_core.datasets.drawing_world import World
from unexpected_core.labels import IGNORE, TRAIN_ID, TRAIN_TO_FULL
from unexpected_core.structs import Sample

F32 = np.float32
SKY_DEPTH = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFrame:
    """A drawn frame and all that is known of it.

    sample: image, labels, instances, obstacle. depth: float32 [H, W], metres along the optical axis, 1000 = sky.
    roi: bool [H, W], True on the road (obstacles on it included). pose: the ego car in the world. camera: intrinsics at the
    size of the image. weather: its name. time: seconds since the start of the clip.
    """

    sample: Sample
    depth: np.ndarray
    roi: np.ndarray
    pose: Pose
    camera: Camera
    weather: str
    time: float


def supersampling(camera: Camera) -> int:
    """Subpixels per side: 2 for small pictures, where thin things would break up; 1 for large ones."""
    return 2 if camera.width * camera.height_px <= 640 * 360 else 1


def draw(world: World, camera: Camera, pose: Pose, time: float, sensor: Sensor, key: str, whole_image: bool) -> DrawnFrame:
    """Draw the world as seen from a pose at a time (seconds). whole_image: obstacles count everywhere, not only on the road."""
    random = Random(f"sensor {key}")
    factor = supersampling(camera)
    fine = camera.scaled(factor)
    road = world.road.around(pose)
    placed = drawing_faces.place(world.items, road, pose, time)
    faces = drawing_faces.build(placed, fine)
    numbers = drawing_faces.paint(faces, fine)
    ground = drawing_ground.survey(world, road, fine, numbers)
    depth = np.full(numbers.size, SKY_DEPTH, F32)
    labels = np.full(numbers.size, TRAIN_ID["sky"], np.uint8)
    colours = np.zeros((numbers.size, 3), F32)
    _lay_sky(world.light, fine, pose, time, colours, labels)
    labels[ground.index], depth[ground.index] = drawing_ground.BAND_LABELS[ground.band], ground.depth
    lamps = [(p.right, p.forward) for p in placed if world.light.night and p.item.shape.high[2] > 5 and p.item.shape.label == TRAIN_ID["pole"]]
    colours[ground.index] = _light_ground(world, road, pose, fine, placed, ground, lamps)
    objects, number = _draw_faces(faces, fine, numbers, world.light, pose, lamps, colours, depth, labels)
    _add_haze(world.light, depth, colours)
    image = np.clip(colours + F32(0.5), 0, 255).astype(np.uint8).reshape(fine.height_px, fine.width, 3)
    if world.light.wet:
        image = _mirror(image, labels.reshape(numbers.shape), ground, fine, world.light.wet)
    if factor > 1:
        image = cv2.resize(image, (camera.width, camera.height_px), interpolation=cv2.INTER_AREA)
    labels, depth = (np.ascontiguousarray(values.reshape(numbers.shape)[::factor, ::factor]) for values in (labels, depth))
    owners = np.where(numbers > 0, np.concatenate(([0], faces.owner + 1))[numbers], 0)[::factor, ::factor]
    instances = np.concatenate(([0], drawing_faces.instance_ids(placed, faces.label, faces.owner, TRAIN_TO_FULL)))[numbers][::factor, ::factor].astype(np.int32)
    is_obstacle = np.array([False] + [p.item.obstacle for p in placed])[owners]
    roi = (labels == TRAIN_ID["road"]) | is_obstacle
    image = _effects(image, world.light, random)
    bonnet = _bonnet(image, world.bonnet, random) if world.bonnet else None
    if bonnet is not None:
        labels[bonnet], instances[bonnet], roi[bonnet], is_obstacle[bonnet] = IGNORE, 0, False, False
    counted = (labels != IGNORE) if whole_image else roi
    obstacle = np.where(is_obstacle, 1, np.where(counted, 0, IGNORE)).astype(np.uint8)
    sample_ = Sample(key, expose(image, sensor, random), labels, instances, obstacle)
    return DrawnFrame(sample_, depth, roi, pose, camera, world.light.weather, time)


def _lay_sky(light: Light, camera: Camera, pose: Pose, time: float, colours: np.ndarray, labels: np.ndarray) -> None:
    sky, line = drawing_ground.sky(light, camera, pose.heading, time * 0.5)
    colours[:len(sky)] = sky
    rows = np.arange(camera.height_px)[:, None]
    trees = np.flatnonzero(((rows > camera.horizon - np.maximum(line, 1)[None, :]) & (rows < camera.horizon + camera.focal * 0.02 + 3)).ravel())
    far = np.array((70, 84, 62), F32) * F32(0.25 if light.night else 1.0)
    colours[trees] = far * F32(0.45) + np.array(light.bottom, F32) * F32(0.35)
    labels[trees] = TRAIN_ID["vegetation"]


def _light_ground(world: World, road, pose: Pose, camera: Camera, placed: list, ground, lamps: list) -> np.ndarray:
    light = world.light
    colour = drawing_ground.shade(world, ground, camera, *drawing_ground.paint_layer(world, road, pose, camera))
    cast, contact = drawing_ground.shadow_layers(placed, light, pose, camera)
    free = F32(1) - cast.ravel()[ground.index].astype(F32) * F32(1 / 255)
    open_ = F32(1) - contact.ravel()[ground.index].astype(F32) * F32(0.62 / 255)
    sun = np.array(light.sun, F32) * F32(light.towards[2] + 0.25)
    lit = np.array(light.ambient, F32) * open_[:, None] + sun * free[:, None]
    if light.night:
        own = head_light(ground.right, ground.forward)[:, None] * np.array((1.0, 0.96, 0.88), F32)
        lit = lit + own * open_[:, None] + lamp_light(ground.right, ground.forward, lamps)[:, None] * np.array((1.0, 0.78, 0.5), F32)
    if light.wet:
        colour = colour * F32(1 - 0.3 * light.wet)
    return colour * np.sqrt(lit)


def _face_light(faces: drawing_faces.Faces, light: Light, pose: Pose, lamps: list) -> np.ndarray:
    """Light on each face, display-referred gain float64 [F, 3]."""
    sine, cosine = sin_cos(pose.heading)
    east, north, up = light.towards
    towards = np.array((east * sine - north * cosine, east * cosine + north * sine, up))
    cosine_ = np.maximum((faces.normal * towards).sum(axis=1), 0)
    cosine_ = np.where(faces.flat, 0.35 + 0.35 * np.maximum((faces.normal * towards).sum(axis=1), 0), cosine_)
    ambient = np.array(light.ambient) * (0.72 + 0.28 * faces.normal[:, 2:])
    lit = ambient + np.array(light.sun) * cosine_[:, None]
    if light.night:
        right, forward = faces.centre.T
        lit = lit + head_light(right, forward)[:, None] * 1.1 + lamp_light(right, forward, lamps)[:, None] * np.array((1.0, 0.78, 0.5))
    gain = np.sqrt(lit)
    return gain + (1.0 - gain) * faces.glow[:, None] * (gain < 1)


def _draw_faces(faces: drawing_faces.Faces, camera: Camera, numbers: np.ndarray, light: Light, pose: Pose, lamps: list,
                colours: np.ndarray, depth: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    index = np.flatnonzero(numbers)
    face = numbers.ravel()[index] - 1
    x = (index % camera.width).astype(F32) - F32(camera.cx)
    y = (index // camera.width).astype(F32) - F32(camera.cy)
    table = np.concatenate((faces.plane, faces.u, faces.v), axis=1)[face]
    distance = F32(1) / np.maximum(table[:, 0] * x + table[:, 1] * y + table[:, 2], F32(1 / 400))
    u = (table[:, 3] * x + table[:, 4] * y + table[:, 5]) * distance + table[:, 6]
    v = (table[:, 7] * x + table[:, 8] * y + table[:, 9]) * distance + table[:, 10]
    scale = drawing_ground.TEXELS_PER_METRE[faces.texture]
    pair = sample(faces.texture[face], u, v, distance * scale[face] * F32(1 / camera.focal)).astype(F32)
    gain = _face_light(faces, light, pose, lamps)
    lit = np.concatenate((faces.tint * gain, faces.second * gain), axis=1).astype(F32)[face]
    colour = lit[:, :3] + (lit[:, 3:] - lit[:, :3]) * (pair[:, 1:] * F32(1 / 255))
    colours[index] = colour * (pair[:, :1] * F32(1 / 128))
    depth[index] = distance
    labels[index] = faces.label[face]
    return index, face


def _add_haze(light: Light, depth: np.ndarray, colours: np.ndarray) -> None:
    near = np.flatnonzero(depth < SKY_DEPTH)
    passes = transmission(light.haze)[np.minimum(depth[near] * F32(4), F32(1024)).astype(np.int32)][:, None]
    haze = np.array(light.bottom, F32) * F32(0.92)
    colours[near] = haze + (colours[near] - haze) * passes
    if light.weather == "fog":
        far = np.flatnonzero(depth >= SKY_DEPTH)
        colours[far] += (haze - colours[far]) * F32(0.9)


def _mirror(image: np.ndarray, labels: np.ndarray, ground: drawing_ground.Ground, camera: Camera, wet: float) -> np.ndarray:
    """A wet road shows what stands behind it, upside down and smeared."""
    smooth = cv2.blur(image, (3, 15)).reshape(-1, 3)
    chosen = np.flatnonzero(ground.band == 0)
    index = ground.index[chosen]
    row, column = index // camera.width, index % camera.width
    mirrored = np.clip((2 * camera.horizon - row * 1.0 + camera.focal * 0.02), 0, camera.height_px - 1).astype(np.int64)
    coarse = sample(drawing_ground.INDEX["clouds"], ground.s[chosen] * F32(14), ground.d[chosen] * F32(30), ground.depth[chosen] * F32(0.02))[:, 1]
    pool = np.clip((coarse.astype(F32) - F32(150 - 50 * wet)) * F32(1 / 60), 0.25, 1)
    grazing = ground.depth[chosen] / (ground.depth[chosen] + F32(14))
    share = (pool * grazing * F32(0.75 * wet))[:, None]
    flat = image.reshape(-1, 3).copy()
    here = flat[index].astype(F32)
    flat[index] = np.clip(here + (smooth[mirrored * camera.width + column].astype(F32) - here) * share + F32(0.5), 0, 255).astype(np.uint8)
    return flat.reshape(image.shape)


def _effects(image: np.ndarray, light: Light, random: Random) -> np.ndarray:
    """Bloom around lamps at night; rain in the air."""
    height, width = image.shape[:2]
    if light.night or light.rain:
        bright = np.maximum(image, 170) - 170
        glow = cv2.GaussianBlur(bright, (0, 0), width / 110, borderType=cv2.BORDER_REPLICATE)
        image = cv2.add(image, cv2.add(glow, glow))
    if light.rain:
        streaks = np.zeros((height, width), np.uint8)
        for _ in range(int(260 * light.rain)):
            x, y, long = random.randrange(width), random.randrange(height), random.randint(4, 4 + height // 18)
            cv2.line(streaks, (x, y), (x + long // 6, y + long), random.randint(10, 46), 1)
        image = cv2.add(image, cv2.cvtColor(cv2.blur(streaks, (1, 3)), cv2.COLOR_GRAY2RGB))
    return image


def _bonnet(image: np.ndarray, share: float, random: Random) -> np.ndarray:
    """Paint the ego car's bonnet over the lower border (in place); bool [H, W], True where it is."""
    height, width = image.shape[:2]
    x = (np.arange(width) - width / 2) / (width / 2)
    top = height * (1 - share * (1 - 0.55 * x * x))
    row = np.arange(height)[:, None]
    mask = row >= top[None, :]
    depth = np.clip((row - top[None, :]) / (height * 0.1), 0, 1)[..., None]
    mirrored = cv2.blur(image[::-1], (31, 9))
    sheen = (mirrored.astype(np.float64) * 0.25 + 14) * (1 - 0.6 * depth) + 6
    image[mask] = np.floor(sheen).astype(np.uint8)[mask]
    return mask
