"""Frames kept on request, to look at and to train on later. No ROS."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from unexpected_core.files import expand_home, write_text
from unexpected_core.images import write_image
from unexpected_core.structs import Detection


def write_sample(folder: str | Path, key: str, image: np.ndarray, detection: Detection, facts: dict[str, Any]) -> Path:
    """Write <key>.png below image/, labels/, score/ (16-bit, 65535 = 1) and mask/ of `folder`, and <key>.json.

    image: RGB uint8 [H, W, 3]. A key that is taken becomes <key>-2, <key>-3, ...: cameras may share a clock, or set
    no stamps at all.
    Returns the path of the JSON file, which holds `facts` and is written last: where it is, the sample is whole.
    Raises ImageError, OSError.
    """
    folder = expand_home(folder)
    taken = (f"{key}-{n}" if n > 1 else key for n in count(1))
    key = next(name for name in taken if not (folder / f"{name}.json").exists())
    write_image(folder / "image" / f"{key}.png", image)
    write_image(folder / "labels" / f"{key}.png", detection.labels)
    write_image(folder / "score" / f"{key}.png", (detection.score.clip(0, 1) * 65535).round().astype(np.uint16))
    write_image(folder / "mask" / f"{key}.png", detection.mask.astype(np.uint8) * 255)
    path = folder / f"{key}.json"
    write_text(path, json.dumps(facts, indent=2) + "\n")
    return path
