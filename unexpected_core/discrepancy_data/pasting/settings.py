"""How pasted examples are made: what is put in, how often, how large."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from unexpected_core.config import Range, Settings


class PasteSettings(Settings):
    """What is pasted, how often and how large."""

    things: str = Field(
        "", description="folder of cut-outs (pictures with transparency) to paste; empty = drawn shapes"
    )
    probability: float = Field(0.9, ge=0, le=1, description="share of frames with pasted objects")
    most: int = Field(4, ge=1, le=50, description="greatest number of objects in a frame")
    anywhere: float = Field(0.15, ge=0, le=1, description="share of objects that may be anywhere and of any size")
    beside: float = Field(0.1, ge=0, le=1, description="share of objects on the pavement or the ground beside the road")
    cut_outs: float = Field(
        0.65, ge=0, le=1, description="share of objects that are cut-outs, or where there are none the data sets' own"
    )
    repainted: float = Field(0.15, ge=0, le=1, description="share of cut-outs with a drawn texture")
    borrowed: float = Field(0.12, ge=0, le=1, description="share of drawn shapes with a texture of another frame")
    camouflage: float = Field(0.15, ge=0, le=1, description="share of objects of nearly the colour around them")
    shadows: float = Field(0.5, ge=0, le=1, description="share of objects on the ground with a contact shadow")
    smallest: float = Field(0.12, gt=0, description="smallest height of an object on the ground, metres")
    largest: float = Field(1.2, gt=0, description="greatest height of an object on the ground, metres")
    camera_height: float = Field(1.3, gt=0, description="height of the camera above the road, metres")
    horizon: float = Field(
        0.4, gt=0, lt=1, description="row of the horizon as a share of the image's height where no road shows it"
    )
    known: float = Field(0.8, ge=0, le=1, description="share of frames with cars, people, signs of other frames")
    most_known: int = Field(3, ge=1, le=20, description="greatest number of those")
    known_scale: Range = Field((0.7, 1.4), description="range of their scale, towards the camera or away")
    recolour: float = Field(0.3, ge=0, le=1, description="how often each of road, pavement, building, plants changes")
    recolour_gain: Range = Field((0.6, 1.4), description="range of the change of each colour")
    distractors: float = Field(0.6, ge=0, le=1, description="share of frames with flat marks on the road, no objects")
    crossings: float = Field(0.2, ge=0, le=1, description="share of frames with a zebra crossing laid onto the road")
    bonnet: float = Field(0.1, ge=0, le=1, description="share of frames with a drawn bonnet of the own car")

    @field_validator("largest")
    @classmethod
    def _not_below_the_smallest(cls, largest: float, info: ValidationInfo) -> float:
        if largest < info.data.get("smallest", 0):
            raise ValueError(f"expected at least smallest={info.data['smallest']:g}")
        return largest
