"""What `unexpected detect` writes: one folder per kind of result, and one line of JSON per frame."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import numpy as np

from unexpected_core.cli.errors import UsageError
from unexpected_core.files import atomic_path, file_state, written_named
from unexpected_core.holding import held
from unexpected_core.images import write_image
from unexpected_core.labels import colorize
from unexpected_core.structs import Detection
from unexpected_core.visualize import overlay, stamp

MEANINGLESS = "RANDOM WEIGHTS: NO MEANING"
_PICTURES: dict[str, tuple[str, Callable[[np.ndarray, Detection], np.ndarray | None]]] = {
    "overlay": (".jpg", overlay),
    "labels_color": (".png", lambda _, detection: colorize(detection.labels)),
    "resynthesis": (".jpg", lambda _, detection: detection.resynthesis),
    "mask": (".png", lambda _, detection: detection.mask.astype(np.uint8) * 255),
    "labels": (".png", lambda _, detection: detection.labels),
}
"""Kind of result -> suffix of its file, and how it is made of the image and the detection."""
_MAPS = ("mask", "labels")
"""Those that programs read: never written upon."""


class Outputs:
    """Writes detections below a folder. meaningless: stamp everything as made by random weights.

    resume: keep the lines of an earlier run for frames that went well, of inputs that are the same files still.
    Raises UsageError where another run writes into the folder.
    """

    def __init__(
        self, folder: Path, kinds: set[str], score_format: str, meaningless: bool, resume: bool = False
    ) -> None:
        self.folder, self.kinds, self.score_format, self.meaningless = folder, kinds, score_format, meaningless
        folder.mkdir(parents=True, exist_ok=True)
        refusal = UsageError(f"another run writes its results into {folder}: wait for it, or give another --out")
        with ExitStack() as opened:
            opened.enter_context(held(folder, refusal))
            self._table = folder / "regions.jsonl"
            self._earlier = _keep_whole_lines(self._table) if resume and self._table.is_file() else {}
            mode = "a" if self._earlier else "w"
            lines = self._table.open(mode, encoding="utf-8") if "regions" in kinds else None
            self._lines = opened.enter_context(lines) if lines else None
            self._opened = opened.pop_all()

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, *_: object) -> None:
        with written_named(self._table):
            self._opened.close()

    @property
    def owners(self) -> dict[str, str]:
        """Name -> input of the frames that the earlier run has done."""
        return {name.removesuffix(self._stamped("")): source for source, name in self._earlier}

    def earlier(self, source: str, name: str) -> int | None:
        """Regions of a frame that the earlier run has done; None where it is to be done."""
        return self._earlier.get((source, self._stamped(name)))

    def write(self, source: str, name: str, image: np.ndarray, detection: Detection, about: dict) -> None:
        """Every wanted result of one frame, RGB uint8 [H, W, 3]. about: goes into its JSON line as it is."""
        name = self._stamped(name)
        if self.meaningless:
            about = {**about, "warning": MEANINGLESS}
        for kind, (suffix, make) in _PICTURES.items():
            if kind in self.kinds and (picture := make(image, detection)) is not None:
                self._picture(kind, name, suffix, picture)
        if "score" in self.kinds:
            self._score(name, detection.score)
        height, width = detection.score.shape
        line = {"input": source, "file": _state(source), "name": name, "width": width, "height": height, **about}
        regions = [asdict(region) for region in detection.regions]
        self._line({**line, "regions": regions, "timings_ms": detection.timings})

    def write_error(self, source: str, name: str, error: Exception) -> None:
        """A line for a frame that could not be used."""
        self._line({"input": source, "name": name, "error": str(error)})

    def _stamped(self, name: str) -> str:
        return f"{name}.random_weights" if self.meaningless else name

    def _path(self, kind: str, name: str, suffix: str) -> Path:
        return self.folder / kind / f"{name}{suffix}"

    def _picture(self, kind: str, name: str, suffix: str, picture: np.ndarray) -> None:
        if self.meaningless and kind not in _MAPS:
            picture = np.ascontiguousarray(picture)
            stamp(picture, MEANINGLESS)
        write_image(self._path(kind, name, suffix), picture)

    def _score(self, name: str, score: np.ndarray) -> None:
        if self.score_format == "png16":
            write_image(self._path("score", name, ".png"), np.rint(score.clip(0, 1) * 65535).astype(np.uint16))
        else:
            with atomic_path(self._path("score", name, ".npy")) as temporary:
                np.save(temporary, score)

    def _line(self, values: dict) -> None:
        if self._lines:
            with written_named(self._table):
                print(json.dumps(values), file=self._lines, flush=True)


def _keep_whole_lines(path: Path) -> dict[tuple[str, str], int]:
    """Leave only the lines of frames that went well, the last one may be cut; (input, name) -> number of regions.

    Those of inputs that were written anew since go, too.
    """
    kept = {}
    with atomic_path(path) as temporary, path.open(errors="replace") as old, temporary.open("w") as new:
        for line in map(_parsed, old):
            if "regions" in line and line.get("file") == _state(line["input"]):
                kept[line["input"], line["name"]] = len(line["regions"])
                print(json.dumps(line), file=new)
    return kept


def _state(source: str) -> list[int] | None:
    """See file_state; as JSON has it."""
    found = file_state(source)
    return list(found) if found else None


def _parsed(text: str) -> dict:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
