"""What an exported detector says of itself, inside its file. Loads neither torch nor onnx."""

from __future__ import annotations

import json

from pydantic import Field

from unexpected_core.config import Settings, SettingsError, build
from unexpected_core.log import one_line
from unexpected_core.weights.cards import Card, WeightsError

KEY = "unexpected"
"""Name of the entry in the file's metadata."""
SUFFIX = ".onnx"
OPSET = 18
"""Version of the ONNX operators, unless asked otherwise."""
STEP_BEFORE = 32
"""Step of files that are older than it: sides that the networks of every method with a working height take whole."""
OUTPUTS = ("score", "labels", "resynthesis")
"""What a graph gives, of these what its method has."""


class Exported(Settings):
    """Everything beside the graph that a detector needs, and where the graph comes from.

    The graph: images uint8 [B, h, w, 3] (RGB, at the working size) -> score float32 [B, h, w] in [0, 1], and where the
    method has them labels uint8 [B, h, w] and resynthesis uint8 [B, h, w, 3].
    """

    name: str = Field(description="method")
    model_id: str = Field(description="name and fingerprint for messages")
    working_height: int | None = Field(None, description="image height in pixels it was made for")
    step: int = Field(1, ge=1, description="working sizes are multiples of it")
    threshold: float = Field(0.5, ge=0.0, le=1.0, description="score above which a pixel is unexpected")
    random_weights: bool = Field(False, description="untrained networks: its scores mean nothing")
    labels: list[str] = Field([], description="names of the train ids 0, 1, ...")
    opset: int = Field(description="version of the ONNX operators")
    size: tuple[int, int] | None = Field(None, description="(height, width) of the only size it scores; none = any")
    precision: str = Field("float32", description="numbers that the graph computes in")
    sha256: str = Field("", description="fingerprint of the weight file it was made from")
    commit: str = Field("", description="commit of this project that made it")
    card: Card | None = Field(None, description="the weights' own card")


def from_metadata(entries: dict[str, str], file: str) -> Exported:
    """A file's metadata -> what it says of itself. Raises WeightsError for files of other makers.

    Files that do not know of a step (their images were padded inside) get the one of their networks.
    """
    if KEY not in entries:
        raise WeightsError(f"{file} was not made by 'unexpected export': it has no entry '{KEY}'; export it again")
    try:
        said = dict(json.loads(entries[KEY]))
        if said.get("working_height"):
            said.setdefault("step", STEP_BEFORE)
        return build(Exported, said)
    except (ValueError, TypeError, SettingsError) as error:
        raise WeightsError(
            f"cannot use {file}: its entry '{KEY}' is damaged ({one_line(error)}); export it again"
        ) from None
