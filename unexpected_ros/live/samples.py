"""Frames kept to look at and to train on later: on request, and those with a high score by themselves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from unexpected_core.files import expand_home, write_text
from unexpected_core.images import write_image
from unexpected_core.structs import Detection
from unexpected_ros.inputs.incoming import stamp_ns
from unexpected_ros.live.outputs import Result
from unexpected_ros.load.pace import Pace
from unexpected_ros.load.worker import Worker
from unexpected_ros.logs import CauseLog


def write_sample(folder: str | Path, key: str, image: np.ndarray, detection: Detection, facts: dict[str, Any]) -> Path:
    """Write <key>.png below image/, labels/, score/ (16-bit, 65535 = 1) and mask/ of `folder`, and <key>.json.

    image: RGB uint8 [H, W, 3]. A key that is taken becomes <key>-2, <key>-3, ...: cameras may share a clock or set no
    stamps at all, several nodes a folder.
    Returns the path of the JSON file, which holds `facts` and is written last: where it is, the sample is whole.
    Raises ImageError, OSError.
    """
    folder = expand_home(folder)
    with _reserved(folder, key) as key:
        write_image(folder / "image" / f"{key}.png", image)
        write_image(folder / "labels" / f"{key}.png", detection.labels)
        write_image(folder / "score" / f"{key}.png", (detection.score.clip(0, 1) * 65535).round().astype(np.uint16))
        write_image(folder / "mask" / f"{key}.png", detection.mask.astype(np.uint8) * 255)
        path = folder / f"{key}.json"
        write_text(path, json.dumps(facts, indent=2) + "\n")
    return path


@contextmanager
def _reserved(folder: Path, key: str) -> Iterator[str]:
    """A key that has no sample, and that no other thread or process takes before the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (f"{key}-{n}" if n > 1 else key for n in count(1)):
        mark = folder / f".{name}.taken"
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            continue
        try:
            if not (folder / f"{name}.json").exists():
                yield name
                return
        finally:
            mark.unlink(missing_ok=True)


class Keeper:
    """Writes samples in a thread of its own, so that no frame waits for a disk; `warn`: what cannot be written."""

    def __init__(self, warn: CauseLog) -> None:
        self._warn, self._pace = warn, Pace(closest=1)
        self._worker: Worker[tuple[str, Result]] | None = None

    def offer(self, camera: str, result: Result) -> None:
        """Keep the frame if a region's score is over save.above and its turn has come (save.per_minute)."""
        save = result.settings.save
        highest = max((region.max_score for region in result.detection.regions), default=0.0)
        if highest <= save.above or not self._pace.allows(time.monotonic(), save.per_minute / 60):
            return
        self._worker = self._worker or Worker(self._write, self._on_error, "samples")
        if self._worker.offer((camera, result), camera):
            self._warn("slow disk", f"{save.directory} is slow: a frame that waited to be saved is lost to the next")

    def _write(self, kept: list[tuple[str, Result]]) -> None:
        for camera, result in kept:
            self.write(camera, result)

    def write(self, camera: str, result: Result) -> Path:
        """Write the sample of one camera now; returns the path of its JSON file. Raises ImageError, OSError."""
        stamp = stamp_ns(result.header)
        facts = {
            "stamp_ns": stamp,
            "frame_id": result.header.frame_id,
            "model_id": result.model_id,
            "mode": result.mode,  # as in AnomalyArray
            "scale": result.scale,  # that it was detected at; settings have what was asked for
            "settings": result.settings.model_dump(),
        }
        key = f"{stamp}-{camera}" if camera else str(stamp)
        return write_sample(result.settings.save.directory, key, result.image, result.detection, facts)

    def stop(self, timeout: float) -> None:
        """Finish the sample in work, and those that wait; what is not saved by then is told."""
        if self._worker and not self._worker.stop(timeout, finish=True):
            self._warn("slow disk at the end", f"samples were not saved within {timeout:g} s; the last ones are lost")
        self._worker = None

    def _on_error(self, kept: tuple[str, Result], error: Exception) -> None:
        self._warn("sample", f"cannot save below {kept[1].settings.save.directory}: {error}")
