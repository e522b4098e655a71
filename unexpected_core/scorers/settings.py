"""How a method of the paper is put together: a part of what a detector can be told. Loads no torch."""

from __future__ import annotations

from typing import Literal, get_args

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
    segmenter: str = Field(
        "pspnet",
        description=f"segmenter of the iccv2019 methods: {', '.join(get_args(Segmenter))}, or a detector's "
        "(shipped name, weight file or folder)",
    )
    resynthesis_input: ResynthesisInput = Field(
        "normalised", description="what iccv2019 compares with: as in its training, or as in the original pipeline"
    )
    compat: bool = Field(False, description="rbm and iccv2019_labels_only by the original's own rules")
