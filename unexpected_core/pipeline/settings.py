"""Settings of a detector: the one definition behind keyword arguments, command-line options and ROS parameters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from unexpected_core.config import Settings
from unexpected_core.pipeline.ego_mask import check_ego_mask
from unexpected_core.pipeline.roi import check_roi
from unexpected_core.regions import RegionSettings
from unexpected_core.scorers.settings import PublishedSettings

Runtime = Literal["auto", "eager", "compile", "cuda_graph", "onnx", "openvino"]


class NetworkSettings(Settings):
    """Which networks, and which method on them."""

    path: str = Field("fast", description="name of a shipped detector, or folder or file of weights")
    scorer: str = Field("", description="method to run on these networks (softmax, direct, ...); empty = their own")


class ModelSettings(PublishedSettings, NetworkSettings):
    """Which networks, and how they run. Fixed once a detector is loaded."""

    device: str = Field("auto", description="auto, cpu, cuda or cuda:N; auto takes CUDA when there is one")
    runtime: Runtime = Field(
        "auto",
        description="what runs the networks; auto: a CUDA graph on a GPU; on a CPU without bfloat16 an exported file "
        "beside the weights; else what runtime=compile made before, or eager",
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="what the networks compute in; auto: float16 on CUDA, and on the CPU bfloat16 where a test at "
        "load shows it faster and equal",
    )
    warmup: bool = Field(True, description="run one blank frame when loading, so that the first real one is not slow")


PUBLISHED = tuple(PublishedSettings.model_fields)
"""The model settings that say how a method of the paper is put together."""


class DetectSettings(RegionSettings):
    """From scores to regions. May change between two frames."""

    scale: float = Field(1.0, ge=0.1, le=2.0, description="factor on the working size the detector was made for")
    roi: Annotated[str, AfterValidator(check_roi)] = Field(
        "",
        description="where to look: empty = everywhere; road = around what a coarse first look calls road; a polygon "
        "in shares of width and height ('0,0.5 1,0.5 1,1 0,1'); or the file of a mask",
    )
    ego_mask: Annotated[str, AfterValidator(check_ego_mask)] = Field(
        "",
        description="where the own car is, and the score 0: a picture that is not black there (`unexpected ego-mask`), "
        "or polygons as in roi, with ; between them",
    )


class DetectorSettings(Settings):
    """Everything a detector can be told."""

    model: ModelSettings = ModelSettings()
    detect: DetectSettings = DetectSettings()
