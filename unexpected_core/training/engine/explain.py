"""Failures of PyTorch in the user's words, with the cure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from unexpected_core.devices import is_out_of_memory
from unexpected_core.log import first_line
from unexpected_core.training.engine import sampler
from unexpected_core.training.engine.settings import LoopSettings
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.settings import TrainingSettings


@contextmanager
def explain_memory(settings: TrainingSettings) -> Iterator[None]:
    """Turn 'out of memory' into a TrainingError with the cure."""
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        loop, parts = settings.loop, {"data": settings.data, "task": getattr(settings, "task", None)}
        crops = {f"{name}.crop": part.crop for name, part in parts.items() if hasattr(part, "crop")}
        now = "".join(f"{name}={crop}, " for name, crop in crops.items())
        raise TrainingError(
            f"out of memory with loop.batch={loop.batch} in loop.accumulate={loop.accumulate} parts, {now}"
            f"{loop.precision}: raise loop.accumulate (nearly the same in less memory), lower "
            f"{', '.join(['loop.batch', *crops])} or loop.batch_val, or use loop.precision=bf16-mixed, with a "
            f"new --run once a step is finished. What was saved is intact. ({first_line(error)})"
        ) from error


@contextmanager
def explain_batch_norm(options: LoopSettings, share: sampler.Share) -> Iterator[None]:
    """Turn PyTorch's complaint about one value per channel into a TrainingError with the cure."""
    try:
        yield
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        each = options.batch // (options.accumulate * share.world)
        raise TrainingError(
            f"batch norm needs two examples at once, here it gets {each}: loop.batch={options.batch} over "
            f"{share.world} processes times loop.accumulate={options.accumulate}. Raise loop.batch, or lower "
            "loop.accumulate"
        ) from error
