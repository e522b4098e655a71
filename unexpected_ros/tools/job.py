"""One bag of many: where it is, what is done with it, and the note beside its result that says what came of it."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from unexpected_core.config import override
from unexpected_core.files import write_text
from unexpected_core.memory import keep_freed
from unexpected_core.pipeline.named_files import named_files

DONE, INCOMPLETE, BROKEN, DIED, INTERRUPTED = "done", "incomplete", "broken", "died", "interrupted"


@dataclass(frozen=True)
class Job:
    """One bag: where it is, where its result goes, and what is done with it (arguments of `_detector`, and more)."""

    source: str
    target: str
    model: str
    device: str
    assignments: tuple[str, ...]
    topic: str | None
    node: str

    def __str__(self) -> str:
        return self.source

    @property
    def note(self) -> Path:
        """The file that says what came of it."""
        return Path(f"{self.target}.json")

    def recipe(self) -> dict[str, Any]:
        """All that the result depends on; of settings that name files also what these hold."""
        from unexpected_ros.settings import NodeSettings

        settings, source = override(NodeSettings(), self.assignments), Path(self.source)
        named = named_files(settings.model.model_copy(update={"path": self.model}), settings.detect)
        files = [source, *sorted(source.iterdir())] if source.is_dir() else [source]
        about = [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]
        return json.loads(json.dumps(asdict(self) | {"files": about, "named": named}))


def perform(job: Job, stop: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """Process one bag in this process; what came of it is written beside the result, and returned. Never raises.

    stop: asked before each frame, whether to leave the bag where it is.
    """
    from unexpected_ros.tools.resuming import Interrupted

    keep_freed()
    started = time.monotonic()
    place = {"host": socket.gethostname(), "pid": os.getpid()}
    came: dict[str, Any] = {"received": 0, "processed": 0}
    try:
        came |= _process(job, stop)
    except Interrupted as error:
        came |= {"state": INTERRUPTED, "problems": [f"interrupted{error}"]}
    except Exception as error:  # whatever is wrong with one bag is not to cost the others
        came |= {"state": BROKEN, "problems": [f"{type(error).__name__}: {error}"]}
    came |= {"source": job.source, "target": job.target, "seconds": round(time.monotonic() - started, 2), **place}
    with suppress(OSError):  # such as a full disk, which a problem tells of
        write_text(job.note, json.dumps(came, indent=2) + "\n")
    return _told(came)


def _process(job: Job, stop: Callable[[], bool]) -> dict[str, Any]:
    """How it ended, and the recipe that it was begun with."""
    from unexpected_ros.settings import NodeSettings
    from unexpected_ros.tools.offline import process_bag

    recipe = job.recipe()
    detector = _detector(job.model, job.device, job.assignments)
    settings = override(NodeSettings(), job.assignments)
    run = process_bag(job.source, job.target, detector, job.topic, job.node, settings, stop)
    problems = [*run.problems, *(f"{n} frames could not be used ({cause})" for cause, n in run.failures.items())]
    counts = {"received": run.received, "processed": run.processed}
    state = INCOMPLETE if problems else DONE
    return {"state": state, "problems": problems, **counts, "model_id": detector.model_id, "recipe": recipe}


@cache
def _detector(model: str, device: str, assignments: tuple[str, ...]) -> Any:
    """One copy of the weights in each process."""
    from unexpected_ros.settings import NodeSettings
    from unexpected_ros.tools.chosen import check_named, chosen_detector

    return chosen_detector(model, device, override(NodeSettings(), assignments), check_named(assignments))


def is_done(job: Job) -> dict[str, Any] | None:
    """What came of the bag in an earlier run with the same recipe, None where it is to be done (again)."""
    try:
        came = json.loads(job.note.read_text(encoding="utf-8"))
        good = came["state"] in (DONE, INCOMPLETE) and came["recipe"] == job.recipe() and Path(job.target).exists()
    except (OSError, ValueError, KeyError):
        return None
    return _told(came) if good else None


def _told(came: dict[str, Any]) -> dict[str, Any]:
    """What a report says of a bag: all but the recipe."""
    return {name: value for name, value in came.items() if name != "recipe"}


def died(job: Job, why: str) -> dict[str, Any]:
    """What is told of a bag whose process ended again and again."""
    about = {"received": 0, "processed": 0, "seconds": 0.0}
    return {"state": DIED, "problems": [why], "source": job.source, "target": job.target, **about}
