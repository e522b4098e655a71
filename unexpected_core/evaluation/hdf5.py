"""Predictions in SegmentMeIfYouCan's files: ``anomaly_p/<method>/<data set>/<frame>.hdf5``, data set `value`, float16.

For submissions, and to judge predictions made by others.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from unexpected_core.evaluation.errors import PredictionError
from unexpected_core.files import atomic_path
from unexpected_core.log import first_line

GZIP_LEVEL = 9


def write_prediction(path: Path, score: np.ndarray) -> None:
    """Score [H, W] -> float16 file, whole or not at all. Raises PredictionError where float16 cannot hold it."""
    if not np.isfinite(score).all():
        raise PredictionError(f"{path}: {np.count_nonzero(~np.isfinite(score))} scores are NaN or infinite")
    with np.errstate(over="ignore"):
        half = score.astype(np.float16)
    if not np.isfinite(half).all():
        raise PredictionError(
            f"{path}: scores up to {np.abs(score).max():g} do not fit into float16 (at most 65504), which this "
            "benchmark's files are; scale them down, or store float32"
        )
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as stream:
        stream.create_dataset("value", data=half, compression=GZIP_LEVEL)


def read_prediction(path: Path) -> np.ndarray:
    """-> score float in its stored type, [H, W] or with axes of length 1 around. Raises PredictionError."""
    try:
        with h5py.File(path, "r") as stream:
            if "value" not in stream:
                raise PredictionError(f"{path} has {', '.join(stream) or 'nothing'}; expected a data set 'value'")
            return stream["value"][()]
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, MemoryError) as error:  # what damage ends in
        if isinstance(error, PredictionError):
            raise
        cause = first_line(error)
        raise PredictionError(f"cannot read {path}: not an HDF5 file, or damaged ({cause})") from error
