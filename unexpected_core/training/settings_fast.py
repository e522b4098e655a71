"""Settings of the `fast` detector's training."""

from __future__ import annotations

from unexpected_core.training.fast_examples import FastSettings
from unexpected_core.training.settings import TrainingSettings


class FastTraining(TrainingSettings):
    """Joint training of segmenter, generator and comparer. Its changes to examples are in `task`, not in `data`."""

    task: FastSettings = FastSettings()
