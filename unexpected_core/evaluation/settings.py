"""Settings of an evaluation: the one definition behind the options of `unexpected evaluate` and results.json."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from unexpected_core.config import Settings, unknown_name
from unexpected_core.devices import processors
from unexpected_core.metrics.bootstrap import RESAMPLES
from unexpected_core.metrics.components import TRACK_SIZES, Sizes
from unexpected_core.metrics.modes import check_modes
from unexpected_core.structs import RoadCamera

FORMATS = {"float32": ".npy", "16bit": ".npz", "hdf5": ".hdf5"}
"""Score format -> ending of its files; see evaluation.store."""


MOST_HEIGHTS = 30
"""Image heights that no camera's focal length has, nor its horizon is away: pixels were given."""


def _modes(value: str | Sequence[str]) -> tuple[str, ...]:
    names = check_modes(value.split(",") if isinstance(value, str) else value)
    return ("exact", *(name for name in dict.fromkeys(names) if name != "exact"))


def _sizes(value: str | Sizes) -> Sizes:
    if isinstance(value, str) and value not in TRACK_SIZES:
        raise ValueError(unknown_name("track", value, TRACK_SIZES))
    return TRACK_SIZES[value] if isinstance(value, str) else value


def _threshold(value: float | str | None) -> float | str | None:
    if value is None or value == "weights":
        return value
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"expected a number, or 'weights' where a detector runs, found '{value}'")
    return number


def _camera(values: Sequence[float | str] | None) -> RoadCamera | None:
    if values is None:
        return None
    camera = RoadCamera(*(float(value) for value in values))
    if not math.isfinite(camera.horizon):
        raise ValueError(f"the row of the horizon must be a number, found {camera.horizon:g}")
    if not (0 < camera.height < math.inf and 0 < camera.focal < math.inf):
        raise ValueError(f"height and focal length must be above 0, found {camera.height:g} and {camera.focal:g}")
    if camera.focal > MOST_HEIGHTS or abs(camera.horizon) > MOST_HEIGHTS:
        raise ValueError(
            "focal length and row of the horizon are shares of the image height, such as 2.2 and 0.4, found "
            f"{camera.focal:g} and {camera.horizon:g}: divide pixels by the image height"
        )
    return camera


class EvaluationSettings(Settings):
    """What is stored, what is measured, and how surely."""

    store: Literal["float32", "16bit", "hdf5"] = Field(
        "float32", description="score files; hdf5 is SegmentMeIfYouCan's, for submissions"
    )
    mode: Annotated[tuple[str, ...], BeforeValidator(_modes)] = Field(
        ("exact",), description="exact (always measured), smiyc, fishyscapes, pooled, per_image"
    )
    sizes: Annotated[Sizes, BeforeValidator(_sizes)] = Field(
        TRACK_SIZES["obstacle"], description="smallest components, of the track obstacle or anomaly"
    )
    threshold: Annotated[float | Literal["weights"] | None, BeforeValidator(_threshold)] = Field(
        None,
        description="where pixels are called: a score, or 'weights' for the one on their card "
        "(none: best F1 of these frames, and said so)",
    )
    normal_data: str = Field("image_folder", description="kind of data set of --normal-root")
    normal_root: Path | None = Field(None, description="frames of normal driving that the threshold is chosen on")
    normal_split: str | None = Field(None, description="split of --normal-data")
    false_alarms: float = Field(
        0.05, gt=0, lt=1, description="promised share of normal frames with a false alarm, for --normal-root"
    )
    clips: bool = Field(
        False, description="frames of one folder follow one another: measure flicker, draw whole folders"
    )
    frame_rate: float | None = Field(None, gt=0, description="frames per second: also false regions per minute")
    camera: Annotated[RoadCamera | None, BeforeValidator(_camera)] = Field(
        None,
        description="height over the road; focal length and row of the horizon as shares of the image height: recall "
        "by distance (Cityscapes, Lost and Found with their camera files, and drawn frames know theirs)",
    )
    limit: int | None = Field(None, ge=1, description="only the first N frames")
    resamples: int = Field(RESAMPLES, ge=1, description="of the frame bootstrap")
    seed: int = Field(0, ge=0, description="of the frame bootstrap")
    workers: int = Field(default_factory=lambda: min(4, processors()), ge=1, description="processes that measure")

    @property
    def from_normal_driving(self) -> bool:
        """Whether frames without obstacles choose the threshold."""
        return self.normal_root is not None or self.normal_data != type(self).model_fields["normal_data"].default
