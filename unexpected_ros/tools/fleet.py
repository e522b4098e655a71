"""Many bags by many processes, on this machine or by Ray on many: each bag once, whatever breaks. No ROS.

python -m unexpected_ros.bags FOLDER OUT_FOLDER --workers 4
python -m unexpected_ros.bags FOLDER OUT_FOLDER --ray ADDRESS
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from unexpected_core.config import override
from unexpected_core.files import write_text
from unexpected_core.log import LOGGER
from unexpected_core.media.kinds import BAG_SUFFIXES, kind_of

REPORT = "report.json"
TRIES = 3
"""How often a bag is begun whose process dies; each time it goes on where it was."""
DONE, INCOMPLETE, BROKEN, DIED = "done", "incomplete", "broken", "died"


class FleetError(ValueError):
    """A fleet that cannot begin; the message says why."""


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

    @property
    def note(self) -> Path:
        """The file that says what came of it."""
        return Path(f"{self.target}.json")

    def recipe(self) -> dict[str, Any]:
        """All that the result depends on."""
        source = Path(self.source)
        files = [source, *sorted(source.iterdir())] if source.is_dir() else [source]
        about = [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]
        return json.loads(json.dumps(asdict(self) | {"files": about}))


def bags_below(folder: Path) -> list[Path]:
    """Bags in a folder and below, by name: files, and folders that are one recording (their files are no bags)."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            found += [path] if kind_of(path) == "bag" else bags_below(path)
        elif path.suffix.lower() in BAG_SUFFIXES:
            found.append(path)
    return found


def perform(job: Job) -> dict[str, Any]:
    """Process one bag in this process; what came of it is written beside the result, and returned. Never raises."""
    from unexpected_ros.live.settings import NodeSettings
    from unexpected_ros.tools.offline import process_bag

    started, running = time.monotonic(), Path(f"{job.target}.running")
    place = {"host": socket.gethostname(), "pid": os.getpid()}
    write_text(running, json.dumps(place))
    try:
        detector = _detector(job.model, job.device, job.assignments)
        settings = override(NodeSettings(), job.assignments)
        run = process_bag(job.source, job.target, detector, job.topic, job.node, settings)
        problems = [*run.problems, *(f"{n} frames could not be used ({cause})" for cause, n in run.failures.items())]
        counts = {"received": run.received, "processed": run.processed}
        came = {
            "state": INCOMPLETE if problems else DONE,
            "problems": problems,
            **counts,
            "model_id": detector.model_id,
        }
    except Exception as error:  # whatever is wrong with one bag is not to cost the others
        came = {"state": BROKEN, "problems": [f"{type(error).__name__}: {error}"], "received": 0, "processed": 0}
    came |= {"source": job.source, "target": job.target, "seconds": round(time.monotonic() - started, 2), **place}
    write_text(job.note, json.dumps(came | {"recipe": job.recipe()}, indent=2) + "\n")
    running.unlink(missing_ok=True)
    return came


@cache
def _detector(model: str, device: str, assignments: tuple[str, ...]) -> Any:
    """One copy of the weights in each process."""
    from unexpected_ros.live.settings import NodeSettings
    from unexpected_ros.tools.offline import chosen_detector

    named = {each.partition("=")[0] for each in assignments}
    return chosen_detector(model, device, override(NodeSettings(), assignments), named)


def is_done(job: Job) -> dict[str, Any] | None:
    """What came of the bag in an earlier run with the same recipe, None where it is to be done (again)."""
    try:
        came = json.loads(job.note.read_text(encoding="utf-8"))
        good = came["state"] in (DONE, INCOMPLETE) and came.pop("recipe") == job.recipe() and Path(job.target).exists()
    except (OSError, ValueError, KeyError):
        return None
    return came if good else None


def died(job: Job, why: str) -> dict[str, Any]:
    """What is told of a bag whose process ended again and again."""
    about = {"received": 0, "processed": 0, "seconds": 0.0}
    return {"state": DIED, "problems": [why], "source": job.source, "target": job.target, **about}


def by_processes(jobs: list[Job], workers: int) -> Iterator[dict[str, Any]]:
    """What came of each job, as they end, by so many processes here; those of a process that dies are begun again."""
    tries = dict.fromkeys(jobs, 0)
    while tries:
        broken: list[Job] = []
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            futures: dict[Future, Job] = {pool.submit(perform, job): job for job in tries}
            for future in as_completed(futures):
                try:
                    yield future.result()
                except BrokenProcessPool as error:
                    LOGGER.warning("a process ended while it was at work; its bags are begun again")
                    broken.append(futures[future])
                    why = str(error)
        tries = {job: tries[job] + 1 for job in broken}
        yield from (died(job, why) for job, n in tries.items() if n >= TRIES)
        tries = {job: n for job, n in tries.items() if n < TRIES}


def by_ray(jobs: list[Job], address: str) -> Iterator[dict[str, Any]]:
    """What came of each job, as they end, by the workers of a Ray cluster, which see the same file system.

    Ray begins the bags of a worker that dies again on another. address: of the cluster, or 'local' to start one here.
    Raises FleetError.
    """
    try:
        import ray
    except ImportError:
        raise FleetError("--ray needs Ray: pip install 'unexpected_ros[fleet]'") from None
    if not ray.is_initialized():
        try:
            ray.init(address=None if address == "local" else address, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise FleetError(
                f"no Ray cluster at {address} ({error}); begin one with `ray start --head`, or take local"
            ) from error
    task = ray.remote(perform).options(max_retries=TRIES - 1, num_cpus=1)
    waiting = {task.remote(job): job for job in jobs}
    while waiting:
        (ready,), _ = ray.wait(list(waiting), num_returns=1)
        job = waiting.pop(ready)
        try:
            yield ray.get(ready)
        except ray.exceptions.RayError as error:
            yield died(job, f"its workers ended {TRIES} times: {str(error).splitlines()[0]}")


def run_fleet(
    jobs: Iterable[Job], out: Path, spread: Callable[[list[Job]], Iterator[dict[str, Any]]]
) -> dict[str, Any]:
    """Do what is not done yet, and write one report of all bags into `out`; returns it."""
    jobs = list(jobs)
    earlier = {job.source: came for job in jobs if (came := is_done(job))}
    left = [job for job in jobs if job.source not in earlier]
    if earlier:
        LOGGER.info("%d of %d bags are done already", len(earlier), len(jobs))
    bags = dict(earlier)
    for came in spread(left) if left else ():
        bags[came["source"]] = came
        LOGGER.info(
            "%d of %d: %s: %s %s", len(bags), len(jobs), came["source"], came["state"], "; ".join(came["problems"])
        )
    states = [came["state"] for came in bags.values()]
    report = {
        "bags": len(jobs),
        **{state: states.count(state) for state in (DONE, INCOMPLETE, BROKEN, DIED)},
        "before": len(earlier),
        "received": sum(came["received"] for came in bags.values()),
        "processed": sum(came["processed"] for came in bags.values()),
        "of_each": [bags[job.source] for job in jobs if job.source in bags],
    }
    write_text(out / REPORT, json.dumps(report, indent=2) + "\n")
    return report
