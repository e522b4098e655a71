"""The node's settings: the core's and its own, the one definition behind parameters and documentation. No ROS."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from unexpected_core.config import Settings
from unexpected_core.encodings import MAX_PIXELS
from unexpected_core.pipeline.ego_mask import check_ego_mask
from unexpected_core.pipeline.settings import DetectSettings, ModelSettings


def parse_cameras(text: str) -> dict[str, int]:
    """'front:2, rear left' -> {'front': 2, 'rear': 1, 'left': 1}: names and weights. Raises ValueError."""
    cameras: dict[str, int] = {}
    for word in text.replace(",", " ").split():
        name, _, weight = word.partition(":")
        if not name.isidentifier() or not name.isascii():
            raise ValueError(f"'{name}' is no name for a camera; expected letters, digits and _, such as front")
        if weight and not (weight.isdecimal() and 1 <= int(weight) <= 100):
            raise ValueError(f"'{word}': expected a weight of 1 to 100, such as {name}:2")
        if name in cameras:
            raise ValueError(f"camera '{name}' is named twice")
        cameras[name] = int(weight or 1)
    return cameras


def word_of(value: Any) -> Any:
    """'yes' or 'no' of a truth value: YAML, and so ROS, reads one where somebody writes them without quotes."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


class InputSettings(Settings):
    """Which messages come in, and which of them are worked on."""

    transport: Literal["raw", "compressed"] = Field(
        "raw", description="raw: Image on 'image'; compressed: CompressedImage on 'image/compressed'"
    )
    reliability: Literal["auto", "reliable", "best_effort"] = Field(
        "auto", description="QoS of the image subscription; auto takes what the publishers offer, whenever they appear"
    )
    max_age_ms: float = Field(0.0, ge=0.0, le=10000.0, description="frames with an older stamp are dropped; 0 = off")
    max_pixels: int = Field(
        MAX_PIXELS, ge=1, le=89_000_000, description="larger images are refused before anything of them is decoded"
    )
    bit_depth: int = Field(
        0,
        ge=0,
        le=16,
        description="bits that are used of 16-bit values, such as 12; 0 = what the encoding says, else 16",
    )
    max_rate_hz: float = Field(
        0.0, ge=0.0, le=120.0, description="most frames of a camera worked on per second; 0 = all it can"
    )
    batch: int = Field(
        0, ge=0, le=64, description="most cameras' frames worked on together; 0 = all that wait on CUDA, 1 on the CPU"
    )


CAMERA = "{camera}"
"""In the path of an own car: the name of each of several cameras."""


def _check_own_car(text: str) -> str:
    return text if CAMERA in text else check_ego_mask(text)  # those of cameras: when their names are known


class LiveDetectSettings(DetectSettings):
    """The core's settings, of which ego_mask may be another for each camera, and one that needs several frames."""

    ego_mask: Annotated[str, AfterValidator(_check_own_car)] = Field(
        "", description=DetectSettings.model_fields["ego_mask"].description
    )
    min_persistence: int = Field(
        1, ge=1, le=30, description="frames a region must be seen in to be reported; two missed in a row do not matter"
    )

    @property
    def core(self) -> DetectSettings:
        """Those that a detector takes; without an own car that is another for each camera."""
        core = self.model_dump(include=DetectSettings.model_fields.keys())
        return DetectSettings.model_construct(**core | ({"ego_mask": ""} if CAMERA in self.ego_mask else {}))

    def of(self, camera: str) -> DetectSettings:
        """Those of one of several cameras: {camera} in ego_mask stands for its name."""
        return self.core.model_copy(update={"ego_mask": self.ego_mask.replace(CAMERA, camera)})


class LoadSettings(Settings):
    """What to do when frames take too long: smaller, then without resynthesis, then every second one."""

    budget_ms: float = Field(
        0.0,
        ge=0.0,
        le=60000.0,
        description="most milliseconds of work on a frame, without its wait for the one before; 0 = any",
    )
    frames: int = Field(
        10, ge=1, le=1000, description="frames in a row over the budget before less is done, below it before more is"
    )


