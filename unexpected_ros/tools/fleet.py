"""Many bags by many processes, on this machine or by Ray on many: each bag once, whatever breaks. No ROS.

python -m unexpected_ros.bags FOLDER OUT_FOLDER --workers 4
python -m unexpected_ros.bags FOLDER OUT_FOLDER --ray ADDRESS
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from unexpected_core.files import files_in, write_text
from unexpected_core.log import LOGGER, first_line
from unexpected_core.media.kinds import BAG_SUFFIXES, is_bag_folder
from unexpected_ros.tools.job import BROKEN, DIED, DONE, INCOMPLETE, Job, died, is_done, perform
from unexpected_ros.tools.workers import TRIES, spread

REPORT = "report.json"
type Results = Generator[dict[str, Any]]
"""What came of each bag, as they end."""


class FleetError(ValueError):
    """A fleet that cannot begin; the message says why."""


def bags_below(folder: Path) -> list[Path]:
    """Bags in a folder and below, by name: files, and folders that are one recording (their files are no bags).

    Each once: one that links lead to as well goes by its own name, where that is in there, and the log says so.
    """
    root, bags = folder.resolve(), {}
    found = [path for path in files_in(folder, whole=_is_bag) if _is_bag(path)]
    for path in sorted(found, key=lambda path: (path.resolve() != root / path.relative_to(folder), path)):
        if (other := bags.setdefault(path.resolve(), path)) is not path:
            LOGGER.info("%s leads to %s, which is done once", path, other)
    return sorted(bags.values())


def _is_bag(path: Path) -> bool:
    """By its name, even where that is a link that leads nowhere: it is to be told as broken, and not left out."""
    return is_bag_folder(path) if path.is_dir() else path.suffix.lower() in BAG_SUFFIXES


def refuse_doubles(jobs: Iterable[Job]) -> None:
    """Raises FleetError where two bags, such as a.mcap and a folder a_mcap, would be written to one place."""
    taken: dict[str, str] = {}
    for job in jobs:
        if (other := taken.setdefault(job.target, job.source)) != job.source:
            raise FleetError(f"{other} and {job.source} would both be written to {job.target}; rename one of them")


def refuse_results_of_others(folder: Path, out: Path) -> None:
    """Raises FleetError where `out` holds what came of another folder, which would be replaced name by name."""
    try:
        other = json.loads((out / REPORT).read_text(encoding="utf-8"))["folder"]
    except (OSError, ValueError, KeyError, TypeError):  # none, or one that nobody's run has written
        return
    if other != str(folder.resolve()):
        raise FleetError(
            f"{out} holds the results of {other}; choose another place for those of {folder}, "
            f"or remove {out / REPORT} where that is the same folder, moved since"
        )


def by_processes(jobs: list[Job], workers: int) -> Results:
    """What came of each job, as they end, by so many processes here; closing it stops the work between two frames."""
    return spread(perform, died, jobs, workers)


def by_ray(jobs: list[Job], address: str) -> Results:
    """What came of each job, as they end, by the workers of a Ray cluster, which see the same file system.

    Ray begins the bags of a worker that dies again on another. Closing this asks none of them to stop.
    address: of the cluster, or 'local' to start one here. Raises FleetError.
    """
    if not jobs:
        return
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
            yield died(job, f"its workers ended {TRIES} times: {first_line(error)}")


def run_fleet(
    jobs: Iterable[Job], folder: Path, out: Path, spreading: Callable[[list[Job]], Results]
) -> dict[str, Any]:
    """Do what is not done yet, and write one report of all bags of a folder into `out`; returns it.

    Raises KeyboardInterrupt with a word on how far it came, which the report then says too.
    """
    jobs = list(jobs)
    earlier = {job.source: came for job in jobs if (came := is_done(job))}
    left = [job for job in jobs if job.source not in earlier]
    if earlier:
        LOGGER.info("%d of %d bags are done already", len(earlier), len(jobs))
    bags = dict(earlier)
    _report(jobs, bags, len(earlier), folder, out)  # so that even after a kill it is known whose results these are
    try:
        with closing(spreading(left)) as results:
            for came in results:
                bags[came["source"]] = came
                place, problems = f"{len(bags)} of {len(jobs)}", "; ".join(came["problems"])
                LOGGER.info("%s: %s: %s %s", place, came["source"], came["state"], problems)
    except KeyboardInterrupt:
        _report(jobs, bags, len(earlier), folder, out)
        much = f"{len(bags)} of {len(jobs)} bags"
        raise KeyboardInterrupt(f" after {much}; the same command goes on from there") from None
    return _report(jobs, bags, len(earlier), folder, out)


def _report(jobs: list[Job], bags: dict[str, dict[str, Any]], before: int, folder: Path, out: Path) -> dict[str, Any]:
    """Write what came of the bags that were begun. before: how many were done by an earlier run."""
    states = [came["state"] for came in bags.values()]
    report = {
        "folder": str(folder.resolve()),
        "bags": len(jobs),
        **{state: states.count(state) for state in (DONE, INCOMPLETE, BROKEN, DIED)},
        "before": before,
        "received": sum(came["received"] for came in bags.values()),
        "processed": sum(came["processed"] for came in bags.values()),
        "of_each": [bags[job.source] for job in jobs if job.source in bags],
    }
    write_text(out / REPORT, json.dumps(report, indent=2) + "\n")
    return report
