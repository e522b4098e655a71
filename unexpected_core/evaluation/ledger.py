"""How every stored score was made: hashes of its image, of its maker and of its file, beside the scores.

`made.jsonl` grows by a line for each score written, so a run may be killed at any time; a frame's last line counts. A
score whose hashes are not those of now is stale: of another image, of other weights, settings or code, or changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from unexpected_core.files import sha256, write_text

LEDGER = "made.jsonl"
ABOUT = "about.json"


@dataclass(frozen=True)
class Made:
    """One line: SHA-256 of the image's pixels, the maker, the score file, and the file of predicted labels.

    labels: '' where the method has none; None where the frame had none to compare them with.
    """

    image: str
    maker: str
    score: str
    labels: str | None = None


def image_hash(image: np.ndarray) -> str:
    """SHA-256 of an image's size and pixels, RGB uint8 [H, W, 3]."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image))
    return digest.hexdigest()


def maker_hash(made_by: Mapping[str, str]) -> str:
    """SHA-256 of all that decides a method's scores."""
    return hashlib.sha256(json.dumps(dict(made_by), sort_keys=True).encode()).hexdigest()


class Ledger:
    """The lines of one folder of scores. frames: newest line by key; makers: what each maker hash stands for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.frames: dict[str, Made] = {}
        self.makers: dict[str, dict[str, str]] = {}
        path = folder / LEDGER
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
            self._read(line)

    def _read(self, line: str) -> None:
        try:
            values = json.loads(line)
            if "made_by" in values:
                self.makers[values["maker"]] = values["made_by"]
            else:
                key = values.pop("key")
                self.frames[key] = Made(**values)
        except (ValueError, TypeError, KeyError):
            pass  # a line cut short by a kill: its score counts as stale

    def begin(self, made_by: Mapping[str, str]) -> str:
        """Note a maker, in about.json too, which is for people; returns its hash."""
        maker = maker_hash(made_by)
        if maker not in self.makers:
            self.makers[maker] = dict(made_by)
            self._append({"maker": maker, "made_by": dict(made_by)})
        write_text(self.folder / ABOUT, json.dumps(dict(made_by), indent=2) + "\n")
        return maker

    def note(self, key: str, made: Made) -> None:
        """A score was written."""
        self.frames[key] = made
        self._append({"key": key} | asdict(made))

    def _append(self, values: Mapping[str, object]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LEDGER).open("a", encoding="utf-8") as stream:
            stream.write(f"\n{json.dumps(values)}")  # the line break first: what a kill cut short ends there

    def stale(self, key: str, file: Path, image: str, maker: str) -> str | None:
        """Why the score of a frame is not the one that would be made now, in words; None if it is."""
        made = self.frames.get(key)
        if made is None:
            return "it was not noted how they were made"
        if made.image != image:
            return "their images changed"
        if made.maker != maker:
            return f"they were made otherwise ({self._difference(made.maker, maker)})"
        return "their files changed" if sha256(file) != made.score else None

    def _difference(self, before: str, now: str) -> str:
        old, new = self.makers.get(before, {}), self.makers.get(now, {})
        names = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
        return "; ".join(f"{name} {_short(old.get(name))}, now {_short(new.get(name))}" for name in names) or "unknown"


def _short(text: str | None) -> str:
    return "nothing" if text is None else text if len(text) < 40 else f"{text[:12]}..."
