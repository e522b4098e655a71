"""What a discrepancy set was made from, written beside it: settings, generator, and fingerprints of every frame.

The manifest of a split is whole or absent; while the set grows, finished frames are lines of a journal.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import Field, ValidationError

from unexpected_core import __version__
from unexpected_core.config import Settings
from unexpected_core.discrepancy_data.swaps import Recipe
from unexpected_core.files import write_text
from unexpected_core.log import one_line


class ManifestError(ValueError):
    """A discrepancy set that does not fit the command, or is not complete; the message says why and the cure."""


class FrameRecord(Settings):
    """One finished frame."""

    key: str
    source: str = Field(description="SHA-256 of the source's image, labels, instances and obstacles, as decoded")
    image: str | None = Field(None, description="SHA-256 of the source's image alone")
    wrong: int | None = Field(None, description="pixels whose labels were made wrong")
    files: dict[str, str] = Field(description="path below the set's folder -> SHA-256")


class Manifest(Settings):
    """Everything that decides the pixels of a split, and what came out."""

    version: str = __version__
    dataset: str = Field(description="data set and split the frames come from")
    size: tuple[int, int] | None = Field(None, description="height and width it was resized to")
    generator: str = Field(description="what painted the resyntheses")
    recipe: Recipe
    frequencies: tuple[float, ...] | None = Field(None, description="class frequencies the new classes were drawn by")
    cut_outs: str | None = Field(None, description="SHA-256 of the names and files of the things pasted, if any")
    complete: bool = False
    failed: dict[str, str] = Field({}, description="source frames that could not be used -> why")
    frames: tuple[FrameRecord, ...] = ()


def manifest_path(folder: Path, split: str) -> Path:
    """``manifest_<split>.json``."""
    return folder / f"manifest_{split}.json"


def read_manifest(folder: Path, split: str) -> Manifest | None:
    """The manifest of a split; None where there is none (the authors' archive). Raises ManifestError."""
    path = manifest_path(folder, split)
    if not path.is_file():
        return None
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ManifestError(
            f"{path} is not a manifest of a discrepancy set; make the set again ({one_line(error)})"
        ) from error


class Journal:
    """Finished frames of a split, one line each; a line torn by a crash is as if never written."""

    def __init__(self, folder: Path, split: str) -> None:
        self.folder, self.split = folder, split
        self.path = folder / f"manifest_{split}.frames.jsonl"

    def begin(self, manifest: Manifest) -> dict[str, FrameRecord]:
        """Check that the folder is empty or of the same making; returns the frames that are finished already."""
        before = read_manifest(self.folder, self.split)
        if before is not None:
            self._same_making(before, manifest)
        records = {record.key: record for record in (*(before.frames if before else ()), *self._lines())}
        growing = manifest.model_copy(update={"frames": before.frames if before else ()})
        write_text(manifest_path(self.folder, self.split), _text(growing))
        return {
            key: record
            for key, record in records.items()
            if all((self.folder / name).is_file() for name in record.files)
        }

    def add(self, record: FrameRecord) -> None:
        """Note a frame whose files are all written."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(record.model_dump_json() + "\n")

    def end(self, manifest: Manifest) -> None:
        """Write the manifest with all frames; the journal is no longer needed."""
        write_text(manifest_path(self.folder, self.split), _text(manifest))
        self.path.unlink(missing_ok=True)

    def _lines(self) -> list[FrameRecord]:
        lines = self.path.read_bytes().split(b"\n") if self.path.is_file() else []
        if lines and lines[-1]:  # torn: end it, so that the next line starts afresh
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write("\n")
        records = []
        for line in lines:
            try:
                records.append(FrameRecord.model_validate_json(line))
            except ValidationError:
                continue
        return records

    def _same_making(self, before: Manifest, now: Manifest) -> None:
        made = {"version", "complete", "failed", "frames"}
        old, new = (_flat(m.model_dump(exclude=made, mode="json")) for m in (before, now))
        different = [name for name in new if old.get(name) != new[name]]
        if different:
            name = different[0]
            raise ManifestError(
                f"{self.folder} holds a set made otherwise: {name} was {old.get(name)}, now "
                f"{new[name]}. Give another --out, or the same settings to continue it"
            )


def _flat(values: dict, prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def _text(manifest: Manifest) -> str:
    return json.dumps(manifest.model_dump(mode="json"), indent=1) + "\n"
