"""Runs a scorer on a device: precision, compilation and exhausted memory are its business."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from unexpected_core.devices import choose_device, describe_device
from unexpected_core.log import LOGGER
from unexpected_core.pipeline.resizing import to_working
from unexpected_core.pipeline.settings import ModelSettings
from unexpected_core.scorers.base import Scorer
from unexpected_core.scorers.calibration import calibrated


class DetectorError(RuntimeError):
    """A detection that could not be made; the message says the cause and the cure. The detector stays usable."""


class Runner:
    """A scorer on its device: upload, score, warm_up."""

    def __init__(self, scorer: Scorer, settings: ModelSettings):
        self.device = choose_device(settings.device)
        half = settings.half and self.device.type == "cuda"
        self.dtype = torch.float16 if half else torch.float32
        self.scorer = scorer.eval().requires_grad_(False).to(self.device, self.dtype, memory_format=torch.channels_last)
        self._forward = torch.compile(self.scorer) if settings.compile else self.scorer
        self.description = describe_device(self.device, half)

    @torch.inference_mode()
    def upload(self, images: Sequence[np.ndarray], size: tuple[int, int]) -> Tensor:
        """RGB uint8 [H, W, 3] of one size -> [B, 3, h, w] in [0, 1] on the device, size = (h, w)."""
        # PyTorch wants writeable memory with positive strides; camera messages and flipped views are neither.
        pixels = images[0][None] if len(images) == 1 else np.stack(images)
        pixels = pixels if pixels.flags.writeable and pixels.flags.c_contiguous else pixels.copy()
        return to_working(torch.from_numpy(pixels).to(self.device), size, self.dtype)

    @torch.inference_mode()
    def score(self, batch: Tensor, resynthesis: bool = True) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """An uploaded batch -> score float32 [B, h, w], labels uint8 [B, h, w], resynthesis uint8 [B, h, w, 3].

        The score is sigmoid(a * score + b) where the scorer has a calibration. Raises DetectorError for NaN, and when
        memory runs out.
        """
        try:
            scores = self._forward(batch.contiguous(memory_format=torch.channels_last))
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            raise self._out_of_memory(batch) from error
        score = calibrated(scores.score, self.scorer.calibration)
        if not score.isfinite().all():
            raise DetectorError(
                f"{self.scorer.name} gave scores that are not numbers; "
                f"{'set half=False' if self.dtype == torch.float16 else 'its weights are damaged'}"
            )
        labels = None if scores.labels is None else scores.labels.cpu().numpy()
        painted = None
        if resynthesis and scores.resynthesis is not None:
            painted = scores.resynthesis.float().clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        return score.cpu().numpy(), labels, painted

    def _out_of_memory(self, batch: Tensor) -> DetectorError:
        torch.cuda.empty_cache()
        count, _, height, width = batch.shape
        return DetectorError(
            f"{self.device} ran out of memory scoring {count} image(s) at {width}x{height}: "
            "score fewer images at a time, or at a smaller scale"
        )

    def warm_up(self, size: tuple[int, int]) -> None:
        """Score one blank image of (height, width), so that the first real one is not slow."""
        blank = self.upload([np.zeros((*size, 3), np.uint8)], size)
        try:
            self.score(blank)
        except Exception as error:
            if self._forward is self.scorer or isinstance(error, DetectorError):
                raise
            LOGGER.warning("torch.compile failed (%s); going on without it", str(error).splitlines()[0])
            self._forward = self.scorer
            self.score(blank)


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
