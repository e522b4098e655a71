"""Drawn frames on disk: images/, labels/, instances/, obstacle/ (the `obstacle_folder` layout) and frames.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from unexpected_core.config import read_json
from unexpected_core.drawing.code import fingerprint
from unexpected_core.drawing.errors import DrawingError
from unexpected_core.drawing.tracks import CLIP_RATE, DrawnRoads, facts
from unexpected_core.files import visible, write_text
from unexpected_core.images import write_image
from unexpected_core.log import progress
from unexpected_core.processes import processes
from unexpected_core.structs import Pinhole

PARTS = ("images", "labels", "instances", "obstacle")
MANIFEST = "frames.json"


def draw_folder(
    folder: str | Path, roads: DrawnRoads, workers: int | None = None, parts: Sequence[str] = PARTS
) -> None:
    """Write every frame of `roads` below folder; stopped half-way, the same call goes on.

    Labels are train ids, instances 16-bit (full id * 1000 + n), obstacle 0 / 1 / 255. frames.json holds track, seed,
    size, the rate of clips, the version of this code and OpenCV's and, for each frame, key, weather, intrinsics and
    ego pose.
    workers: processes, default one per core; 1 draws in this process. parts: which of PARTS to write. Raises
    DrawingError when folder holds other frames, or some of another version, ProcessesError when a process is ended.
    """
    folder = Path(folder)
    recipe = {"track": roads.track, "seed": roads.seed, "size": list(roads.size)}
    if roads.track == "clips":
        recipe["rate"] = roads.rate
    if _is_whole(folder, roads, recipe, parts):
        return
    recipe["code"] = fingerprint()
    write_text(folder / MANIFEST, json.dumps(recipe | {"frames": []}))
    frames = _draw_all(partial(_draw_one, folder, roads, parts), len(roads), workers, f"drawing {roads.track}")
    write_text(folder / MANIFEST, json.dumps(recipe | {"frames": frames}, indent=1))


def _is_whole(folder: Path, roads: DrawnRoads, recipe: dict, parts: Sequence[str]) -> bool:
    """Whether every frame lies there already. Raises DrawingError where frames of something else lie."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        if any((folder / part).exists() for part in PARTS):
            raise DrawingError(f"{folder} has {' or '.join(PARTS)} but no {MANIFEST}; choose an empty folder")
        return False
    cure = "restore it, or choose another folder"
    found = {"rate": CLIP_RATE, "frames": []} | read_json(manifest, dict[str, Any], DrawingError, cure)
    if any(found.get(name) != value for name, value in recipe.items()):
        what = ", ".join(f"{name} {found.get(name)}" for name in recipe)
        raise DrawingError(f"{folder} holds frames of {what}; choose another folder")
    wanted = {path for number in range(len(roads)) for path in _paths(folder, parts, number).values()}
    if others := [path for path in visible(folder / parts[0], "*.*") if path not in wanted]:
        raise DrawingError(  # whoever reads the folder would get them all
            f"{others[0]} is none of these {len(roads)} frames; choose another folder, or take away what is not of them"
        )
    there = sum(path.is_file() for path in wanted)
    if there == len(wanted) and isinstance(found["frames"], list) and len(found["frames"]) == len(roads):
        return True
    if there and found.get("code") != fingerprint():
        raise DrawingError(
            f"{folder} was begun by another version of the code that draws, or of OpenCV (here {cv2.__version__}), "
            "whose frames may look different; choose another folder, or delete this one"
        )
    return False


def _draw_all(draw_one: Callable[[int], dict], count: int, workers: int | None, title: str) -> list[dict]:
    if workers == 1:
        return [draw_one(number) for number in progress(range(count), title)]
    with processes(workers) as pool:
        return list(progress(pool.map(draw_one, range(count), chunksize=4), title, count))


def _draw_one(folder: Path, roads: DrawnRoads, parts: Sequence[str], number: int) -> dict:
    paths, name = _paths(folder, parts, number), {"name": f"{number:06d}"}
    if all(path.is_file() for path in paths.values()):
        return name | roads.view(number)
    frame = roads.frame(number)
    sample = frame.sample
    maps = (sample.image, sample.labels, sample.instances.astype(np.uint16), sample.obstacle)
    for part, values in zip(PARTS, maps, strict=True):
        if part in parts:
            write_image(paths[part], values)
    return name | facts(sample.key, frame.time, frame.weather, frame.camera, frame.pose)


def _paths(folder: Path, parts: Sequence[str], number: int) -> dict[str, Path]:
    return {part: folder / part / f"{number:06d}.png" for part in parts}


def intrinsics(folder: str | Path) -> dict[str, Pinhole]:
    """Name of each image -> its intrinsics, from frames.json; empty where the folder has none, or one of its own."""
    path = Path(folder) / MANIFEST
    try:
        frames = json.loads(path.read_text(encoding="utf-8"))["frames"]
        return {frame["name"]: Pinhole(*(frame["camera"][name] for name in Pinhole._fields)) for frame in frames}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
