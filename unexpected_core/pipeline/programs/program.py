"""A scorer as a file of machine code, which AOTInductor made and which is loaded in no time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unexpected_core.pipeline.runner import RuntimeMissing
from unexpected_core.scorers.served import Served
from unexpected_core.weights.exported import OUTPUTS


class Program:
    """Served's face over a compiled file.

    The file takes sides that are multiples of what the scorer pads to, two of them at least: others are padded before,
    as the scorer would; what is smaller is computed eagerly.
    """

    def __init__(self, file: Path, key: str, eager: Served) -> None:
        """Raises RuntimeMissing for the file of another program, RuntimeError for what is none."""
        with scratch("TMPDIR"):  # where its library is unpacked; a process that is killed would leave it there
            # torch's public aoti_load_package is this behind the import of all of Inductor, 1.4 s
            self._library = torch._C._aoti.AOTIModelPackageLoader(str(file), "model", False, 1, -1)
        about = self._library.get_metadata()
        if about.get("key") != key:
            raise RuntimeMissing("it is the program of something else")
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
        found = dict(zip(self._outputs, self._library.boxed_run([images]), strict=True))
        if not paint:
            found.pop("resynthesis", None)
        score, labels, painted = (found.get(name) for name in OUTPUTS)
        return tuple(None if x is None else x[:, :height, :width] for x in (score, labels, painted))


def side_step(served: Served) -> int:
    """What a scorer pads height and width of its images to multiples of; 1 where it does not."""
    return getattr(getattr(served.scorer, "segmenter", None), "multiple", 1)


@contextmanager
def scratch(variable: str) -> Iterator[None]:
    """A folder of this user's own, named by an environment variable, that is gone afterwards."""
    before = os.environ.get(variable)
    with tempfile.TemporaryDirectory(prefix="unexpected-") as folder:
        os.environ[variable] = folder
        try:
            yield
        finally:
            os.environ.pop(variable)
            if before is not None:
                os.environ[variable] = before
