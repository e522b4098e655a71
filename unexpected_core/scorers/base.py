"""The one face of every method: images in, scores out."""

from __future__ import annotations

from torch import Tensor, nn

from unexpected_core.structs import Scores


class Scorer(nn.Module):
    """Base of all scorers.

    working_height: image height in pixels the scorer was made for (None = any); the detector resizes to it,
    keeping the aspect ratio. threshold: calibrated default for masks. name, model_id: for people and messages.
    """

    name: str = "scorer"
    model_id: str = ""
    working_height: int | None = None
    threshold: float = 0.5

    def forward(self, images: Tensor) -> Scores:
        """RGB float [B, 3, H, W] in [0, 1], any H and W -> Scores at the same H and W."""
        raise NotImplementedError
