"""Settings of the paper's trainings."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from unexpected_core.config import Settings
from unexpected_core.labels import NUM_CLASSES, LabelKind
from unexpected_core.networks.choices import HIDDEN, WIDTH, Compares, Segmenter
from unexpected_core.training.settings import AugmentedTraining

ImageNet = Literal["imagenet", "random"]
Width = Annotated[int, Field(ge=2, multiple_of=2, description="channels of the finest layer; others in proportion")]
Weight = Annotated[float, Field(ge=0)]


class SegmentationSettings(Settings):
    """Labels from images."""

    kind: Literal["segmentation"] = "segmentation"
    network: Segmenter = Field("pspnet", description="network to train")
    member: int = Field(0, ge=0, description="member of an ensemble: changes the seed and the name, nothing else")
    num_classes: int = Field(NUM_CLASSES, ge=2, le=255, description="classes")
    start: ImageNet = Field("imagenet", description="weights of the encoder to begin with")
    auxiliary: float = Field(0.4, ge=0, description="weight of PSPNet's auxiliary loss; both are divided by 1 + this")
    small: bool = Field(False, description="narrow networks, to try things out")


class GeneratorSettings(Settings):
    """Images from labels, against a discriminator."""

    kind: Literal["generator"] = "generator"
    ids: LabelKind = Field(
        "full",
        description="labels to paint from: Cityscapes' 35 full ids (the "
        "paper), or the 19 train ids, which any data set has",
    )
    feature_matching: float = Field(10.0, ge=0, description="weight of the distance between discriminator features")
    perceptual: float = Field(10.0, ge=0, description="weight of the distance between VGG19 features; 0 loads no VGG19")
    perceptual_weights: str = Field(
        "", description="state dict of torchvision's squeezenet1_1, to judge by SqueezeNet features in place of VGG19's"
    )
    start: ImageNet = Field("imagenet", description="weights of the VGG19 that judges; random is for trying out")
    width: Width = WIDTH


class DiscrepancySettings(Settings):
    """Where labels were altered, from image, resynthesis and labels."""

    kind: Literal["discrepancy"] = "discrepancy"
    compares: Compares = Field("full", description="what the photo is held to")
    class_weights: tuple[Weight, Weight] = Field(
        (1.45693524, 19.18586532), description="cross-entropy weights of expected and unexpected pixels"
    )
    gen_name: str = Field(
        "051X_semGT__fakeSwapFgd__genNoSty",
        description="discrepancy set, a folder below $DIR_DATA/discrepancy_dataset/cityscapes",
    )
    set_folder: str = Field("", description="the set's folder, where it lies somewhere else")
    gen_img_ext: str = Field(".jpg", description="suffix of its resyntheses")
    swap_fraction: float = Field(
        0.5,
        ge=0,
        le=1,
        description="share of instances altered in that set; compared with the set's manifest where it has one",
    )
    start: ImageNet = Field(
        "imagenet",
        description="weights of the VGG16: ImageNet's, which stay, or random ones, which learn with the rest",
    )
    width: Width = WIDTH

    @model_validator(mode="after")
    def _imagenet_has_one_width(self) -> Self:
        if self.start == "imagenet" and self.width != WIDTH:
            raise ValueError(f"ImageNet's VGG16 has width {WIDTH}, found width {self.width}; add start=random")
        return self


class RbmSettings(Settings):
    """Road patches, redrawn from few numbers."""

    kind: Literal["rbm"] = "rbm"
    hidden: int = Field(HIDDEN, ge=1, description="numbers that a patch is redrawn from")


class SegmentationTraining(AugmentedTraining):
    """Training of BayesSegNet or PSPNet."""

    task: SegmentationSettings = SegmentationSettings()


class GeneratorTraining(AugmentedTraining):
    """Training of the pix2pixHD generator."""

    task: GeneratorSettings = GeneratorSettings()


class DiscrepancyTraining(AugmentedTraining):
    """Training of a discrepancy network."""

    task: DiscrepancySettings = DiscrepancySettings()


class RbmTraining(AugmentedTraining):
    """Training of the road autoencoder."""

    task: RbmSettings = RbmSettings()
