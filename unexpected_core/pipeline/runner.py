"""Runs a scorer on a device: precision, compilation and exhausted memory are its business."""

from __future__ import annotations

import torch
from torch import Tensor

from unexpected_core.devices import choose_device, describe_device
from unexpected_core.log import LOGGER
from unexpected_core.pipeline.settings import ModelSettings
from unexpected_core.scorers.base import Scorer
from unexpected_core.structs import Scores


class DetectorError(RuntimeError):
    """A detection that could not be made; the message says the cause and the cure. The detector stays usable."""


class Runner:
    """A scorer on its device. Call it with images [B, 3, h, w] of `dtype` on `device`. Raises DetectorError."""

    def __init__(self, scorer: Scorer, settings: ModelSettings):
        self.device = choose_device(settings.device)
        half = settings.half and self.device.type == "cuda"
        self.dtype = torch.float16 if half else torch.float32
        self.scorer = scorer.eval().requires_grad_(False).to(self.device, self.dtype, memory_format=torch.channels_last)
        self._forward = torch.compile(self.scorer) if settings.compile else self.scorer
        self.description = describe_device(self.device, half)

    def __call__(self, images: Tensor) -> Scores:
        """Scores at the images' own size; sigmoid(a * score + b) where the scorer has a calibration."""
        scores = self._forward(images.contiguous(memory_format=torch.channels_last))
        if self.scorer.calibration is None:
            return scores
        a, b = self.scorer.calibration
        return scores._replace(score=(a * scores.score.float() + b).sigmoid())

    def warm_up(self, size: tuple[int, int]) -> None:
        """Score one blank image of (height, width), so that the first real one is not slow."""
        blank = torch.zeros(1, 3, *size, dtype=self.dtype, device=self.device)
        with torch.inference_mode():
            try:
                self(blank)
            except Exception as error:
                if self._forward is self.scorer:
                    raise
                LOGGER.warning("torch.compile failed (%s); going on without it", str(error).splitlines()[0])
                self._forward = self.scorer
                self(blank)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether PyTorch ran out of memory, on the GPU or the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
