"""Scores on disk: one file per frame, whole or absent, so that an interrupted run goes on where it stopped.

| format | file | error |
|---|---|---|
| float32 | KEY.npy | none |
| 16bit | KEY.npz, codes uint16 over the frame's range | at most (highest - lowest) / 131070, written in the file |
| hdf5 | KEY.hdf5, SegmentMeIfYouCan's (float16) | 2^-11 of the value: can destroy saturated scores |

Read are these, and maps of `unexpected detect` (KEY.png, 16 bit: value / 65535; 8 bit: value / 255).
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np

from unexpected_core.config import unknown_name
from unexpected_core.evaluation.hdf5 import PredictionError, benchmark_name, read_prediction, write_prediction
from unexpected_core.files import atomic_path, visible, write_text
from unexpected_core.images import ImageError, read_map

FORMATS = {"float32": ".npy", "16bit": ".npz", "hdf5": ".hdf5"}
SUFFIXES = (".npy", ".npz", ".hdf5", ".png")
ABOUT = "about.json"


def write_score(folder: Path, key: str, score: np.ndarray, kind: str) -> None:
    """Score float [H, W] -> one file below the folder. kind: one of FORMATS. Raises PredictionError."""
    path = folder / f"{key}{FORMATS[kind]}"
    if kind == "hdf5":
        write_prediction(path, score)
        return
    if kind == "16bit" and not np.isfinite(score).all():
        raise PredictionError(f"{path}: scores that are not finite numbers have no 16-bit code; store float32")
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        if kind == "float32":
            np.save(stream, score.astype(np.float32))
        else:
            np.savez(stream, **_encode(score))


def _encode(score: np.ndarray) -> dict[str, np.ndarray]:
    low, high = float(score.min()), float(score.max())
    step = (high - low) / 65535
    codes = np.round((score - np.float64(low)) / step) if step else np.zeros(score.shape)
    return {
        "codes": codes.astype(np.uint16),
        "low": np.float64(low),
        "step": np.float64(step),
        "largest_error": np.float64(step / 2),
    }


def read_score(path: Path) -> np.ndarray:
    """File -> score [H, W], float16 where it was stored so, else float32. Raises PredictionError."""
    if path.suffix == ".hdf5":
        score = read_prediction(path)
    elif path.suffix == ".png":
        score = _read_png(path)
    else:
        score = _read_numpy(path)
    score = np.squeeze(score)
    if score.ndim != 2:
        raise PredictionError(f"{path}: expected one score per pixel [H, W], found shape {score.shape}")
    return score if score.dtype == np.float16 else score.astype(np.float32)


def _read_numpy(path: Path) -> np.ndarray:
    try:
        values = np.load(path, allow_pickle=False)
        if path.suffix == ".npy":
            return values
        with values:
            return (values["low"] + values["codes"] * values["step"]).astype(np.float32)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise PredictionError(f"cannot read {path}: not scores, or damaged ({error})") from error


def _read_png(path: Path) -> np.ndarray:
    try:
        values = read_map(path)
    except ImageError as error:
        raise PredictionError(str(error)) from error
    return values / np.float32(np.iinfo(values.dtype).max)


def stored_scores(folder: Path) -> dict[str, Path]:
    """Every score file below a folder by key, sorted. Raises PredictionError if a key has two files, or none exist."""
    found: dict[str, Path] = {}
    for path in visible(folder, "**/*"):
        if path.suffix not in SUFFIXES:
            continue
        key = path.relative_to(folder).with_suffix("").as_posix()
        if key in found:
            raise PredictionError(f"{folder}: frame '{key}' has two files, {found[key].name} and {path.name}; keep one")
        found[key] = path
    if not found:
        raise PredictionError(f"no scores ({', '.join(SUFFIXES)}) below {folder}")
    return found


def foreign_folder(root: Path, method: str, dataset: str) -> Path:
    """Where scores lie: root/anomaly_p/METHOD/SET, root/METHOD/SET/scores, root/METHOD/SET, root/METHOD, or root."""
    candidates = [
        root / "anomaly_p" / method / benchmark_name(dataset),
        root / method / dataset / "scores",
        root / method / dataset,
        root / method,
        root,
    ]
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise PredictionError(f"no folder of scores: looked for {', '.join(str(path) for path in candidates)}")


def score_folder(out: Path, method: str, dataset: str, kind: str) -> Path:
    """Where this package writes scores: as SegmentMeIfYouCan has it for hdf5, else out/METHOD/SET/scores."""
    if kind == "hdf5":
        return out / "anomaly_p" / method / benchmark_name(dataset)
    return out / method / dataset / "scores"


def open_store(folder: Path, about: dict[str, str]) -> None:
    """Begin, or go on with, a folder of scores. Raises PredictionError if it holds another method's or weights'."""
    path = folder / ABOUT
    if about["format"] not in FORMATS:
        raise PredictionError(unknown_name("score format", about["format"], FORMATS))
    known = read_about(folder)
    # What the file lacks was not noted when the scores were written, and does not speak against them.
    different = [
        f"{name} {known[name]!r}, now {value!r}" for name, value in about.items() if known.get(name, value) != value
    ]
    if different:
        raise PredictionError(
            f"{folder} holds scores of another run ({'; '.join(different)}); give another --out, or delete that folder"
        )
    write_text(path, json.dumps(known | about, indent=2) + "\n")


def read_about(folder: Path) -> dict[str, str]:
    """What open_store wrote; empty for foreign scores."""
    path = folder / ABOUT
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
