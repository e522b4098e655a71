"""Drawn frames on disk: images/, labels/, instances/, obstacle/ (the `obstacle_folder` layout) and frames.json."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from unexpected_core.datasets.bag_writing import Pinhole
from unexpected_core.datasets.base import DatasetError
from unexpected_core.datasets.drawn_roads import DrawnRoads
from unexpected_core.files import write_text
from unexpected_core.images import write_image

PARTS = ("images", "labels", "instances", "obstacle")
MANIFEST = "frames.json"


def draw_folder(folder: str | Path, roads: DrawnRoads, workers: int | None = None) -> None:
    """Write every frame of `roads` below folder; stopped half-way, the same call goes on.

    Labels are train ids, instances 16-bit (full id * 1000 + n), obstacle 0 / 1 / 255. frames.json holds track, seed,
    size and, for each frame, key, weather, intrinsics and ego pose. workers: processes, default one per core; 1
    draws in this process. Raises DatasetError when folder holds other frames.
    """
    folder = Path(folder)
    recipe = {"track": roads.track, "seed": roads.seed, "size": list(roads.size)}
    manifest = folder / MANIFEST
    if manifest.is_file():
        found = json.loads(manifest.read_text(encoding="utf-8"))
        if any(found.get(name) != value for name, value in recipe.items()):
            raise DatasetError(
                f"{folder} holds frames of track {found.get('track')}, seed {found.get('seed')}, "
                f"size {found.get('size')}; choose another folder"
            )
    elif any((folder / part).exists() for part in PARTS):
        raise DatasetError(f"{folder} has {' or '.join(PARTS)} but no {MANIFEST}; choose an empty folder")
    write_text(manifest, json.dumps(recipe | {"frames": []}))
    draw_one = partial(_draw_one, folder, roads)
    numbers = range(len(roads))
    if workers == 1:
        frames = [draw_one(number) for number in track(numbers, f"drawing {roads.track}")]
    else:
        # Not forked: OpenCV's threads do not survive a fork, and a child that needs them waits for ever.
        with ProcessPoolExecutor(workers, get_context("spawn"), cv2.setNumThreads, (1,)) as pool:
            done = pool.map(draw_one, numbers, chunksize=4)
            frames = list(track(done, f"drawing {roads.track}", total=len(roads)))
    write_text(manifest, json.dumps(recipe | {"frames": frames}, indent=1))


def _draw_one(folder: Path, roads: DrawnRoads, number: int) -> dict:
    paths = [folder / part / f"{number:06d}.png" for part in PARTS]
    if not all(path.is_file() for path in paths):
        sample = roads.frame(number).sample
        for path, values in zip(
            paths, (sample.image, sample.labels, sample.instances.astype(np.uint16), sample.obstacle), strict=True
        ):
            write_image(path, values)
    return {"name": f"{number:06d}"} | roads.view(number)


def intrinsics(folder: str | Path) -> dict[str, Pinhole]:
    """Name of each image -> its intrinsics, from frames.json; empty where the folder has none."""
    path = Path(folder) / MANIFEST
    if not path.is_file():
        return {}
    frames = json.loads(path.read_text(encoding="utf-8"))["frames"]
    return {frame["name"]: Pinhole(*(frame["camera"][name] for name in Pinhole._fields)) for frame in frames}
