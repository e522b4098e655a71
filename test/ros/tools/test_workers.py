"""Jobs in processes: one that kills its process, an interrupt from the keyboard, a parent that is killed."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children
from pathlib import Path

import pytest

from unexpected_ros.tools.workers import TRIES, spread

JOBS = """
import os, sys, time
from unexpected_ros.tools.workers import spread

def perform(job, stop):
    open("begun", "a").write(f"{job}\\n")
    if job == "deadly":
        time.sleep(0.2)
        os._exit(9)
    while job.startswith("endless"):
        if stop():
            open("stopped", "a").write(f"{job}\\n")
            return "stopped"
        time.sleep(0.01)
    while job.startswith("stubborn"):
        time.sleep(1)
    return f"{job} done, {os.environ['OMP_NUM_THREADS']} threads"

def give_up(job, why):
    return f"{job}: {why}"

if __name__ == "__main__":
    for came in spread(perform, give_up, sys.argv[1:], 2):
        print(came)
"""


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """The module of the jobs, which processes started from here import too, and which notes what was begun."""
    (tmp_path / "jobs_for_a_test.py").write_text(JOBS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    import jobs_for_a_test

    yield jobs_for_a_test
    del sys.modules["jobs_for_a_test"]


def begun():
    return Path("begun").read_text().split() if Path("begun").exists() else []


@pytest.mark.parametrize("workers", [1, 2])
def test_a_job_that_kills_its_process_costs_no_other(jobs, workers, caplog):
    others = [str(n) for n in range(5)]
    came = list(spread(jobs.perform, jobs.give_up, ["deadly", *others], workers))
    threads = max(1, len(os.sched_getaffinity(0)) // workers)
    assert sorted(came) == [
        *(f"{n} done, {threads} threads" for n in others),
        f"deadly: its process ended {TRIES} times, the last time with exit code 9",
    ]
    assert sorted(begun()) == [*others, *["deadly"] * TRIES]
    assert caplog.messages == ["deadly: its process ended with exit code 9; it is begun again"] * (TRIES - 1)


def test_a_process_that_is_killed_between_two_jobs_is_replaced(jobs):
    results = spread(jobs.perform, jobs.give_up, ["0", "1"], 1)
    next(results)
    (idle,) = active_children()
    idle.kill()
    idle.join()
    assert next(results).startswith("1 done")
    assert begun() == ["0", "1"]


def start(*names):
    """The jobs in a program of its own, once two of them have begun."""
    command = [sys.executable, "jobs_for_a_test.py", *names]
    heeds = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background of a shell do not
    try:
        parent = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, heeds)
    end = time.monotonic() + 60
    while len(begun()) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    return parent


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupt_or_a_death_of_the_parent_stops_what_is_at_work_and_begins_nothing_more(jobs, ending):
    parent = start(*(f"endless{n}" for n in range(6)))
    if ending == signal.SIGINT:
        os.killpg(parent.pid, ending)  # as the terminal does
    else:
        parent.send_signal(ending)
    told = parent.communicate(timeout=60)[1]  # its processes have the same stderr: they have ended, too
    assert parent.returncode == -ending
    assert told.count("Traceback") == (ending == signal.SIGINT), told
    assert sorted(begun()) == sorted(Path("stopped").read_text().split()) == ["endless0", "endless1"]


def test_a_second_interrupt_ends_what_does_not_stop(jobs):
    parent = start("stubborn0", "stubborn1", "2")
    os.killpg(parent.pid, signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        parent.wait(1.0)
    os.killpg(parent.pid, signal.SIGINT)
    parent.communicate(timeout=20)
    assert parent.returncode == -signal.SIGINT
    assert sorted(begun()) == ["stubborn0", "stubborn1"]
