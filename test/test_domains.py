"""Runs of the tests do not hear each other's nodes."""

import os
import subprocess
import sys


def domain_of(process):
    return int(process.stdout.readline())


def test_each_run_has_a_domain_of_its_own(repository):
    """Also where their process numbers are a multiple of the number of domains apart."""
    script = (
        "import os, runpy, sys\n"
        "os.getpid = lambda: 96\n"
        "kept = runpy.run_path(sys.argv[1])\n"
        "print(os.environ['ROS_DOMAIN_ID'], flush=True)\n"
        "sys.stdin.read()\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ROS_DOMAIN_ID"}
    command = [sys.executable, "-c", script, str(repository / "test" / "conftest.py")]
    runs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)
        for _ in range(4)
    ]
    domains = [domain_of(run) for run in runs]
    for run in runs:
        run.communicate("")
    assert len(set(domains)) == len(runs) and all(1 <= domain <= 101 for domain in domains)
