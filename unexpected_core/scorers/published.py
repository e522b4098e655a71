"""Where the networks of the paper's methods come from: a folder of weights, or, to try things out, thin air."""

from __future__ import annotations

from typing import get_args

import cv2
import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import interpolate

from unexpected_core.log import LOGGER
from unexpected_core.networks import NETWORKS, build_network
from unexpected_core.networks.choices import Segmenter
from unexpected_core.scorers import SCORERS, load_scorer
from unexpected_core.scorers.base import Scorer
from unexpected_core.scorers.logits.scorer import segmenter_of
from unexpected_core.scorers.settings import PublishedSettings
from unexpected_core.structs import Scores
from unexpected_core.weights.cards import WeightsError
from unexpected_core.weights.catalog import find_weights
from unexpected_core.weights.experiments import (
    EXPERIMENTS,
    experiments_folder,
    find_network,
    load_network,
    open_network,
)

MEMBERS = 5
"""PSPNets in the paper's ensemble."""


class Published(PublishedSettings):
    """The settings, and the networks they mean.

    compat is the original's rules where ours are better: labels-only pads labels with road (ours mirrors them), rbm
    takes the mean over the batch and leaves the last rows and columns out. With random_weights the results are
    watermarked as meaningless.
    """

    small: bool = Field(False, description="narrow networks, with random weights only: for tests")

    def networks(self, method: str) -> list[nn.Module]:
        """Those of a method of the paper, in the order of SCORERS. Raises WeightsError."""
        return [self.network(name) for name in SCORERS[method].networks]

    def network(self, name: str) -> nn.Module:
        """One network by its name in NETWORKS. Raises WeightsError."""
        return self._untrained(name) if self.random_weights else open_network(experiments_folder(self.weights), name)

    def open_segmenter(self) -> tuple[nn.Module, str]:
        """The segmenter of the iccv2019 methods, and the network or the detector that it is. Raises WeightsError."""
        if self.segmenter in get_args(Segmenter):
            return self.network(self.segmenter), self.segmenter
        try:
            detector = load_scorer(find_weights(self.segmenter))
        except WeightsError as error:
            expected = ", ".join(get_args(Segmenter))
            raise WeightsError(f"segmenter: expected {expected}, or a detector's: {error}") from error
        return segmenter_of(detector), detector.model_id

    def ensemble(self) -> list[nn.Module]:
        """Every PSPNet there is, five of them as published. Raises WeightsError."""
        if self.random_weights:
            return [self._untrained("pspnet") for _ in range(MEMBERS)]
        files = find_network(experiments_folder(self.weights), "pspnet")
        if len(files) != MEMBERS:
            LOGGER.warning("an ensemble of %d, the paper's has %d: %s", len(files), MEMBERS, ", ".join(map(str, files)))
        return [load_network(file, "pspnet") for file in files]

    def finish(self, scorer: Scorer, name: str, *segmenter: str) -> Scorer:
        """Name a scorer after itself and its experiments (or detectors); watermark it if its weights are random."""
        networks = (*segmenter, *SCORERS[name].networks)
        numbers = (EXPERIMENTS[network].number if network in EXPERIMENTS else network for network in networks)
        scorer.name, scorer.model_id = name, "-".join((name, *numbers))
        return Watermarked(scorer) if self.random_weights else scorer

    def _untrained(self, name: str) -> nn.Module:
        return build_network(name, **(NETWORKS[name].small if self.small else {})).eval()


class Watermarked(Scorer):
    """A scorer with random weights: writes that its results mean nothing across the score and the resynthesis."""

    TEXT = "RANDOM WEIGHTS"

    def __init__(self, scorer: Scorer) -> None:
        super().__init__()
        self.scorer = scorer
        self.name, self.model_id = scorer.name, f"{scorer.model_id}-random-weights"
        self.random_weights = True
        self.segmenter = getattr(scorer, "segmenter", None)
        self.register_buffer("written", torch.from_numpy(_written(self.TEXT))[None, None], persistent=False)

    def forward(self, images: Tensor) -> Scores:
        """See Scorer.forward."""
        scores = self.scorer(images)
        text = interpolate(self.written, size=images.shape[-2:], mode="nearest")[0] > 0
        score = torch.where(text, torch.ones_like(scores.score), scores.score)
        painted = scores.resynthesis
        if painted is not None:
            painted = torch.where(text, torch.ones_like(painted), painted)
        return scores._replace(score=score, resynthesis=painted)


def _written(text: str) -> np.ndarray:
    """Bytes [256, 512]: the text, 1, across the middle of an image, 0."""
    height, width = 256, 512
    canvas = np.zeros((height, width), np.uint8)
    (length, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)
    scale = 0.9 * width / length
    cv2.putText(canvas, text, (round(0.05 * width), height // 2), cv2.FONT_HERSHEY_SIMPLEX, scale, 1, round(2 * scale))
    return canvas
