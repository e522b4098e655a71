"""How a training goes: the optimiser, and how long, how much at once and where."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unexpected_core.config import Settings

Decay = Annotated[float, Field(ge=0, lt=1)]


class OptimizerSettings(Settings):
    """How weights follow gradients."""

    method: Literal["adam", "adamw", "muon"] = Field(
        "adam", description="optimiser; muon: orthogonalised steps for convolutions, adamw for the rest"
    )
    learning_rate: float = Field(1e-4, gt=0, description="learning rate at the start")
    betas: tuple[Decay, Decay] = Field((0.9, 0.999), description="decay of Adam's two moments")
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
    accumulate: int = Field(
        1,
        ge=1,
        description="parts in which a process computes its share of a batch, each normalised by itself: less memory",
    )
    batch_val: int = Field(4, ge=1, description="examples per validation batch")
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = Field(
        "32-true", description="numbers to compute with; auto: bf16-mixed where the device computes with it natively"
    )
    average: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="decay per step of an average of the weights, which is then "
        "what is validated and published; less in the first steps; 0 = off",
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
    frames: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (0, 1, 2, 3, 6, 8, 9), description="validation examples whose pictures are written"
    )


class PublishingLoop(LoopSettings):
    """The loop of a training that ends with a weight file and its card."""

    publish: Literal["best", "last"] = Field(
        "best",
        description="weights that become the detector: of the least "
        "validation loss, or of the end, where validation "
        "frames are of another kind than what is wanted",
    )
