"""Settings of the `fast` detector's training, and of its baselines'."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from unexpected_core.config import Settings, same
from unexpected_core.networks.choices import MULTIPLE, SEEDS, SIZE, Size
from unexpected_core.training.engine.settings import PublishingLoop
from unexpected_core.training.examples.settings import ExampleSettings
from unexpected_core.training.settings import TrainingSettings

Part = Literal["segmenter", "generator", "comparer", "direct"]
PARTS: tuple[Part, ...] = get_args(Part)
Side = Annotated[int, Field(gt=0, multiple_of=MULTIPLE)]


class NetworkExamples(ExampleSettings):
    """Examples of a size that the networks take."""

    crop: tuple[Side, Side] = same(ExampleSettings, "crop")


class FastSettings(NetworkExamples):
    """The `fast` detector: segmenter, generator, comparer and direct head, trained together or one by one."""

    kind: Literal["fast"] = "fast"
    learn: tuple[Part, ...] = Field(
        PARTS, min_length=1, description="parts that learn; the others stay as `start` has them"
    )
    start: str = Field(
        "",
        description="detector to begin with: shipped name, weight file, run folder, or YAML file of a training that is "
        "to be done before; empty = random weights",
    )
    size: Size = Field(SIZE, description="width of the networks: 'nano' costs a third")
    object_weight: float = Field(5.0, gt=0, description="weight of pasted pixels against others")
    labels: float = Field(1.0, ge=0, description="weight of the segmenter's loss")
    teacher: str = Field(
        "",
        description="detector whose segmenter teaches its labels, beside the true ones: weight file or run folder; "
        "empty = none",
    )
    taught: float = Field(1.0, ge=0, description="weight of the distance from the teacher's labels")
    compare: float = Field(2.0, ge=0, description="weight of the comparer's loss")
    direct: float = Field(2.0, ge=0, description="weight of the direct head's loss")
    paint: float = Field(2.0, ge=0, description="weight of the generator's loss on colours")
    perceptual: float = Field(0.0, ge=0, description="weight of the generator's loss on SqueezeNet features; 0 = off")
    perceptual_weights: str = Field("", description="state dict of torchvision's squeezenet1_1, for task.perceptual")
    segmenter_rate: float = Field(1.0, gt=0, description="learning rate of the segmenter, in those of the others")
    working_height: int = Field(
        448,
        ge=32,
        le=4096,
        description="image height in pixels that the finished detector works at; where only parts learn, "
        "the default means that of `start`",
    )
    max_logit_weight: float = Field(
        0.3,
        ge=0,
        description="share of the segmenter's max logit that lowers the finished detector's low scores; where only "
        "parts learn, the default means that of `start`",
    )


class BaselineSettings(NetworkExamples):
    """The paper's baselines of a trained `fast` detector, on its segmenter and generator."""

    kind: Literal["fast_baselines"] = "fast_baselines"
    start: str = Field(
        "fast", min_length=1, description="detector they stand on: shipped name, weight file or run folder"
    )
    members: int = Field(4, ge=2, description="members of the sub-ensemble")
    object_weight: float = Field(8.0, gt=0, description="weight of pasted pixels against others")
    rbm_rate: float = Field(20.0, gt=0, description="learning rate of the road autoencoder, in those of the others")


class CuesSettings(NetworkExamples):
    """Heads with more and fewer cues on a trained `fast` detector."""

    kind: Literal["fast_cues"] = "fast_cues"
    start: str = Field(
        "fast", min_length=1, description="detector they stand on: shipped name, weight file or run folder"
    )
    seeds: int = Field(SEEDS, ge=1, description="heads of each kind, from different random weights")
    object_weight: float = Field(5.0, gt=0, description="weight of pasted pixels against others")


class FirstStage(Settings):
    """What goes before: the segmenter alone, on photographs as they are, for all others stand on its labels."""

    epochs: int = Field(0, ge=0, description="epochs of the first stage, as long as the others'; 0 = none")
    batch: int = Field(8, ge=1, description="examples per step")
    crop: tuple[Side, Side] = Field((224, 448), description="height, width of an example in pixels")
    balance: float = Field(0.3, ge=0, le=1, description="share of crops that hold a pixel of a class rare in the frame")
    rare: float = Field(0.3, ge=0, le=1, description="share of crops around a class drawn evenly from all")
    learning_rate: float = Field(3e-3, gt=0, description="learning rate at the start")


class FastLoop(PublishingLoop):
    """The loop of a `fast` training."""

    publish: Literal["best", "last", "mean"] = Field(
        "best",
        description="weights that become the detector: of the least validation loss; of the end, where validation "
        "frames are of another kind than what is wanted; or the mean of `start` and of the end of each epoch",
    )


class FastTraining(TrainingSettings):
    """Training of segmenter, generator and comparer. Its changes to examples are in `task`, not in `data`."""

    first: FirstStage = FirstStage()
    task: FastSettings = FastSettings()
    loop: FastLoop = FastLoop()


class BaselineTraining(TrainingSettings):
    """Training of the baselines, from examples such as the detector had."""

    task: BaselineSettings = BaselineSettings()
    loop: PublishingLoop = PublishingLoop()


class CuesTraining(TrainingSettings):
    """Training of heads that differ in their cues."""

    task: CuesSettings = CuesSettings()
    loop: PublishingLoop = PublishingLoop()


FastFamily = FastTraining | BaselineTraining | CuesTraining
"""Trainings that learn from the same kind of examples, and end with a weight file."""
