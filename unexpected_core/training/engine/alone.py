"""One training at a time in a run folder, and which of its processes speaks for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unexpected_core.holding import held
from unexpected_core.training.engine.checkpoint import STOP
from unexpected_core.training.errors import TrainingError

PATIENCE = 8.0
"""Seconds to wait for a run folder that another process holds."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep a second training out of the run folder; the first process of a training speaks for the others.

    However the training ends, a file that asked it to end (STOP) does not wait for the next one.
    Raises TrainingError when another training holds it, whose stop file stays. A killed training lets go (its loader
    workers within seconds).
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not is_first_process():
        yield
        return
    refusal = TrainingError(f"another process is training in {folder}: wait for it, end it, or use another --run")
    with held(folder, refusal, PATIENCE):
        try:
            yield
        finally:
            (folder / STOP).unlink(missing_ok=True)


def is_first_process() -> bool:
    """Whether this process speaks for all of a training: torchrun's and Fabric's further ones have another rank."""
    return os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"
