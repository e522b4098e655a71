"""What a training learns from."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from unexpected_core.config import Range, Settings, ascending
from unexpected_core.discrepancy_data.pastes import PasteSettings


class DrawnSettings(Settings):
    """What the source `drawn` draws (unexpected_core/drawing/tracks.py)."""

    train: int = Field(600, ge=1, description="frames to learn from")
    val: int = Field(60, ge=1, description="frames to validate with")
    objects: float = Field(
        0.5, ge=0, le=1, description="share of frames with drawn objects of the training families on the road"
    )
    size: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]] = Field(
        (256, 512), description="height, width in pixels"
    )
    seed: int = Field(0, ge=0, description="same seed, same frames; validation has others")


class SourceSettings(Settings):
    """What is learned from."""

    sources: tuple[str, ...] = Field(
        (),
        description="data sets as NAME or NAME=ROOT (without a root: environment "
        "variable or default place); several are joined; set by --data",
    )
    train: str = Field("train", description="split to learn from")
    val: str = Field("val", description="split that decides the best epoch")
    partial: bool = Field(
        False, description="take published data sets that are not complete, with the frames that are there (--partial)"
    )
    val_examples: int = Field(0, ge=0, description="so many examples of the validation split, evenly spread; 0 = all")
    cache: float = Field(
        2.0,
        ge=0,
        description="gibibytes of memory for each data set to learn from: one that fits is "
        "decoded once and kept; 0 = none",
    )
    drawn: DrawnSettings = DrawnSettings()

    @property
    def named(self) -> list[tuple[str, str]]:
        """(data set, root) of each source, root '' where none is given. One data set may be read from several roots."""
        return [(name, root) for name, _, root in (source.partition("=") for source in self.sources)]

    @property
    def names(self) -> list[str]:
        """The data sets, each once."""
        return list(dict.fromkeys(name for name, _ in self.named))


class DataSettings(SourceSettings):
    """What is learned from, and how it is changed at random."""

    crop: tuple[int, int] | float = Field(
        (384, 768),
        description="height, width of the random crop in pixels, or the "
        "share of each side that is kept; 0 = whole images",
    )
    flip: bool = Field(True, description="mirror half of the training examples")
    scale: Range = Field((1.0, 1.0), description="range of the random zoom before the crop")
    colour: float = Field(0.0, ge=0, le=1, description="strength of random brightness, contrast, saturation and hue")
    blur: float = Field(0.0, ge=0, le=1, description="share of training images that are blurred")


class ExampleSettings(Settings):
    """What the `fast` detector and its baselines learn from."""

    crop: tuple[int, int] = Field((256, 512), description="height, width of a training example in pixels")
    heights: Annotated[tuple[int, int], AfterValidator(ascending)] = Field(
        (256, 900), description="least and greatest height in pixels of the frame that a crop is cut from"
    )
    enlarge: float = Field(2.4, ge=1, description="greatest height of a frame in heights that it is stored with")
    balance: float = Field(0.2, ge=0, le=1, description="share of crops that hold a pixel of a class rare in the frame")
    rare: float = Field(
        0.0, ge=0, le=1, description="share of crops around a class drawn evenly from all, in any frame that has it"
    )
    sources: int = Field(3, ge=1, description="other frames that lend known things and textures")
    aspects: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {},
        description="data set, or name of its folder -> width / height that its frames really had, where they are "
        "stored squeezed",
    )
    repeats: dict[str, Annotated[int, Field(ge=0)]] = Field(
        {},
        description="data set, or name of its folder -> how often each of its frames comes in one pass; 0 = nothing is "
        "learned from it",
    )
    coarse: tuple[str, ...] = Field(
        ("idd_lite",),
        description="data sets, or names of their folders, with so few classes that an ignored pixel need not be an "
        "unknown thing",
    )
    paste: bool = Field(True, description="change and put in what `pastes` says; false: photographs as they are")
    pastes: PasteSettings = PasteSettings()
