"""Another camera: its light and colours (which a photo keeps), then its lens, sensor and compression (which spoil it).

All RGB uint8 [H, W, 3].
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import cv2
import numpy as np

_LEVELS = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)], np.float32)
"""256 equally likely values of a standard normal variable: a random byte becomes noise."""


def change_light(images: Sequence[np.ndarray], random: np.random.Generator) -> list[np.ndarray]:
    """RGB uint8 [H, W, 3] -> another exposure, white balance, contrast, gamma and saturation, the same for all."""
    gain = np.exp(random.normal(0, 0.15)) * np.exp(random.normal(0, 0.06, 3))
    table = (np.arange(256) / 255) ** np.exp(random.normal(-0.08, 0.25))
    table = (table[:, None] * gain - 0.4) * np.exp(random.normal(0, 0.15)) + 0.4
    table = (np.clip(table, 0, 1) * 255).round().astype(np.uint8).reshape(1, 256, 3)
    saturation = max(0.0, random.normal(1, 0.25))
    mix = saturation * np.eye(3) + (1 - saturation) * np.array([0.299, 0.587, 0.114])
    return [cv2.transform(cv2.LUT(image, table), mix.astype(np.float32)) for image in images]


def change_sensor(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """RGB uint8 [H, W, 3] -> blurred or sharpened, noisy, compressed, or none of them."""
    kind = random.integers(4)
    if kind == 0:
        image = cv2.GaussianBlur(image, (0, 0), float(random.uniform(0.4, 1.3)))
    elif kind == 1:
        amount, blurred = random.uniform(0.3, 1.5), cv2.GaussianBlur(image, (0, 0), float(random.uniform(0.8, 1.6)))
        image = cv2.addWeighted(image, 1 + amount, blurred, -amount, 0)
    if random.random() < 0.5:
        image = _noisy(image, random.uniform(1, 10), random)
    if random.random() < 0.3:
        image = _compressed(image, int(random.integers(35, 95)))
    return image


def _compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """As JPEG; OpenCV expects BGR, and colours are kept less well than brightness."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def _noisy(image: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """With normal noise of sigma grey levels."""
    table = (_LEVELS * sigma).round().astype(np.int16)
    noise = np.frombuffer(random.bytes(image.size), np.uint8).reshape(image.shape)
    return cv2.add(image, table[noise], dtype=cv2.CV_8U)
