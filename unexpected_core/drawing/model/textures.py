"""Procedural textures of the drawn world: a brightness and a blend between two tints, tileable, with mip levels.

All randomness is uniform integers and all filtering is integer arithmetic, so that the atlas is the same on any
machine."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

SIZE = 256
Pair = tuple[np.ndarray, np.ndarray]
"""brightness and blend, uint8 [256, 256]; brightness 128 leaves a tint as it is, blend 0 / 255 is the first /
second tint."""


def noise(rng: np.random.Generator, cells: int, cells_x: int | None = None) -> np.ndarray:
    """Smooth tileable noise uint8 [256, 256] with `cells` (rows) by `cells_x` (columns) random values."""
    grid = rng.integers(0, 256, (cells, cells_x or cells), dtype=np.uint8)
    padded = np.pad(grid, 2, mode="wrap")
    step_y, step_x = SIZE // grid.shape[0], SIZE // grid.shape[1]
    big = cv2.resize(padded, (padded.shape[1] * step_x, padded.shape[0] * step_y), interpolation=cv2.INTER_LINEAR_EXACT)
    return np.ascontiguousarray(big[2 * step_y : 2 * step_y + SIZE, 2 * step_x : 2 * step_x + SIZE])


def _mix(*parts: tuple[np.ndarray, int]) -> np.ndarray:
    """128 + sum of (noise - 128) * percent / 100, clipped to uint8."""
    total = sum((values.astype(np.int32) - 128) * percent for values, percent in parts)
    return np.clip(128 + total // 100, 0, 255).astype(np.uint8)


def _grid() -> tuple[np.ndarray, np.ndarray]:
    return np.mgrid[0:SIZE, 0:SIZE]


def _grain(rng: np.random.Generator, fine: int, middle: int, coarse: int) -> np.ndarray:
    return _mix((noise(rng, 256), fine), (noise(rng, 64), middle), (noise(rng, 16), coarse))


def _asphalt(rng: np.random.Generator) -> Pair:
    stones = noise(rng, 128)
    return _mix((noise(rng, 256), 26), (stones, 14), (noise(rng, 16), 10)), noise(rng, 8)


def _gravel(rng: np.random.Generator) -> Pair:
    return _mix((noise(rng, 128), 60), (noise(rng, 64), 40)), noise(rng, 32)


def _slabs(rng: np.random.Generator) -> Pair:
    row, column = _grid()
    joint = (row % 64 < 2) | ((column + (row // 64 % 2) * 32) % 64 < 2)
    tone = rng.integers(96, 160, (4, 4), dtype=np.uint8)[row // 64, (column // 64) % 4]
    light = _mix((noise(rng, 256), 12), (noise(rng, 32), 18), (tone, 50))
    return np.where(joint, light // 2 + 10, light).astype(np.uint8), noise(rng, 8)


def _cobbles(rng: np.random.Generator) -> Pair:
    row, column = _grid()
    shifted = (column + (row // 16 % 2) * 8) % SIZE
    joint = (row % 16 < 3) | (shifted % 16 < 3)
    tone = rng.integers(60, 196, (16, 16), dtype=np.uint8)[row // 16, shifted // 16]
    light = _mix((noise(rng, 128), 20), (tone, 45))
    return np.where(joint, light // 2, light).astype(np.uint8), tone


def _grass(rng: np.random.Generator) -> Pair:
    return _mix((noise(rng, 256), 40), (noise(rng, 128, 256), 40), (noise(rng, 16), 20)), _mix(
        (noise(rng, 8), 90), (noise(rng, 64), 60)
    )


def _leaves(rng: np.random.Generator) -> Pair:
    clumps = _mix((noise(rng, 64), 60), (noise(rng, 128), 70), (noise(rng, 256), 45), (noise(rng, 16), 45))
    return clumps, _mix((noise(rng, 32), 90), (noise(rng, 128), 60))


def _brick(rng: np.random.Generator) -> Pair:
    row, column = _grid()
    shifted = (column + (row // 8 % 2) * 16) % SIZE
    mortar = (row % 8 < 1) | (shifted % 32 < 2)
    tone = rng.integers(70, 186, (32, 8), dtype=np.uint8)[row // 8, shifted // 32]
    return _mix((noise(rng, 256), 10), (noise(rng, 16), 20), (tone, 40)), np.where(mortar, 255, 0).astype(np.uint8)


def _plaster(rng: np.random.Generator) -> Pair:
    return _grain(rng, 8, 8, 16), _mix((noise(rng, 4, 32), 70), (noise(rng, 16), 40))


def _windows(
    rng: np.random.Generator, width: int, height: int, bay: int, storey: int, sill: int, wall: np.ndarray
) -> Pair:
    """Walls with a window per bay and storey (texels); the glass is the second tint."""
    light, blend = wall.copy(), np.zeros((SIZE, SIZE), np.uint8)
    for top in range(0, SIZE, storey):
        for left in range(0, SIZE, bay):
            x, y = left + (bay - width) // 2, top + sill
            glass = int(rng.integers(50, 150))
            cv2.rectangle(light, (x - 3, y - 3), (x + width + 2, y + height + 2), int(rng.integers(150, 190)), -1)
            cv2.rectangle(light, (x, y), (x + width - 1, y + height - 1), glass, -1)
            cv2.rectangle(blend, (x, y), (x + width - 1, y + height - 1), 255, -1)
            drop = int(rng.integers(0, height))
            if rng.integers(0, 3) == 0:  # a blind or a curtain
                cv2.rectangle(light, (x, y), (x + width - 1, y + drop), int(rng.integers(150, 230)), -1)
            else:  # the sky mirrored in the upper panes
                cv2.line(light, (x, y + drop), (x + width - 1, y + drop // 2), min(glass + 70, 255), 5)
            cv2.line(light, (x + width // 2, y), (x + width // 2, y + height - 1), 170, 2)
            cv2.line(light, (x - 4, y + height + 3), (x + width + 3, y + height + 3), 80, 2)
    return light, blend


def _flats(rng: np.random.Generator) -> Pair:
    return _windows(rng, 30, 34, 64, 64, 14, _plaster(rng)[0])


def _offices(rng: np.random.Generator) -> Pair:
    return _windows(rng, 54, 36, 64, 64, 12, _grain(rng, 6, 6, 10))


def _tall(rng: np.random.Generator) -> Pair:
    return _windows(rng, 22, 44, 42 if SIZE % 42 == 0 else 32, 64, 8, _plaster(rng)[0])


def _brick_flats(rng: np.random.Generator) -> Pair:
    return _windows(rng, 26, 32, 64, 64, 16, _brick(rng)[0])


def _shops(rng: np.random.Generator) -> Pair:
    light, blend = _grain(rng, 8, 10, 20), np.zeros((SIZE, SIZE), np.uint8)
    for left in range(0, SIZE, 64):
        cv2.rectangle(light, (left + 4, 20), (left + 59, 63), int(rng.integers(40, 130)), -1)
        cv2.rectangle(blend, (left + 4, 20), (left + 59, 63), 255, -1)
        cv2.rectangle(light, (left + 2, 4), (left + 61, 14), int(rng.integers(60, 220)), -1)
        for _ in range(6):  # wares
            x, y = left + int(rng.integers(6, 52)), int(rng.integers(26, 56))
            end = (x + int(rng.integers(2, 9)), y + int(rng.integers(2, 10)))
            cv2.rectangle(light, (x, y), end, int(rng.integers(40, 240)), -1)
    for top in range(64, SIZE, 64):
        light[top : top + 64], blend[top : top + 64] = light[:64], blend[:64]
    return light, blend


def _roof(rng: np.random.Generator) -> Pair:
    row, column = _grid()
    edge = np.clip(90 + (row % 16) * 5, 0, 255)
    return _mix((edge, 60), (noise(rng, 64), 30), (noise(rng, 8), 20)), np.where(column % 16 < 2, 160, 0).astype(
        np.uint8
    )


def _bark(rng: np.random.Generator) -> Pair:
    return _mix((noise(rng, 32, 128), 70), (noise(rng, 128), 25)), noise(rng, 16)


def _metal(rng: np.random.Generator) -> Pair:
    return _grain(rng, 4, 4, 12), noise(rng, 8)


def _cloth(rng: np.random.Generator) -> Pair:
    return _mix((noise(rng, 32, 64), 16), (noise(rng, 128), 10)), noise(rng, 16)


def _wood(rng: np.random.Generator) -> Pair:
    _, column = _grid()
    gap = column % 32 < 2
    light = _mix((noise(rng, 8, 128), 35), (noise(rng, 16, 64), 25))
    return np.where(gap, light // 3, light).astype(np.uint8), noise(rng, 8, 32)


def _plain(rng: np.random.Generator) -> Pair:
    return np.full((SIZE, SIZE), 128, np.uint8), np.zeros((SIZE, SIZE), np.uint8)


def _clouds(rng: np.random.Generator) -> Pair:
    soft = _mix(
        (noise(rng, 4), 60), (noise(rng, 8), 45), (noise(rng, 16), 30), (noise(rng, 32), 16), (noise(rng, 64), 8)
    )
    return _mix((noise(rng, 8), 10), (noise(rng, 32), 6)), soft


# Textures of training objects only.


def _speckle(rng: np.random.Generator) -> Pair:
    return _grain(rng, 50, 30, 10), np.where(noise(rng, 64) > 150, 255, 0).astype(np.uint8)


def _bands(rng: np.random.Generator) -> Pair:
    row, _ = _grid()
    return _grain(rng, 12, 10, 10), np.where(row % 32 < 16, 255, 0).astype(np.uint8)


def _blotches(rng: np.random.Generator) -> Pair:
    return _grain(rng, 16, 24, 30), np.where(_mix((noise(rng, 8), 70), (noise(rng, 32), 50)) > 128, 255, 0).astype(
        np.uint8
    )


def _gradients(rng: np.random.Generator) -> Pair:
    return _mix((noise(rng, 4), 60), (noise(rng, 256), 10)), noise(rng, 4)


# Textures of test objects only.


def _planks(rng: np.random.Generator) -> Pair:
    row, column = _grid()
    gap = (row % 32 < 4) | (column % 128 < 4)
    light = _mix((noise(rng, 128, 8), 45), (noise(rng, 256), 10))
    return np.where(gap, light // 4, light).astype(np.uint8), noise(rng, 32, 4)


def _cardboard(rng: np.random.Generator) -> Pair:
    _, column = _grid()
    tape = np.abs(column % 128 - 64) < 9
    return _mix((noise(rng, 16, 256), 10), (noise(rng, 32), 16)), np.where(tape, 255, 0).astype(np.uint8)


def _fur(rng: np.random.Generator) -> Pair:
    return _mix((noise(rng, 128, 256), 45), (noise(rng, 32, 64), 30)), np.where(noise(rng, 4) > 140, 255, 30).astype(
        np.uint8
    )


def _rust(rng: np.random.Generator) -> Pair:
    return _mix((noise(rng, 256), 25), (noise(rng, 16, 64), 40)), _mix((noise(rng, 64), 90), (noise(rng, 8), 80))


def _tread(rng: np.random.Generator) -> Pair:
    row, column = _grid()
    return np.where((row + column * 2) % 24 < 8, 60, 140).astype(np.uint8), noise(rng, 16)


def _chequer(rng: np.random.Generator) -> Pair:
    row, column = _grid()
    return _grain(rng, 8, 6, 10), np.where((row // 32 + column // 32) % 2 == 0, 255, 0).astype(np.uint8)


WORLD: dict[str, tuple[int, Callable[[np.random.Generator], Pair]]] = {
    "asphalt": (64, _asphalt),
    "gravel": (48, _gravel),
    "slabs": (64, _slabs),
    "cobbles": (80, _cobbles),
    "grass": (48, _grass),
    "leaves": (48, _leaves),
    "brick": (100, _brick),
    "plaster": (24, _plaster),
    "flats": (21, _flats),
    "offices": (20, _offices),
    "tall": (20, _tall),
    "brick_flats": (21, _brick_flats),
    "shops": (18, _shops),
    "roof": (40, _roof),
    "bark": (90, _bark),
    "metal": (60, _metal),
    "cloth": (120, _cloth),
    "wood": (64, _wood),
    "plain": (32, _plain),
    "clouds": (8, _clouds),
}
"""Texels per metre and painter, by name."""
TRAIN_OBJECTS = {
    "speckle": (160, _speckle),
    "bands": (120, _bands),
    "blotches": (120, _blotches),
    "gradients": (120, _gradients),
}
TEST_OBJECTS = {
    "planks": (160, _planks),
    "cardboard": (200, _cardboard),
    "fur": (110, _fur),
    "rust": (160, _rust),
    "tread": (160, _tread),
    "chequer": (120, _chequer),
}
TABLE = WORLD | TRAIN_OBJECTS | TEST_OBJECTS
INDEX = {name: number for number, name in enumerate(TABLE)}
TEXELS_PER_METRE = np.array([entry[0] for entry in TABLE.values()], np.float32)
