"""What weather and the ego car add to a drawn picture: reflections on a wet road, glare, rain, the bonnet."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np

from unexpected_core.drawing.model.light import Light
from unexpected_core.drawing.model.plan import World
from unexpected_core.drawing.model.road import Camera, LocalRoad
from unexpected_core.drawing.model.textures import INDEX
from unexpected_core.drawing.render.atlas import sample
from unexpected_core.drawing.render.ground import survey
from unexpected_core.labels import TRAIN_ID

F32 = np.float32


def mirror(
    image: np.ndarray, labels: np.ndarray, depth: np.ndarray, world: World, road: LocalRoad, camera: Camera
) -> np.ndarray:
    """A wet road shows what stands behind it, upside down and smeared; more of it in pools and far away.

    image: RGB uint8 [H, W, 3] -> the same; labels: uint8 [H, W]; depth: float [H, W] in metres.
    """
    index = np.flatnonzero(labels == TRAIN_ID["road"])
    row, column = index // camera.width, index % camera.width
    far = depth.ravel()[index]
    share = (_pools(world, road, camera, row, column) * far / (far + F32(14)) * F32(0.75 * world.light.wet))[:, None]
    mirrored = np.clip(2 * camera.horizon - row + camera.focal * 0.02, 0, camera.height_px - 1).astype(np.int64)
    flat = image.reshape(-1, 3).copy()
    here = flat[index].astype(F32)
    smooth = cv2.blur(image, (3, 9)).reshape(-1, 3)[mirrored * camera.width + column].astype(F32)
    flat[index] = np.clip(here + (smooth - here) * share + F32(0.5), 0, 255).astype(np.uint8)
    return flat.reshape(image.shape)


def _pools(world: World, road: LocalRoad, camera: Camera, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """How much water stands where a pixel of the road looks, 0.25..1."""
    x = ((column - F32(camera.cx)) * F32(1 / camera.focal)).astype(F32)
    y = ((row - F32(camera.cy)) * F32(1 / camera.focal)).astype(F32)
    ground = survey(world, road, camera, x, np.maximum(y, F32(1e-4)))
    _, coarse = sample(INDEX["clouds"], ground.s * F32(14), ground.d * F32(30), np.abs(ground.depth) * F32(0.02))
    return np.clip((coarse - F32(0.59 - 0.2 * world.light.wet)) * F32(4.2), 0.25, 1)


def glare_and_rain(image: np.ndarray, light: Light, random: Random) -> np.ndarray:
    """RGB uint8 [H, W, 3] -> the same with bloom around lamps at night and rain in the air."""
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


def paint_bonnet(image: np.ndarray, share: float) -> np.ndarray:
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
