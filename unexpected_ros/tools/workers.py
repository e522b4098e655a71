"""Jobs spread over processes of this machine: one that dies costs the job it was at, and no other."""

from __future__ import annotations

import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from unexpected_core.devices import processors
from unexpected_core.log import LOGGER

TRIES = 3
"""How often a job is begun whose process dies."""
type Stop = Callable[[], bool]
"""Is the job to end where it is?"""


class Died(Exception):
    """The process ended that was at a job; the message says how."""


class WorkerProcess[Job, Result]:
    """A process that does one job after the other, until this end of its pipe is closed or gone with our process."""

    def __init__(self, perform: Callable[[Job, Stop], Result], threads: int) -> None:
        self.job: Job | None = None
        self._life = perform, threads
        self._start()

    def _start(self) -> None:
        spawn = get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, *self._life))
        self._process.start()
        theirs.close()

    def begin(self, job: Job) -> None:
        """Give it a job; `pipe` can be read when there is a result."""
        self.job = job
        with suppress(ConnectionError):  # it died since the last one: `result` says so
            self.pipe.send(job)

    def result(self) -> Result:
        """What came of its job. Raises Died; there is another process then."""
        self.job = None
        try:
            return self.pipe.recv()
        except (EOFError, ConnectionError):
            code = self.end()
        self._start()
        raise Died(f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}")

    def end(self) -> int:
        """Wait for its end, which closing the pipe asks for; returns the exit code, below 0 the signal's."""
        self.pipe.close()
        self._process.join()
        return self._process.exitcode

    def kill(self) -> None:
        """End it at once."""
        self._process.terminate()


def _serve[Job, Result](pipe: Connection, perform: Callable[[Job, Stop], Result], threads: int) -> None:
    """The life of a process; what can be read in the middle of a job is the other end being closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the parent says when to stop
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))  # before torch is imported, which reads it then
    with suppress(EOFError, ConnectionError):
        while True:
            pipe.send(perform(pipe.recv(), pipe.poll))


def spread[Job, Result](
    perform: Callable[[Job, Stop], Result],
    give_up: Callable[[Job, str], Result],
    jobs: Sequence[Job],
    workers: int,
) -> Generator[Result]:
    """What came of each job (hashable, different), as they end, by so many processes.

    perform is a function of a module, and raises nothing. A job whose process dies is begun again behind the others;
    give_up(job, why) speaks for one that did so TRIES times. Closing the iterator asks the jobs at work to stop and
    waits for them; an interrupt meanwhile ends them at once.
    """
    waiting, deaths = deque(jobs), Counter[Job]()
    threads = max(1, processors() // workers)
    team = [WorkerProcess(perform, threads) for _ in range(min(workers, len(jobs)))]
    try:
        while busy := _set_to_work(team, waiting):
            for pipe in wait(busy):
                job = busy[pipe].job
                try:
                    yield busy[pipe].result()
                except Died as how:
                    deaths[job] += 1
                    if deaths[job] < TRIES:
                        LOGGER.warning("%s: its process ended %s; it is begun again", job, how)
                        waiting.append(job)
                    else:
                        yield give_up(job, f"its process ended {TRIES} times, the last time {how}")
    finally:
        _let_go(team)


def _set_to_work[Job, Result](
    team: Sequence[WorkerProcess[Job, Result]], waiting: deque[Job]
) -> dict[Connection, WorkerProcess[Job, Result]]:
    """Give the idle ones what waits; returns those at work by their pipes."""
    for worker in team:
        if worker.job is None and waiting:
            worker.begin(waiting.popleft())
    return {worker.pipe: worker for worker in team if worker.job is not None}


def _let_go(team: Sequence[WorkerProcess]) -> None:
    for worker in team:
        worker.pipe.close()
    try:
        for worker in team:
            worker.end()
    except KeyboardInterrupt:
        for worker in team:
            worker.kill()
        raise
