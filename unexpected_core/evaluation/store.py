"""Scores on disk: one file per frame, whole or absent, so that an interrupted run goes on where it stopped.

| format | file | error |
|---|---|---|
| float32 | KEY.npy | none; scores that are float64 stay so |
| 16bit | KEY.npz, codes uint16 over the frame's range | at most (highest - lowest) / 131070, written in the file |
| hdf5 | KEY.hdf5, SegmentMeIfYouCan's (float16) | 2^-11 of the value: can destroy saturated scores |

Read are these, archives (.npz) of one array, and maps of `unexpected detect` (KEY.png, 16 bit: value / 65535;
8 bit: value / 255).
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from unexpected_core.evaluation.errors import PredictionError
from unexpected_core.evaluation.settings import FORMATS
from unexpected_core.files import atomic_path, visible
from unexpected_core.images import ImageError, read_map

SUFFIXES = (*FORMATS.values(), ".png")
WEIGHT_SUFFIXES = (".safetensors", ".onnx")
"""Files that are named as methods; what writes them is not seen from this floor."""
EXACT_INTEGERS = 2**53
"""float64 holds every whole number up to this."""


def write_score(folder: Path, key: str, score: np.ndarray, kind: str) -> Path:
    """Score float [H, W] -> one file below the folder. kind: one of FORMATS. Raises PredictionError."""
    path = folder / f"{key}{FORMATS[kind]}"
    if kind == "hdf5":
        from unexpected_core.evaluation.hdf5 import write_prediction  # h5py only where its files are

        write_prediction(path, score)
        return path
    if kind == "16bit" and not np.isfinite(score).all():
        raise PredictionError(f"{path}: scores that are not finite numbers have no 16-bit code; store float32")
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        if kind == "float32":
            np.save(stream, score if score.dtype == np.float64 else score.astype(np.float32))
        else:
            np.savez(stream, **_encode(score))
    return path


def _encode(score: np.ndarray) -> dict[str, np.ndarray]:
    low, high = float(score.min()), float(score.max())
    step = (high - low) / 65535
    codes = np.round((score - np.float64(low)) / step) if step else np.zeros(score.shape)
    return {
        "codes": codes.astype(np.uint16),
        "low": np.float64(low),
        "step": np.float64(step),
        "largest_error": np.float64(step / 2),
        "type": np.array("float64" if score.dtype == np.float64 else "float32"),
    }


def read_score(path: Path) -> np.ndarray:
    """File -> score [H, W] in float16, float32 or float64, whichever holds all its values. Raises PredictionError."""
    if path.suffix == ".hdf5":
        from unexpected_core.evaluation.hdf5 import read_prediction

        score = read_prediction(path)
    elif path.suffix == ".png":
        score = _read_png(path)
    else:
        score = _read_numpy(path)
    while score.ndim > 2 and 1 in (score.shape[0], score.shape[-1]):  # of a batch or a channel; not a map of one row
        score = score[0] if score.shape[0] == 1 else score[..., 0]
    if score.ndim != 2:
        raise PredictionError(f"{path}: expected one score per pixel [H, W], found shape {score.shape}")
    return _as_float(score, path)


def _as_float(score: np.ndarray, path: Path) -> np.ndarray:
    """The same values, never rounded. Raises PredictionError where no float type has them."""
    kind = score.dtype.newbyteorder("=")
    if kind in (np.float16, np.float32, np.float64):
        return score.astype(kind, copy=False)
    if kind.kind in "biu" and kind.itemsize <= 2:
        return score.astype(np.float32)
    if kind.kind in "iu" and score.size and max(-int(score.min()), int(score.max())) <= EXACT_INTEGERS:
        return score.astype(np.float64)
    raise PredictionError(f"{path}: scores are {score.dtype}, which would have to be rounded; store float32 or float64")


def _read_numpy(path: Path) -> np.ndarray:
    try:
        values = np.load(path, allow_pickle=False)
        if path.suffix == ".npy":
            return values
        with values:
            if "codes" not in values:
                return _only_array(values, path)
            kind = str(values["type"]) if "type" in values else "float32"
            return (values["low"] + values["codes"] * values["step"]).astype(kind)
    except PredictionError:
        raise
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise PredictionError(f"cannot read {path}: not scores, or damaged ({error})") from error


def _only_array(archive: np.lib.npyio.NpzFile, path: Path) -> np.ndarray:
    if len(archive) != 1:
        held = ", ".join(archive) or "none"
        raise PredictionError(f"{path}: expected an archive of one array, the score [H, W], found {held}")
    return np.asarray(archive[archive.files[0]])


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


def label_of(method: str) -> str:
    """A scorer's name, or a weight file or its folder, as a folder of scores and a line of a table."""
    path = Path(method)
    if path.suffix in WEIGHT_SUFFIXES:
        return path.stem
    return "_".join(part for part in path.parts if part not in ("/", "..", "~")) or path.resolve().name


def benchmark_name(dataset: str) -> str:
    """Our data set's name -> the folder that SegmentMeIfYouCan keeps its predictions in; others stay as they are.

    'ObstacleTrack-test' -> 'ObstacleTrack-all', 'lost_and_found_no_known-test' -> 'LostAndFound-test'.
    """
    name, _, split = dataset.partition("-")
    if name in ("AnomalyTrack", "ObstacleTrack"):
        return f"{name}-all"
    return f"LostAndFound-{split}" if name.startswith("lost_and_found") and split else dataset


def score_folder(out: Path, method: str, dataset: str, kind: str) -> Path:
    """Where this package writes scores: as SegmentMeIfYouCan has it for hdf5, else out/METHOD/SET/scores."""
    if kind == "hdf5":
        return out / "anomaly_p" / method / benchmark_name(dataset)
    return out / method / dataset / "scores"
