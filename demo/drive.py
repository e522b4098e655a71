"""The drive that the demo plays: a drawn road with surprising objects on it, the same on every machine."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from children import interrupts_held, leave_interrupts_to_parent
from rich.progress import track

from unexpected_core.drawing.tracks import CLIP_LENGTH, DrawnRoads
from unexpected_core.files import write_text
from unexpected_core.images import write_image

RECIPE = {"track": "clips", "count": CLIP_LENGTH, "seed": 1, "size": [384, 768], "rate": 7.5}
"""rate: frames per second; slow enough that the drive comes near to all of its obstacles."""


def draw_frame(number: int, folder: Path) -> None:
    """Write images/, obstacle/ (0 normal, 1 obstacle, 255 outside the ROI) and instances/NNN.png."""
    cv2.setNumThreads(1)
    sample = DrawnRoads(**RECIPE)[number]
    write_image(folder / "images" / f"{number:03d}.png", sample.image)
    write_image(folder / "obstacle" / f"{number:03d}.png", sample.obstacle)
    write_image(folder / "instances" / f"{number:03d}.png", sample.instances.astype(np.uint16))


def make_drive(folder: Path) -> Path:
    """Draw the drive into folder, unless it is there already; returns the folder of its images."""
    recipe = folder / "recipe.json"
    if not recipe.is_file() or json.loads(recipe.read_text()) != RECIPE:
        shutil.rmtree(folder, ignore_errors=True)
        # Not forked: OpenCV's threads do not survive a fork, and a child that needs them waits for ever.
        pool = ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=leave_interrupts_to_parent)
        try:
            with interrupts_held():
                jobs = [pool.submit(draw_frame, number, folder) for number in range(RECIPE["count"])]
            for job in track(jobs, "drawing the drive"):
                job.result()
        finally:
            pool.shutdown(cancel_futures=True)  # after Ctrl-C, do not draw the rest
        write_text(recipe, json.dumps(RECIPE))
    return folder / "images"
