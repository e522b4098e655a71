"""The detector of a command over bags: as its settings ask, and as the weights' card says where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unexpected_core.config import SettingsError

if TYPE_CHECKING:
    from unexpected_core.pipeline.detector import Detector
    from unexpected_ros.live.settings import NodeSettings


def chosen_detector(model: str, device: str, settings: NodeSettings, named: set[str]) -> Detector:
    """The detector that the settings ask for. named: those that count; all else is as the card has it.

    Raises SettingsError, WeightsError, DeviceError.
    """
    from unexpected_core.pipeline.detector import load_detector

    if twice := named & {"model.path", "model.device"}:
        raise SettingsError(f"{min(twice)} is said by --model and --device; leave it out of --set")
    fields = {**settings.model.model_dump(), **settings.detect.core.model_dump()}
    chosen = {name.partition(".")[2] for name in named if name.startswith(("model.", "detect."))}
    return load_detector(model, device, **{name: fields[name] for name in chosen & fields.keys()})
