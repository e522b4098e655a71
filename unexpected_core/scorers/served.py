"""A scorer from the camera's bytes to the detector's: what every runtime runs, and what export writes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unexpected_core.scorers.base import Scorer
from unexpected_core.scorers.calibration import calibrated
from unexpected_core.weights.exported import OUTPUTS


class Served(nn.Module):
    """Scales to [0, 1], scores, calibrates, paints in 8 bits. dtype: what the networks compute in; scores are float32.

    float16: the scorer's weights are. bfloat16: weights stay float32, and so do the parts that ask for it (autocast).

    The score is sigmoid(a * score + b) where the scorer has a calibration (a, b).
    """

    def __init__(self, scorer: Scorer, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.scorer, self.dtype = scorer, dtype

    def forward(self, images: Tensor, paint: bool = True) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """RGB uint8 [B, h, w, 3] -> score float32 [B, h, w], labels uint8 [B, h, w], resynthesis uint8 [B, h, w, 3].

        Labels and resynthesis are None where the scorer gives none, the resynthesis also if it is not to paint.
        """
        # Bytes stored pixel by pixel are channels_last already, which convolutions like best.
        mixed = self.dtype == torch.bfloat16
        photos = images.permute(0, 3, 1, 2).to(torch.float32 if mixed else self.dtype).div(255)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=mixed):
            scores = self.scorer(photos)
        score = calibrated(scores.score, self.scorer.calibration)
        painted = None
        if paint and scores.resynthesis is not None:
            painted = scores.resynthesis.float().clamp(0, 1).mul(255).round().to(torch.uint8)
            painted = painted.permute(0, 2, 3, 1).contiguous()
        return score, scores.labels, painted


class Named(nn.Module):
    """Served, with only the outputs that the scorer has: what can be written to files. names: of these outputs."""

    @torch.inference_mode()
    def __init__(self, served: Served, trial: Tensor) -> None:
        """trial: RGB uint8 [B, h, w, 3] to see which there are."""
        super().__init__()
        self.served = served
        self.names = tuple(name for name, output in zip(OUTPUTS, served(trial), strict=True) if output is not None)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """See Served.forward."""
        found = dict(zip(OUTPUTS, self.served(images), strict=True))
        return tuple(found[name] for name in self.names)
