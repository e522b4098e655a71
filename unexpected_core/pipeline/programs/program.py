"""A scorer as a file of machine code, which AOTInductor made and which is loaded in no time."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unexpected_core.pipeline.programs.library import Library
from unexpected_core.pipeline.runner import RuntimeMissing
from unexpected_core.scorers.served import Served
from unexpected_core.weights.exported import OUTPUTS


class Program:
    """Served's face over a compiled file.

    The file takes sides that are multiples of what the scorer pads to, two of them at least: others are padded before,
    as the scorer would; what is smaller is computed eagerly.
    """

    def __init__(self, file: Path, key: str, eager: Served) -> None:
        """Raises RuntimeMissing for the file of another program, and all sorts of errors for what is none."""
        with zipfile.ZipFile(file) as archive, tempfile.TemporaryDirectory(prefix="unexpected-") as folder:
            about = json.loads(_member(archive, "wrapper_metadata.json"))
            if about.get("key") != key:
                raise RuntimeMissing("it is the program of something else")
            library = Path(folder) / "program.so"
            library.write_bytes(_member(archive, "wrapper.so"))
            self._library = Library(library)
        self._outputs, self._eager, self._step = about["outputs"].split(), eager, side_step(eager)

    def __call__(self, images: Tensor, paint: bool = True) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """See Served.forward."""
        height, width = images.shape[1:3]
        below, right = -height % self._step, -width % self._step
        if min(height + below, width + right) < 2 * self._step:
            return self._eager(images, paint)
        if below or right:
            edges = ((0, 0), (0, below), (0, right), (0, 0))
            images = torch.from_numpy(np.pad(images.numpy(), edges, mode="edge"))
        found = dict(zip(self._outputs, self._library(images.contiguous()), strict=True))
        if not paint:
            found.pop("resynthesis", None)
        score, labels, painted = (found.get(name) for name in OUTPUTS)
        return tuple(None if x is None else x[:, :height, :width] for x in (score, labels, painted))


def _member(archive: zipfile.ZipFile, ending: str) -> bytes:
    """The one file of that name. Raises RuntimeMissing, BadZipFile where it is damaged."""
    names = archive.namelist()
    if any(name.endswith(".json") and not name.endswith("_metadata.json") for name in names):
        raise RuntimeMissing("it needs operators that cannot be called from outside torch")
    found = [name for name in names if name.endswith(ending)]
    if len(found) != 1:
        raise RuntimeMissing(f"it holds {len(found)} files *{ending}")
    return archive.read(found[0])


def side_step(served: Served) -> int:
    """What a scorer pads height and width to multiples of. Raises RuntimeMissing where it does not say."""
    multiple = served.scorer.multiple
    if multiple == 1:
        raise RuntimeMissing(f"{served.scorer.name} cannot be compiled for all sizes: its networks name no multiple")
    return multiple
