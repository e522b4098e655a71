"""Opening PyTorch files of others without running what they contain."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy._core.multiarray import scalar  # NumPy 1 knows of _core as a name to import only, as `np._core` it is empty

from unexpected_core.files import damaged_member
from unexpected_core.weights.cards import WeightsError

_FLOATS = [type(np.dtype(kind)) for kind in ("float64", "float32", "int64", "int32")]
_SCALARS = [(scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
HARMLESS = [*_SCALARS, np.dtype, *_FLOATS]
"""Beyond tensors, numbers and containers: NumPy scalars, under their name before and after NumPy 2."""


def read_pickle(path: str | Path) -> Any:
    """A PyTorch file (zip, or the older container), tensors on the CPU. Raises WeightsError; no code of it is run."""
    path = Path(path)
    try:
        if zipfile.is_zipfile(path) and (member := damaged_member(path)):  # PyTorch does not look at the checksums
            raise zipfile.BadZipFile(f"the checksum of {member} is wrong")
        with torch.serialization.safe_globals(HARMLESS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        link = f": it is a link to {path.readlink()}, which is not there" if path.is_symlink() else ""
        raise WeightsError(f"no file {path}{link}") from None
    except PermissionError:
        raise WeightsError(
            f"may not read {path}: permission denied; ask its owner, or copy it as one who may"
        ) from None
    except IsADirectoryError:
        raise WeightsError(f"{path} is a folder, expected a file") from None
    except pickle.UnpicklingError as error:
        raise WeightsError(_explain(path, str(error))) from None
    except Exception as error:  # a damaged container fails in many ways: RuntimeError, EOFError, KeyError, ...
        raise WeightsError(_damaged(path, f"{type(error).__name__}: {error}")) from None


def _explain(path: Path, message: str) -> str:
    wants = re.search(r"(?:GLOBAL|global|function:?) ['\"]?([\w.]+)", message)
    if "nsupported" in message and wants:
        return (
            f"refused to open {path}: it asks to run '{wants[1]}'. A weight file holds tensors and numbers only; "
            "do not use this file, get it again from where the authors published it"
        )
    return _damaged(path, message.rpartition("WeightsUnpickler error:")[2].strip())


def _damaged(path: Path, reason: str) -> str:
    first = reason.splitlines()[0].split(". ")[0]
    size = path.stat().st_size
    return f"cannot read {path} ({size} bytes): cut off, damaged, or no PyTorch file ({first}); get it again"
