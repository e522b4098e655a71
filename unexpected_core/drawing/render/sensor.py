"""What the drawn camera does to the light: blur, vignetting, exposure, noise, JPEG. Integer arithmetic on RGB uint8
[H, W, 3]."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import NamedTuple

import cv2
import numpy as np


class Sensor(NamedTuple):
    """One camera. blur: Gaussian sigma in pixels; exposure: target brightness 0..255; contrast, saturation: 1 = as is;
    cast: gain of R and B; vignette: darkening of the corners; grain: noise in grey levels; quality: JPEG, 0 = none;
    smear: motion blur (x, y) in pixels.
    """

    blur: float
    exposure: float
    contrast: float
    saturation: float
    cast: tuple[float, float]
    vignette: float
    grain: float
    quality: int
    smear: tuple[int, int]


def make_sensor(random: Random, night: bool) -> Sensor:
    """A camera of everyday quality."""
    return Sensor(
        random.choice((0.0, 0.5, 0.6, 0.8)),
        random.uniform(100, 142) * (0.6 if night else 1.0),
        random.uniform(0.95, 1.25),
        random.uniform(0.6, 1.05),
        (random.uniform(0.94, 1.06), random.uniform(0.92, 1.08)),
        random.uniform(0.0, 0.35),
        random.uniform(1.5, 5.0) * (2.2 if night else 1.0),
        random.choice((0, 70, 80, 88, 94)),
        random.choice(((1, 1), (1, 1), (1, 1), (1, 1), (3, 1), (2, 1), (1, 2))),
    )


@lru_cache(maxsize=16)
def _vignette(height: int, width: int, percent: int) -> np.ndarray:
    """Gain uint16 [H, W, 1] in 1/1024."""
    y, x = np.mgrid[0:height, 0:width]
    square = ((x - (width - 1) / 2) / (width / 2)) ** 2 + ((y - (height - 1) / 2) / (height / 2)) ** 2
    return np.floor(1024 / (1 + percent / 100 * square / 2) + 0.5).astype(np.uint16)[..., None]


@lru_cache(maxsize=2)
def _grain(height: int, width: int) -> np.ndarray:
    """Noise int16 [H + 64, W + 64, 3] of standard deviation ~ 256, slightly correlated as after demosaicing."""
    rng = np.random.default_rng(20190901)
    values = rng.integers(-256, 257, (height + 66, width + 66, 3), dtype=np.int16)
    common = rng.integers(-400, 401, (height + 66, width + 66, 1), dtype=np.int16)
    smooth = (
        values[1:-1, 1:-1] // 2 + (values[1:-1, :-2] + values[1:-1, 2:] + values[:-2, 1:-1] + values[2:, 1:-1]) // 4
    )
    return smooth + common[1:-1, 1:-1] - common[1:-1, :-2] // 4


def expose(image: np.ndarray, sensor: Sensor, random: Random) -> np.ndarray:
    """Light on the sensor, RGB uint8 [H, W, 3] -> the picture the camera stores."""
    if sensor.blur:
        image = cv2.GaussianBlur(image, (5, 5), sensor.blur)
    if sensor.smear != (1, 1):
        image = cv2.blur(image, sensor.smear)
    image = _colours(image, sensor)
    if sensor.vignette > 0.02:
        darker = _vignette(*image.shape[:2], int(sensor.vignette * 100)).astype(np.uint32)
        image = ((image * darker) >> 10).astype(np.uint8)
    image = _with_grain(image, int(sensor.grain * 16), random)
    if sensor.quality:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, sensor.quality])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return image


def _with_grain(image: np.ndarray, strength: int, random: Random) -> np.ndarray:
    height, width = image.shape[:2]
    y, x = random.randrange(64), random.randrange(64)
    grain = _grain(height, width)[y : y + height, x : x + width]
    shot = image.astype(np.int32) // 4 + 96  # a part that grows with the light
    return np.clip(image + ((grain * shot >> 7) * strength >> 12), 0, 255).astype(np.uint8)


def _colours(image: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Exposure, contrast, white balance and saturation."""
    mean = int(image[::4, ::4].sum(dtype=np.int64)) / image[::4, ::4].size
    gain = min(max(sensor.exposure / max(mean, 1.0), 0.55), 1.8)
    ramp = np.arange(256) / 255.0
    tables = []
    for part in (gain * sensor.cast[0], gain, gain * sensor.cast[1]):
        lit = ramp * part
        lit = np.where(lit > 0.8, 0.8 + (lit - 0.8) / (1 + (lit - 0.8) * 3.2), lit)  # a soft shoulder for the lights
        curved = lit + (sensor.contrast - 1) * lit * (1 - lit) * (2 * lit - 1) * 1.6
        tables.append(np.clip(np.floor(curved * 255 + 0.5), 0, 255).astype(np.uint8))
    image = cv2.LUT(image, np.stack(tables, axis=1)[None])
    wide = image.astype(np.int32)
    grey = (wide[..., 0] * 77 + wide[..., 1] * 150 + wide[..., 2] * 29 >> 8)[..., None]
    return np.clip(grey + ((wide - grey) * int(sensor.saturation * 256) >> 8), 0, 255).astype(np.uint8)
