"""What goes wrong while learning, in the user's words, with the cure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unexpected_core.devices import is_out_of_memory
from unexpected_core.log import LOGGER, first_line
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


def not_finite(losses: dict[str, float], where: str, rate: float, options: LoopSettings, folder: Path) -> TrainingError:
    """The error of losses that are NaN or infinite. rate: the learning rate of now."""
    wrong = ", ".join(f"{name} = {value}" for name, value in losses.items() if not math.isfinite(value))
    return TrainingError(
        f"{wrong} {where}. Lower optimizer.learning_rate (now {rate:.3g}), set optimizer.clip=1, or use "
        f"loop.precision=32-true (now {options.precision}), with a new --run; look at those examples. What was saved "
        f"in {folder} is intact"
    )


def tell_nothing_counts(epoch: int, means: dict[str, float], found: dict[str, float]) -> None:
    """Say it once where a loss is exactly 0, which untrained networks are not for what counts in it.

    means, found: losses of the training and of the validation.
    """
    for first, losses, where in ((0, found, "the validation"), (1, means, "a whole epoch")):
        names = [name for name, value in losses.items() if value == 0]
        if names and epoch == first:
            LOGGER.warning(
                "%s is exactly 0 in %s: no pixel of its examples seems to count for it, such as where labels are all "
                "255, or there is no road to redraw. Look at the label ids of the data",
                *(", ".join(names), where),
            )
