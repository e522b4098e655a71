"""One training from its settings: opens data and task, keeps the run folder honest, runs the loop."""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows: nothing keeps a second training out
    fcntl = None

from unexpected_core.config import settings_of
from unexpected_core.files import write_text
from unexpected_core.log import LOGGER
from unexpected_core.training.engine.checkpoint import BEST, LAST, STATE, STOP, is_finished, read_progress
from unexpected_core.training.errors import TrainingError
from unexpected_core.training.settings import TrainingSettings
from unexpected_core.weights.experiments import ENVIRONMENT

CONFIG = "config.json"
PATIENCE = 8.0
"""Seconds to wait for a run folder that another process holds."""
FREE = (
    "loop.epochs",
    "loop.workers",
    "loop.device",
    "loop.devices",
    "loop.nodes",
    "loop.checkpoint_seconds",
    "loop.frames",
    "data.cache",
)
"""Settings that may differ between a training and its resumption: where and how long, not what."""

TASKS = {
    "segmentation": "unexpected_core.training.tasks.segmentation",
    "generator": "unexpected_core.training.tasks.generator",
    "discrepancy": "unexpected_core.training.tasks.discrepancy",
    "rbm": "unexpected_core.training.tasks.rbm",
    "fast": "unexpected_core.training.tasks.fast",
    "fast_cues": "unexpected_core.training.tasks.cues",
    "fast_baselines": "unexpected_core.training.tasks.baselines",
}
"""settings.task.kind -> module with ``open_task(settings) -> OpenedTask``."""


def resolve(settings: TrainingSettings) -> TrainingSettings:
    """An ensemble member's own name and seed."""
    member = getattr(settings.task, "member", 0)
    loop = settings.loop.model_copy(update={"seed": settings.loop.seed + member})
    return settings.model_copy(update={"name": settings.name.format(member=member), "loop": loop})


def experiments() -> Path:
    """The folder that trainings write below: $DIR_EXPERIMENTS, else ./exp."""
    return Path(os.environ.get(ENVIRONMENT) or "exp")


def run_folder(settings: TrainingSettings, folder: str | Path | None = None) -> Path:
    """Where a training writes: the folder given, or $DIR_EXPERIMENTS/<name> (default ./exp/<name>)."""
    return Path(folder) if folder else experiments() / settings.name


def run(settings: TrainingSettings, folder: Path, whole: Path | None = None) -> bool:
    """Train, or go on; returns whether there was anything to do: a finished run is not touched.

    whole: run folder of the training that this is a stage of; a stop file there ends the stage, too.
    Raises TrainingError; every exception is also written to training.log.
    """
    from unexpected_core.training.engine.loop import Training
    from unexpected_core.training.engine.recorder import LOG, append

    if settings.data.train == settings.data.val:
        LOGGER.warning("data.val is data.train: the frames that are learned from decide the best epoch")
    with alone_in(folder), stop_file_consumed(folder):
        if not refuse_changes(settings, folder):
            _tell_other_sources(settings, folder)
            if is_finished(folder, settings.loop.epochs):
                return False
        keep_config(settings, folder)
        try:
            task, examples, validation = import_module(TASKS[settings.task.kind]).open_task(settings)
            Training(settings, task, examples, validation, folder, whole).run()
            return True
        except Exception:
            append(folder / LOG, traceback.format_exc())
            raise


@contextmanager
def stop_file_consumed(folder: Path) -> Iterator[None]:
    """However a training ends, a file that asked it to end does not wait for the next one."""
    try:
        yield
    finally:
        if is_first_process():
            (folder / STOP).unlink(missing_ok=True)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep a second training out of the run folder; the first process of a training speaks for the others.

    Raises TrainingError when another training holds it. A killed training lets go (its loader workers within seconds).
    """
    folder.mkdir(parents=True, exist_ok=True)
    if fcntl is None or not is_first_process():
        yield
        return
    handle, deadline = os.open(folder, os.O_RDONLY), time.monotonic() + PATIENCE
    try:
        while not _locked(handle):
            if time.monotonic() > deadline:
                raise TrainingError(
                    f"another process is training in {folder}: wait for it, end it, or use another --run"
                )
            time.sleep(0.2)
        yield
    finally:
        os.close(handle)


def is_first_process() -> bool:
    """Whether this process speaks for all of a training: torchrun's and Fabric's further ones have another rank."""
    return os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def keep_config(settings: TrainingSettings, folder: Path) -> None:
    """Write config.json, or compare with the one that is there. Raises TrainingError naming what differs."""
    path, now = folder / CONFIG, json.loads(settings.model_dump_json())
    before = _read_config(path)
    if before == now:
        return
    if changes := refuse_changes(settings, folder):
        _start_anew(folder, changes)
    write_text(path, json.dumps(now, indent=2) + "\n")


def refuse_changes(settings: TrainingSettings, folder: Path) -> str:
    """What differs from config.json, if any. Raises TrainingError where a step of that training is finished."""
    before, now = _read_config(folder / CONFIG), json.loads(settings.model_dump_json())
    # A setting that the file lacks is newer than the training: its default is what went before.
    changes = "; ".join(
        f"{name} was {_value(before, name)}, now {_value(now, name)}"
        for name in _names(settings)
        if name not in FREE
        and _value(before, name) not in (None, _value(now, name))
        and not (name == "task.start" and _moved(_value(before, name), _value(now, name), folder))
    )
    progress = read_progress(folder) if changes else None
    if progress and (progress.epoch or progress.step):
        raise TrainingError(
            f"{folder} holds a training with other settings: {changes}. Use another "
            "--run for a new training, or the old settings to go on"
        )
    return changes


def _moved(before: str, now: str, folder: Path) -> bool:
    """Whether a file of the run folder (what an earlier stage wrote) has another path because the folder has."""
    if not Path(now).is_relative_to(folder.absolute()):
        return False
    inside = Path(now).relative_to(folder.absolute()).parts
    return Path(before).parts[-len(inside) :] == inside


def _read_config(path: Path) -> dict:
    if not path.exists():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainingError(f"cannot read {path}: {error}. Restore it, or use another --run") from error


def _tell_other_sources(settings: TrainingSettings, folder: Path) -> None:
    """The same data may lie elsewhere now; other data are not learned from, or too, without a word."""
    before = _read_config(folder / CONFIG).get("data", {}).get("sources", [])
    progress = read_progress(folder) if before and before != list(settings.data.sources) else None
    if progress and (progress.epoch or progress.step):
        LOGGER.warning(
            "%s has learned from %s: if %s is other data, another run folder (--run) is for that",
            folder,
            ", ".join(before),
            ", ".join(settings.data.sources),
        )


def _start_anew(folder: Path, changes: str) -> None:
    """Delete what a training left that has not finished a step."""
    LOGGER.info("%s: no step was finished before; started anew (%s)", folder, changes)
    for name in (STATE, BEST, LAST):
        (folder / name).unlink(missing_ok=True)


def _names(settings: TrainingSettings) -> list[str]:
    return [setting.name for setting in settings_of(type(settings))]


def _value(values: Any, name: str) -> Any:
    for part in name.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    if name == "data.sources" and values:  # the same data may lie elsewhere
        return [source.partition("=")[0] for source in values]
    return values
