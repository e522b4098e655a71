"""Does an exported file do what the scorer does? Run both, at several sizes, and say the greatest difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from unexpected_core.images import trial_images

SCORE, LABELS = 1e-4, 1e-3
"""Greatest difference of scores, and greatest share of labels that differ, of a file in float32."""


class Difference(NamedTuple):
    """Of one batch: greatest difference of scores, share of labels that differ, mean difference of painted levels."""

    count: int
    size: tuple[int, int]
    score: float
    labels: float
    resynthesis: float

    def __str__(self) -> str:
        shape = f"{self.count} x {self.size[0]} rows of {self.size[1]}"
        return f"{shape}: score {self.score:.2g}, labels {self.labels:.2%}, resynthesis {self.resynthesis:.2g} levels"

    @property
    def fits(self) -> bool:
        """Whether the file may be taken for the scorer."""
        return self.score <= SCORE and self.labels <= LABELS


def sizes_to_check(working_height: int | None, only: tuple[int, int] | None) -> list[tuple[int, tuple[int, int]]]:
    """(images, (height, width)) of a few batches: the usual one, odd ones, two images."""
    if only:
        return [(1, only), (2, only)]
    height = working_height or 256
    return [(1, (height, 2 * height)), (2, (height, round(height * 16 / 9))), (1, (97, 163)), (3, (64, 96))]


@torch.inference_mode()
def compare(
    module: nn.Module, file: str | Path, batches: Sequence[tuple[int, tuple[int, int]]]
) -> Iterator[Difference]:
    """Run what export_onnx gave and the file it wrote, in ONNX Runtime on the CPU, batch by batch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    for count, size in batches:
        images = trial_images(count, size)
        expected = dict(zip(names, module(torch.from_numpy(images)), strict=True))
        found = dict(zip(names, session.run(names, {"images": images}), strict=True))
        gaps = {name: np.abs(found[name].astype(np.float32) - expected[name].float().numpy()) for name in names}
        labels = float((gaps["labels"] > 0).mean()) if "labels" in gaps else 0.0
        painted = float(gaps["resynthesis"].mean()) if "resynthesis" in gaps else 0.0
        yield Difference(count, size, float(gaps["score"].max()), labels, painted)
