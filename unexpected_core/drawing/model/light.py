"""Weather and light of the drawn world."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import NamedTuple

import numpy as np

from unexpected_core.drawing.model.shapes import Colour, sin_cos

TRAIN_WEATHERS = ("clear", "overcast", "low_sun", "wet")
SHIFT_WEATHERS = ("night", "rain", "fog")


class Light(NamedTuple):
    """One weather. sun: colour times strength (linear, 1 = full day light); ambient likewise; towards: unit vector
    to the sun (east, north, up); top / bottom: sky colours; clouds 0..1; haze 1/m; wet, rain 0..1; night: head
    lights and lamps burn."""

    weather: str
    sun: Colour
    ambient: Colour
    towards: Colour
    top: Colour
    bottom: Colour
    clouds: float
    haze: float
    wet: float
    rain: float
    night: bool


def light(weather: str, random: Random) -> Light:
    """A light of the given weather."""
    low = weather == "low_sun"
    elevation = random.uniform(0.14, 0.32) if low else random.uniform(0.5, 1.1)
    up, level = sin_cos(elevation)
    sy, sx = sin_cos(random.uniform(0, 6.283))
    towards = (level * sx, level * sy, up)
    warm = random.uniform(0.0, 0.12)
    if weather == "clear":
        blue = random.uniform(0.75, 1.1)
        return Light(
            weather,
            (0.78, 0.75 - warm / 3, 0.70 - warm),
            (0.25, 0.28, 0.34),
            towards,
            (96 * blue, 140 * blue, 196 * blue),
            (206, 220, 232),
            random.uniform(0.0, 0.7),
            random.uniform(0.0008, 0.003),
            0.0,
            0.0,
            False,
        )
    if low:
        return Light(
            weather,
            (0.98, 0.78 - warm, 0.52 - warm),
            (0.25, 0.27, 0.33),
            towards,
            (120, 150, 190),
            (248, 222, 178),
            random.uniform(0.0, 0.6),
            random.uniform(0.002, 0.005),
            0.0,
            0.0,
            False,
        )
    grey = random.uniform(0.75, 1.0)
    if weather in ("overcast", "wet"):
        return Light(
            weather,
            (0.0, 0.0, 0.0),
            (0.95 * grey, 0.96 * grey, 0.98 * grey),
            towards,
            (186 * grey + 20, 192 * grey + 20, 200 * grey + 20),
            (228, 231, 234),
            random.uniform(0.2, 1.0),
            random.uniform(0.001, 0.005),
            random.uniform(0.5, 1.0) if weather == "wet" else 0.0,
            0.0,
            False,
        )
    if weather == "rain":
        return Light(
            weather,
            (0.0, 0.0, 0.0),
            (0.56, 0.58, 0.62),
            towards,
            (126, 134, 144),
            (170, 176, 182),
            random.uniform(0.3, 1.0),
            random.uniform(0.008, 0.016),
            1.0,
            random.uniform(0.4, 1.0),
            False,
        )
    if weather == "fog":
        return Light(
            weather,
            (0.0, 0.0, 0.0),
            (0.85, 0.86, 0.88),
            towards,
            (196, 199, 202),
            (204, 207, 209),
            0.0,
            random.uniform(0.022, 0.05),
            0.3,
            0.0,
            False,
        )
    return Light(
        weather,
        (0.0, 0.0, 0.0),
        (0.05, 0.055, 0.075),
        towards,
        (12, 14, 24),
        (44, 38, 36),
        random.uniform(0.2, 0.8),
        random.uniform(0.001, 0.004),
        random.choice((0.0, 0.0, 0.8)),
        0.0,
        True,
    )


@lru_cache(maxsize=16)
def transmission(haze: float) -> np.ndarray:
    """Share of light that passes, float32 [1025] by distance in steps of 0.25 m (the last one: anything farther)."""
    return np.round(np.exp(-haze * np.arange(1025) * 0.25), 6).astype(np.float32)


def head_light(right: np.ndarray, forward: np.ndarray) -> np.ndarray:
    """Strength of the ego car's low beam at points (right, forward) metres, linear, float32; rational, hence exact."""
    beam = 1.0 / (1.0 + ((right - 0.5) / (1.8 + 0.14 * np.maximum(forward, 0.0))) ** 2) ** 2
    reach = (forward > 0) * 2.2 / (1.0 + (forward / 15.0) ** 2)
    return (beam * reach).astype(np.float32)


def lamp_light(right: np.ndarray, forward: np.ndarray, lamps: list[tuple[float, float]]) -> np.ndarray:
    """Strength of the street lamps at (right, forward) positions, linear, float32."""
    total = np.zeros(np.shape(right), np.float32)
    for lamp_right, lamp_forward in lamps:
        square = (right - np.float32(lamp_right)) ** 2 + (forward - np.float32(lamp_forward)) ** 2
        total += np.float32(0.38) / (1 + square / np.float32(30.0)) ** 2
    return total
