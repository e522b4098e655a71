"""Settings of the `fast` detector's training, and of its opponents'."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from unexpected_core.training.engine.settings import PublishingLoop
from unexpected_core.training.examples.settings import ExampleSettings
from unexpected_core.training.settings import TrainingSettings

Part = Literal["segmenter", "generator", "comparer", "direct"]
PARTS: tuple[Part, ...] = get_args(Part)


class FastSettings(ExampleSettings):
    """The `fast` detector: segmenter, generator, comparer and direct head, trained together or one by one."""

    kind: Literal["fast"] = "fast"
    learn: tuple[Part, ...] = Field(
        PARTS, min_length=1, description="parts that learn; the others stay as `start` has them"
    )
    start: str = Field(
        "", description="detector to begin with: shipped name, weight file or run folder; empty = random weights"
    )
    object_weight: float = Field(8.0, gt=0, description="weight of pasted pixels against others")
    compare: float = Field(2.0, ge=0, description="weight of the comparer's loss")
    direct: float = Field(1.0, ge=0, description="weight of the direct head's loss")
    paint: float = Field(2.0, ge=0, description="weight of the generator's loss")
    working_height: int = Field(384, ge=32, description="image height in pixels that the finished detector works at")


class OpponentSettings(ExampleSettings):
    """The paper's opponents of a trained `fast` detector, on its segmenter and generator."""

    kind: Literal["fast_opponents"] = "fast_opponents"
    start: str = Field(
        "fast", min_length=1, description="detector they stand on: shipped name, weight file or run folder"
    )
    members: int = Field(4, ge=2, description="members of the sub-ensemble")
    object_weight: float = Field(8.0, gt=0, description="weight of pasted pixels against others")
    rbm_rate: float = Field(20.0, gt=0, description="learning rate of the road autoencoder, in those of the others")


class FastTraining(TrainingSettings):
    """Joint training of segmenter, generator and comparer. Its changes to examples are in `task`, not in `data`."""

    task: FastSettings = FastSettings()
    loop: PublishingLoop = PublishingLoop()


class OpponentTraining(TrainingSettings):
    """Training of the opponents, from examples such as the detector had."""

    task: OpponentSettings = OpponentSettings()
    loop: PublishingLoop = PublishingLoop()
