"""Settings of a training: the one definition behind presets, YAML files, --set, --dry-run and config.json."""

from __future__ import annotations

from pydantic import Field

from unexpected_core.config import Settings
from unexpected_core.training.engine.settings import LoopSettings, OptimizerSettings
from unexpected_core.training.examples.settings import DataSettings, SourceSettings


class TrainingSettings(Settings):
    """One training, whole. Subclasses add `task`."""

    name: str = Field("", description="name of the run folder below $DIR_EXPERIMENTS")
    data: SourceSettings = SourceSettings()
    optimizer: OptimizerSettings = OptimizerSettings()
    loop: LoopSettings = LoopSettings()


class AugmentedTraining(TrainingSettings):
    """A training whose examples are changed at random as `data` says."""

    data: DataSettings = DataSettings()
