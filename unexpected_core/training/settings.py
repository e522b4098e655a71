"""Settings of a training: the one definition behind presets, YAML files, --set, --dry-run and config.json."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from unexpected_core.config import Settings
from unexpected_core.labels import NUM_CLASSES

ImageNet = Literal["imagenet", "random"]
SMALL = Field(False, description="narrow networks, to try things out")


class TrainingError(ValueError):
    """A training that cannot go on; the message says the cause and the cure. What was saved before is intact."""


class DrawnSettings(Settings):
    """What the source `drawn` draws (unexpected_core/drawing/tracks.py)."""

    train: int = Field(600, ge=1, description="frames to learn from")
    val: int = Field(60, ge=1, description="frames to validate with")
    objects: float = Field(
        0.5, ge=0, le=1, description="share of frames with drawn objects of the training families on the road"
    )
    size: tuple[int, int] = Field((256, 512), description="height, width in pixels")
    seed: int = Field(0, ge=0, description="same seed, same frames; val: seed + 1")


class DataSettings(Settings):
    """What is learned from."""

    sources: tuple[str, ...] = Field(
        (),
        description="data sets as NAME or NAME=ROOT (without a root: environment "
        "variable or default place); several are joined; set by --data",
    )
    train: str = Field("train", description="split to learn from")
    val: str = Field("val", description="split that decides the best epoch")
    crop: tuple[int, int] | float = Field(
        (384, 768),
        description="height, width of the random crop in pixels, or the "
        "share of each side that is kept; 0 = whole images",
    )
    flip: bool = Field(True, description="mirror half of the training examples")
    scale: tuple[float, float] = Field((1.0, 1.0), description="range of the random zoom before the crop")
    colour: float = Field(0.0, ge=0, le=1, description="strength of random brightness, contrast, saturation and hue")
    blur: float = Field(0.0, ge=0, le=1, description="share of training images that are blurred")
    val_examples: int = Field(0, ge=0, description="so many examples of the validation split, evenly spread; 0 = all")
    cache: float = Field(
        2.0,
        ge=0,
        description="gibibytes of memory for each data set to learn from: one that fits is "
        "decoded once and kept; 0 = none",
    )
    drawn: DrawnSettings = DrawnSettings()

    @property
    def roots(self) -> dict[str, str]:
        """Data set -> root, '' where none is given."""
        return {name: root for name, _, root in (source.partition("=") for source in self.sources)}


class OptimizerSettings(Settings):
    """How weights follow gradients."""

    method: Literal["adam", "adamw"] = Field("adam", description="optimiser")
    learning_rate: float = Field(1e-4, gt=0, description="learning rate at the start")
    betas: tuple[float, float] = Field((0.9, 0.999), description="decay of Adam's two moments")
    weight_decay: float = Field(0.0, ge=0, description="weight decay")
    clip: float = Field(0.0, ge=0, description="greatest norm of the gradient; 0 = unlimited")
    schedule: Literal["plateau", "half_linear", "cosine", "constant"] = Field(
        "plateau",
        description="plateau: times `factor` when the validation loss has not fallen for more than "
        "`patience` epochs; half_linear: constant for half of the epochs, then linear to 0; "
        "cosine: to 0",
    )
    patience: int = Field(5, ge=0, description="plateau: epochs to wait")
    factor: float = Field(0.1, gt=0, lt=1, description="plateau: factor on the learning rate")
    minimum: float = Field(1e-8, ge=0, description="plateau: least learning rate")
    warmup: int = Field(0, ge=0, description="steps over which the learning rate rises from 0; not for plateau")


class LoopSettings(Settings):
    """How long, how much at once, where."""

    epochs: int = Field(50, ge=0, description="epoch limit")
    epoch_examples: int = Field(0, ge=0, description="examples per epoch; 0 = all")
    batch: int = Field(4, ge=1, description="examples per optimiser step, over all processes")
    accumulate: int = Field(1, ge=1, description="parts in which a process computes its share of a batch: less memory")
    batch_val: int = Field(4, ge=1, description="examples per validation batch")
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = Field("32-true", description="numbers to compute with")
    average: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="decay per step of an average of the weights, which is then "
        "what is validated and published; 0 = off",
    )
    publish: Literal["best", "last"] = Field(
        "best",
        description="weights that become the detector: of the least "
        "validation loss, or of the end, where validation "
        "frames are of another kind than what is wanted",
    )
    seed: int = Field(0, ge=0, description="same seed, same bits (on one kind of machine)")
    workers: int = Field(0, ge=0, description="processes that load examples; changes no bit of the result")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where to compute; CUDA_VISIBLE_DEVICES says on which of several cards"
    )
    devices: int = Field(1, ge=1, description="processes on this machine, one per device; torchrun sets it by itself")
    nodes: int = Field(1, ge=1, description="machines; torchrun sets it by itself")
    checkpoint_seconds: float = Field(
        600.0,
        ge=0,
        description="longest time between two states saved for resuming; one is also saved after each epoch",
    )
    frames: tuple[int, ...] = Field((0, 1, 2, 3, 6, 8, 9), description="validation examples whose pictures are written")


class TrainingSettings(Settings):
    """One training, whole. Subclasses add `task`."""

    name: str = Field("", description="name of the run folder below $DIR_EXPERIMENTS")
    data: DataSettings = DataSettings()
    optimizer: OptimizerSettings = OptimizerSettings()
    loop: LoopSettings = LoopSettings()


class SegmentationSettings(Settings):
    """Labels from images."""

    kind: Literal["segmentation"] = "segmentation"
    network: Literal["bayes_segnet", "pspnet"] = Field("pspnet", description="network to train")
    member: int = Field(0, ge=0, description="member of an ensemble: changes the seed and the name, nothing else")
    num_classes: int = Field(NUM_CLASSES, ge=2, le=255, description="classes")
    start: ImageNet = Field("imagenet", description="weights of the encoder to begin with")
    auxiliary: float = Field(0.4, ge=0, description="weight of PSPNet's auxiliary loss; both are divided by 1 + this")
    small: bool = SMALL


class GeneratorSettings(Settings):
    """Images from labels, against a discriminator."""

    kind: Literal["generator"] = "generator"
    ids: Literal["full", "train"] = Field(
        "full",
        description="labels to paint from: Cityscapes' 35 full ids (the "
        "paper), or the 19 train ids, which any data set has",
    )
    feature_matching: float = Field(10.0, ge=0, description="weight of the distance between discriminator features")
    perceptual: float = Field(10.0, ge=0, description="weight of the distance between VGG19 features; 0 loads no VGG19")
    start: ImageNet = Field("imagenet", description="weights of the VGG19 that judges; random is for trying out")
    small: bool = SMALL


class DiscrepancySettings(Settings):
    """Where labels were altered, from image, resynthesis and labels."""

    kind: Literal["discrepancy"] = "discrepancy"
    compares: Literal["full", "generator_only", "labels_only"] = Field("full", description="what the photo is held to")
    class_weights: tuple[float, float] = Field(
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
    start: ImageNet = Field("imagenet", description="weights of the frozen VGG16")
    small: bool = SMALL


class RbmSettings(Settings):
    """Road patches, redrawn from few numbers."""

    kind: Literal["rbm"] = "rbm"
    hidden: int = Field(20, ge=1, description="numbers that a patch is redrawn from")


class SegmentationTraining(TrainingSettings):
    """Training of BayesSegNet or PSPNet."""

    task: SegmentationSettings = SegmentationSettings()


class GeneratorTraining(TrainingSettings):
    """Training of the pix2pixHD generator."""

    task: GeneratorSettings = GeneratorSettings()


class DiscrepancyTraining(TrainingSettings):
    """Training of a discrepancy network."""

    task: DiscrepancySettings = DiscrepancySettings()


class RbmTraining(TrainingSettings):
    """Training of the road autoencoder."""

    task: RbmSettings = RbmSettings()
