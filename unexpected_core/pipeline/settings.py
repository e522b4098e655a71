"""Settings of a detector: the one definition behind keyword arguments, command-line options and ROS parameters."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from unexpected_core.config import Settings


class ModelSettings(Settings):
    """Which networks, and how they run. Fixed once a detector is loaded."""

    path: str = Field("fast", description="name of a shipped detector, or folder or file of weights")
    scorer: str = Field("", description="method to run on these networks (softmax, direct, ...); empty = their own")
    weights: str = Field(
        "",
        description="folder of experiments for the paper's methods (iccv2019, dropout, ensemble, "
        "rbm, ...); empty = $DIR_EXPERIMENTS",
    )
    random_weights: bool = Field(False, description="untrained networks, to try things out: the scores mean nothing")
    segmenter: Literal["pspnet", "bayes_segnet"] = Field("pspnet", description="segmenter of the iccv2019 methods")
    resynthesis_input: Literal["normalised", "raw_tanh"] = Field(
        "normalised", description="what iccv2019 compares with: as in its training, or as in the original pipeline"
    )
    compat: bool = Field(False, description="rbm and iccv2019_labels_only by the original's own rules")
    device: str = Field("auto", description="auto, cpu, cuda or cuda:N; auto takes CUDA when there is one")
    runtime: Literal["auto", "eager", "compile", "cuda_graph", "onnx", "openvino"] = Field(
        "auto",
        description="what runs the networks; auto: a CUDA graph on a GPU, on the CPU the exported file where one "
        "stands beside the weights, else eager",
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="what the networks compute in; auto: float16 on CUDA, and on the CPU bfloat16 where a test at "
        "load shows it faster and equal",
    )
    warmup: bool = Field(True, description="run one blank frame when loading, so that the first real one is not slow")


PUBLISHED = ("weights", "random_weights", "segmenter", "resynthesis_input", "compat")
"""The model settings that say how a method of the paper is put together."""


class DetectSettings(Settings):
    """From scores to regions. May change between two frames."""

    threshold: float = Field(0.5, ge=0.0, le=1.0, description="score above which a pixel is unexpected")
    hysteresis: float = Field(
        0.25,
        ge=0.0,
        le=0.5,
        description="a region grows down to threshold - hysteresis around pixels above "
        "threshold, never below threshold / 2",
    )
    min_area: int = Field(
        60,
        ge=1,
        le=10_000_000,
        description="smallest region in pixels of a 1024x512 image; scales with the image's area",
    )
    road_only: bool = Field(False, description="keep only regions that stand on or lie in drivable labels")
    max_regions: int = Field(64, ge=0, le=256, description="most regions reported, best score first")
    scale: float = Field(1.0, ge=0.1, le=2.0, description="factor on the working size the detector was made for")


class DetectorSettings(Settings):
    """Everything a detector can be told."""

    model: ModelSettings = ModelSettings()
    detect: DetectSettings = DetectSettings()
