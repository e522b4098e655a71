"""Work in several processes: what comes back, and what is said when one of them is gone."""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from unexpected_core.cli.data import convert
from unexpected_core.evaluation.settings import EvaluationSettings
from unexpected_core.processes import ProcessesError, processes


def test_each_process_has_one_thread_for_opencv():
    with processes(1) as pool:
        assert pool.submit(cv2.getNumThreads).result() == 1


def test_there_are_as_many_as_this_process_may_use(tmp_path):
    """As in a container or below taskset; they were as many as the machine has."""
    parser, allowed = argparse.ArgumentParser(), os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        with processes(None) as pool:
            assert pool._max_workers == 1
        convert.add_arguments(parser)
        assert parser.parse_args(["camvid", "a", "b"]).workers == EvaluationSettings().workers == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_a_process_that_is_ended_is_told_with_the_cure():
    with pytest.raises(ProcessesError, match="take fewer workers"), processes(1) as pool:
        pool.submit(os._exit, 9).result()


def test_a_script_that_each_process_would_begin_again_is_told_where_to_put_what_it_does(tmp_path):
    script = tmp_path / "judge.py"
    script.write_text(
        "from unexpected_core.processes import processes\nwith processes(1) as p: p.submit(abs, -1).result()\n"
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    last = ended.stderr.strip().splitlines()[-1]
    assert ended.returncode == 1
    assert "ProcessesError" in last and "below `if __name__ == '__main__':`" in last


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_processes_end_with_the_one_that_they_work_for_however_it_ends(sent, tmp_path):
    """They stayed for ever, each with its memory."""
    script = tmp_path / "works.py"
    script.write_text(
        "import os, time\nfrom unexpected_core.processes import processes\n"
        "if __name__ == '__main__':\n"
        "    with processes(1) as pool:\n"
        "        print(pool.submit(os.getpid).result(), flush=True)\n"
        "        pool.submit(time.sleep, 600).result()\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        parent.send_signal(sent)
    deadline = time.monotonic() + 30
    while not ended(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    if not ended(worker):
        os.kill(worker, signal.SIGKILL)
        pytest.fail("still there")


def ended(process):
    """Whether it has; one that nobody waits for stays as a zombie in some containers."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] in "ZX"
    except FileNotFoundError:
        return True