class OutputSettings(Settings):
    """How results are published."""

    score_encoding: Literal["32FC1", "mono8"] = Field("32FC1", description="encoding of ~/score; mono8 is score * 255")
    overlay_alpha: float = Field(0.5, ge=0.0, le=1.0, description="strength of the colour inside regions in ~/overlay")
    scale: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        description="size of ~/overlay, ~/overlay/compressed, ~/labels_color and ~/resynthesis, of the image's; "
        "0 = 1/2, 1/4, ... while 448 rows and columns remain",
    )
    jpeg_quality: int = Field(85, ge=1, le=100, description="quality of ~/overlay/compressed")


class CameraSettings(Settings):
    """How the camera is mounted; distances need it, and camera_info."""

    rectified: Literal["auto", "yes", "no"] = Field(
        "auto",
        description="whether images are undistorted already (P counts, not K and D); auto goes by the topic's name",
    )

    @field_validator("rectified", mode="before")
    @classmethod
    def _in_words(cls, value: Any) -> Any:
        return word_of(value)

    height: float = Field(
        0.0, ge=0.0, le=100.0, description="metres above flat ground, unless /tf_static says it; 0 = unknown"
    )
    pitch: float = Field(0.0, ge=-1.5, le=1.5, description="radians that the optical axis points below the horizon")
    base_frame: str = Field(
        "base_link",
        description="frame of ~/obstacle_points, on the ground; the camera is where /tf_static says, else above it",
    )


class GroundSettings(Settings):
    """Which regions count, by where they stand on flat ground; known with camera_info and the camera's place."""

    nearest: float = Field(
        0.0,
        ge=0.0,
        le=100.0,
        description="metres ahead of camera.base_frame (behind it, for a camera that looks "
        "back) from which on regions count",
    )
    farthest: float = Field(0.0, ge=0.0, le=1000.0, description="metres up to which they count; 0 = any")
    left: float = Field(
        0.0, ge=0.0, le=100.0, description="metres to the left of camera.base_frame that they may begin at; 0 = any"
    )
    right: float = Field(0.0, ge=0.0, le=100.0, description="the same to the right; 0 = any")
    min_height: float = Field(
        0.0, ge=0.0, le=10.0, description="metres that what stands at a region's foot must rise; 0 = any"
    )
    road_margin: float = Field(
        0.0, ge=0.0, le=20.0, description="metres beside drivable labels that regions may stand at; 0 = any"
    )


class SaveSettings(Settings):
    """Where samples are written, and which are without anybody asking."""

    directory: str = Field("~/unexpected_samples", description="folder of the samples that ~/save_sample writes")
    above: float = Field(
        1.0,
        ge=0.0,
        le=1.0,
        description="frames with a region of a higher max_score are saved by themselves; 1 = none",
    )
    per_minute: int = Field(6, ge=1, le=600, description="most frames in a minute that are saved by themselves")


class NodeSettings(Settings):
    """Everything the node can be told."""

    cameras: str = Field(
        "",
        description="names of several cameras ('front:2, rear, left', a number being its weight): each has its topics "
        "NAME/image, NAME/camera_info, ~/NAME/mask, ...; empty = one camera",
    )
    autostart: bool = Field(True, description="configure and activate by itself; false waits for lifecycle commands")
    model: ModelSettings = ModelSettings()
    input: InputSettings = InputSettings()
    detect: LiveDetectSettings = LiveDetectSettings()
    load: LoadSettings = LoadSettings()
    output: OutputSettings = OutputSettings()
    camera: CameraSettings = CameraSettings()
    ground: GroundSettings = GroundSettings()
    save: SaveSettings = SaveSettings()

    @field_validator("cameras")
    @classmethod
    def _check_cameras(cls, text: str) -> str:
        parse_cameras(text)
        return text

    @model_validator(mode="after")
    def _check_masks(self) -> NodeSettings:
        mask, cameras = self.detect.ego_mask, parse_cameras(self.cameras)
        if CAMERA in mask and not cameras:
            raise ValueError(
                f"detect.ego_mask is '{mask}', and {CAMERA} stands for the names of several cameras: there are none; "
                "write the whole path"
            )
        for camera in cameras:
            check_ego_mask(self.detect.of(camera).ego_mask)
        return self
