"""How a method of the paper is put together: a part of what a detector can be told. Loads no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from unexpected_core.config import Settings
from unexpected_core.networks.choices import Segmenter

ResynthesisInput = Literal["normalised", "raw_tanh"]


class PublishedSettings(Settings):
    """Where the networks of the paper's methods come from, and which of two readings of the paper is meant."""

    weights: str = Field(
        "",
        description="folder of experiments for the paper's methods (iccv2019, dropout, ensemble, "
        "rbm, ...); empty = $DIR_EXPERIMENTS",
    )
    random_weights: bool = Field(False, description="untrained networks, to try things out: the scores mean nothing")
    segmenter: Segmenter = Field("pspnet", description="segmenter of the iccv2019 methods")
    resynthesis_input: ResynthesisInput = Field(
        "normalised", description="what iccv2019 compares with: as in its training, or as in the original pipeline"
    )
    compat: bool = Field(False, description="rbm and iccv2019_labels_only by the original's own rules")
