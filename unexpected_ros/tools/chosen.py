"""The detector of a command over bags: as its settings ask, and as the weights' card says where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unexpected_core.config import SettingsError

if TYPE_CHECKING:
    from unexpected_core.pipeline.detector import Detector
    from unexpected_ros.settings import NodeSettings


LIVE = (
    *("cameras", "autostart", "output.jpeg_quality", "load.", "save."),
    *(f"input.{name}" for name in ("transport", "reliability", "max_age_ms", "max_rate_hz", "batch")),
)
"""Parameters, and beginnings of them, that only a running node heeds: a bag's frames are all worked on, one by one."""


def check_named(assignments: Sequence[str]) -> set[str]:
    """The parameters that 'NAME=VALUE' texts set. Raises SettingsError for one that has nothing to act on in a bag."""
    named = {each.partition("=")[0].strip() for each in assignments}
    if twice := named & {"model.path", "model.device"}:
        raise SettingsError(f"{min(twice)} is said by --model and --device; leave it out of --set")
    if idle := sorted(name for name in named if name.startswith(LIVE)):
        raise SettingsError(f"{idle[0]} is for a running node and would change nothing in a bag: leave it out of --set")
    return named


def chosen_detector(model: str, device: str, settings: NodeSettings, named: set[str]) -> Detector:
    """The detector that the settings ask for. named: those that count; all else is as the card has it.

    Raises SettingsError, WeightsError, DeviceError.
    """
    from unexpected_core.pipeline.detector import load_detector

    fields = {**settings.model.model_dump(), **settings.detect.core.model_dump()}
    chosen = {name.partition(".")[2] for name in named if name.startswith(("model.", "detect."))}
    return load_detector(model, device, **{name: fields[name] for name in chosen & fields.keys()})
