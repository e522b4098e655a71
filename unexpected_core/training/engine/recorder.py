"""What people read of a run: training.log, and <date>_log/ with pictures and TensorBoard's files.

training.log tells the training as if it had never been interrupted: it holds nothing that depends on the clock, and
resuming cuts it where the saved state ends. What is cut off (an exception, repeated epochs) is kept in interrupted.log.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np

from unexpected_core.images import write_image
from unexpected_core.log import LOGGER
from unexpected_core.training.errors import TrainingError

LOG, INTERRUPTED = "training.log", "interrupted.log"
ONCE = ("image", "target")
"""Kinds of pictures that do not change with training and are written for the first epoch only."""


class Recorder:
    """Writes one run's history. In all processes but the first one it does nothing."""

    def __init__(self, folder: Path, active: bool = True) -> None:
        self.folder, self.active = folder, active
        self.run_name, self._board = "", None
        if active:
            folder.mkdir(parents=True, exist_ok=True)
            dated = sorted(path.name for path in folder.glob("????-??-??_??-??-??_log") if path.is_dir())
            self.run_name = dated[-1] if dated else f"{datetime.now():%Y-%m-%d_%H-%M-%S}_log"

    def start(self, log_bytes: int, step: int) -> None:
        """Begin, or go on after `log_bytes` of training.log. step: the first one that is not recorded yet."""
        if not self.active:
            return
        from torch.utils.tensorboard import SummaryWriter

        path = self.folder / LOG
        tail = path.read_bytes()[log_bytes:] if path.exists() else b""
        if tail:
            text = tail.decode(errors="replace")
            append(self.folder / INTERRUPTED, f"cut off on {datetime.now():%Y-%m-%d %H:%M:%S}:\n{text}")
            os.truncate(path, log_bytes)
        self._board = SummaryWriter(str(self.folder / self.run_name), purge_step=step)

    def line(self, text: str) -> None:
        """One line of training.log, shown on the terminal too."""
        if self.active:
            append(self.folder / LOG, text + "\n")
            LOGGER.info("%s", text)

    @property
    def log_bytes(self) -> int:
        """Length of training.log."""
        path = self.folder / LOG
        return path.stat().st_size if path.exists() else 0

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Numbers for TensorBoard."""
        if self._board:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)

    def pictures(self, epoch: int, step: int, key: str, pictures: Mapping[str, np.ndarray]) -> None:
        """Pictures RGB uint8 [H, W, 3] of one sample frame: e<epoch>_<key>_<kind>.webp, and TensorBoard."""
        for kind, image in pictures.items():
            if self._board is None or (epoch and kind in ONCE):
                continue
            name = f"{key.replace('/', '__')}_{kind}"
            write_image(self.folder / self.run_name / f"e{epoch:03d}_{name}.webp", image)
            self._board.add_image(name, image, step, dataformats="HWC")

    def close(self) -> None:
        """Write out what TensorBoard still holds."""
        if self._board:
            self._board.close()


def append(path: Path, text: str) -> None:
    """Add text to a log file. Raises TrainingError."""
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise TrainingError(
            f"cannot write {path}: {error.strerror or error}. The saved states are intact: make "
            "room and run the same command again to go on"
        ) from error
