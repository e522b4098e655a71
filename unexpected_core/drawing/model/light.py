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
    wet: float = 0.0
    rain: float = 0.0
    night: bool = False


def light(weather: str, random: Random) -> Light:
    """A light of the given weather."""
    elevation = random.uniform(0.14, 0.32) if weather == "low_sun" else random.uniform(0.5, 1.1)
    up, level = sin_cos(elevation)
    sy, sx = sin_cos(random.uniform(0, 6.283))
    return _WEATHERS[weather](weather, random, (level * sx, level * sy, up), random.uniform(0.0, 0.12))


NO_SUN = (0.0, 0.0, 0.0)


def _clear(weather: str, random: Random, towards: Colour, warm: float) -> Light:
    blue = random.uniform(0.75, 1.1)
    sun, ambient = (0.78, 0.75 - warm / 3, 0.70 - warm), (0.25, 0.28, 0.34)
    top, bottom = (96 * blue, 140 * blue, 196 * blue), (206, 220, 232)
    clouds, haze = random.uniform(0.0, 0.7), random.uniform(0.0008, 0.003)
    return Light(weather, sun, ambient, towards, top, bottom, clouds, haze)


def _low_sun(weather: str, random: Random, towards: Colour, warm: float) -> Light:
    sun, ambient = (0.98, 0.78 - warm, 0.52 - warm), (0.25, 0.27, 0.33)
    clouds, haze = random.uniform(0.0, 0.6), random.uniform(0.002, 0.005)
    return Light(weather, sun, ambient, towards, (120, 150, 190), (248, 222, 178), clouds, haze)


def _grey(random: Random) -> float:
    """How bright a sky without sun is; drawn by every such weather, though only an overcast one shows it."""
    return random.uniform(0.75, 1.0)


def _overcast(weather: str, random: Random, towards: Colour, warm: float) -> Light:
    grey = _grey(random)
    ambient = (0.95 * grey, 0.96 * grey, 0.98 * grey)
    top = (186 * grey + 20, 192 * grey + 20, 200 * grey + 20)
    clouds, haze = random.uniform(0.2, 1.0), random.uniform(0.001, 0.005)
    wet = random.uniform(0.5, 1.0) if weather == "wet" else 0.0
    return Light(weather, NO_SUN, ambient, towards, top, (228, 231, 234), clouds, haze, wet)


def _rain(weather: str, random: Random, towards: Colour, warm: float) -> Light:
    _grey(random)
    clouds, haze, rain = random.uniform(0.3, 1.0), random.uniform(0.008, 0.016), random.uniform(0.4, 1.0)
    top, bottom = (126, 134, 144), (170, 176, 182)
    return Light(weather, NO_SUN, (0.56, 0.58, 0.62), towards, top, bottom, clouds, haze, 1.0, rain)


def _fog(weather: str, random: Random, towards: Colour, warm: float) -> Light:
    _grey(random)
    haze, top, bottom = random.uniform(0.022, 0.05), (196, 199, 202), (204, 207, 209)
    return Light(weather, NO_SUN, (0.85, 0.86, 0.88), towards, top, bottom, 0.0, haze, 0.3)


def _night(weather: str, random: Random, towards: Colour, warm: float) -> Light:
    _grey(random)
    clouds, haze, wet = random.uniform(0.2, 0.8), random.uniform(0.001, 0.004), random.choice((0.0, 0.0, 0.8))
    ambient, top, bottom = (0.05, 0.055, 0.075), (12, 14, 24), (44, 38, 36)
    return Light(weather, NO_SUN, ambient, towards, top, bottom, clouds, haze, wet, 0.0, True)


_WEATHERS = {
    "clear": _clear,
    "overcast": _overcast,
    "low_sun": _low_sun,
    "wet": _overcast,
    "night": _night,
    "rain": _rain,
    "fog": _fog,
}


@lru_cache(maxsize=16)
def transmission(haze: float) -> np.ndarray:
    """Share of light that passes, float32 [1025] by distance in steps of 0.25 m (the last one: anything farther)."""
    return np.round(np.exp(-haze * np.arange(1025) * 0.25), 6).astype(np.float32)


def head_light(right: np.ndarray, forward: np.ndarray) -> np.ndarray:
    """Strength of the ego car's low beam at points (right, forward) float [...] in metres -> linear, float32 [...].

    Rational, hence exact.
    """
    beam = 1.0 / (1.0 + ((right - 0.5) / (1.8 + 0.14 * np.maximum(forward, 0.0))) ** 2) ** 2
    reach = (forward > 0) * 2.2 / (1.0 + (forward / 15.0) ** 2)
    return (beam * reach).astype(np.float32)


def lamp_light(right: np.ndarray, forward: np.ndarray, lamps: list[tuple[float, float]]) -> np.ndarray:
    """Strength of the street lamps at points (right, forward) float [...] in metres -> linear, float32 [...]."""
    total = np.zeros(np.shape(right), np.float32)
    for lamp_right, lamp_forward in lamps:
        square = (right - np.float32(lamp_right)) ** 2 + (forward - np.float32(lamp_forward)) ** 2
        total += np.float32(0.38) / (1 + square / np.float32(30.0)) ** 2
    return total
