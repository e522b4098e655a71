"""The card beside every weight file: what it is, how it was made, what it scored. Loads no torch."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import Field

from unexpected_core.config import Settings, SettingsError, build, same
from unexpected_core.files import write_text
from unexpected_core.log import one_line
from unexpected_core.networks.choices import SIZE
from unexpected_core.regions import RegionSettings


class WeightsError(ValueError):
    """Weights that are missing, damaged or of another network; the message says which, why, and the cure."""


class Card(Settings):
    """Birth certificate of a weight file."""

    name: str = Field(description="name for people and messages")
    architecture: str = Field(description="entry of SCORERS or NETWORKS that the weights belong to")
    options: dict[str, Any] = Field({}, description="arguments the architecture is built with")
    working_height: int | None = Field(None, ge=32, le=4096, description="image height in pixels it was made for")
    threshold: float = same(RegionSettings, "threshold")
    calibration: tuple[float, float] | None = Field(
        None, description="(a, b): score = sigmoid(a * logit + b); none = as the architecture gives it"
    )
    logit_statistics: tuple[tuple[float, ...], tuple[float, ...]] | None = Field(
        None, description="mean and standard deviation of each class's max logit on training images"
    )
    max_logit_weight: float = Field(
        0.0, ge=0, description="share of the segmenter's max logit that the score's logit is lowered by where it is low"
    )
    training_data: list[str] = Field([], description="data sets it learned from")
    preset: str = Field("", description="preset of the training")
    command: str = Field("", description="command that made it")
    commit: str = Field("", description="commit of this project that made it; filled in when it is written")
    scores: dict[str, Any] = Field({}, description="what it scored, by data set")
    licence: str = Field("trained on research data: for research", description="what it may be used for")
    stands_on: str = Field("", description="sha256 of the detector that these networks need; empty = none")
    sha256: str = Field("", description="fingerprint of the weight file; filled in when it is written")

    @property
    def decides(self) -> dict[str, Any]:
        """What the scores depend on."""
        return self.model_dump(
            include={"architecture", "options", "working_height", "calibration", "max_logit_weight", "sha256"}
        )

    @property
    def size(self) -> str:
        """Width of the networks, of a `fast` detector."""
        return self.options.get("size", SIZE)

    @property
    def model_id(self) -> str:
        """Name and the first eight digits of the fingerprint: what messages carry."""
        return f"{self.name}-{self.sha256[:8]}" if self.sha256 else self.name


def licence_of(training_data: Collection[str]) -> str:
    """What weights may be used for, by the sets they learned from: drawings are ours, all else is research data."""
    if set(training_data) == {"drawn"}:
        return "trained on drawings only: Apache-2.0"
    return Card.model_fields["licence"].default


def card_path(weights: str | Path) -> Path:
    """fast.safetensors -> fast.json."""
    return Path(weights).with_suffix(".json")


def taken(weights: str | Path) -> Path | None:
    """What would be lost if weights were written under this name: a file of it, or one in the place of its card."""
    return next((path for path in (Path(weights), card_path(weights)) if path.exists()), None)


def read_card(weights: str | Path) -> Card:
    """The card of a weight file. Raises WeightsError."""
    path = card_path(weights)
    if not path.is_file():
        raise WeightsError(
            f"no card {path.name} beside {weights}: weights are used only with the card they were "
            "written with; copy both files"
        )
    try:
        return build(Card, json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        fault = one_line(error) if isinstance(error, SettingsError) else f"not valid JSON ({error})"
        raise WeightsError(f"cannot use card {path}: {fault}; restore it from where the weights came from") from None


def write_card(weights: str | Path, card: Card) -> None:
    """Write the card of a weight file, whole or not at all."""
    write_text(card_path(weights), card.model_dump_json(indent=2) + "\n")
