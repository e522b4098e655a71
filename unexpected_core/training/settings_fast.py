"""Settings of the `fast` detector's training."""

from __future__ import annotations

from unexpected_core.training.fast_examples import FastSettings
from unexpected_core.training.settings import TrainingSettings


class FastTraining(TrainingSettings):
    """Joint training of segmenter, generator and comparer. Crops are `task.crop`; data.crop, flip and scale are not used."""

    task: FastSettings = FastSettings()
