"""Programs that must hear nobody else do not hear each other's nodes."""

import os
import subprocess
import sys

import pytest

from unexpected_ros.domains import free_domain

AS_96 = "import os, sys\nos.getpid = lambda: 96\n"
"""All of one process number, or of numbers that are a multiple of the number of domains apart."""
THEN_STAY = "print('domain', os.environ['ROS_DOMAIN_ID'], flush=True)\nsys.stdin.read()\n"
RUN_OF_TESTS = "import runpy\nkept = runpy.run_path('test/conftest.py')\n"
DEMO = "sys.path.insert(0, 'demo')\nimport run\nrun.isolate()\n"
TOOL = "sys.path.insert(0, 'bench')\nimport live_node\nlive_node.alone()\n"


def domains_of(programs, repository):
    """Of programs that are there at the same time."""
    environment = {name: value for name, value in os.environ.items() if name != "ROS_DOMAIN_ID"}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", AS_96 + program + THEN_STAY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=repository,
            text=True,
        )
        for program in programs
    ]
    domains = [next(int(line.split()[1]) for line in run.stdout if line.startswith("domain ")) for run in runs]
    for run in runs:
        run.communicate("")
    assert all(1 <= domain <= 101 for domain in domains)
    return domains


def test_each_run_has_a_domain_of_its_own(repository):
    assert len(set(domains_of([RUN_OF_TESTS] * 4, repository))) == 4


@pytest.mark.ros
def test_demos_and_tools_take_theirs_in_the_same_way(repository):
    assert len(set(domains_of([RUN_OF_TESTS, DEMO, DEMO, TOOL, TOOL], repository))) == 5


def test_a_domain_of_ones_own_is_not_the_one_that_one_was_in(monkeypatch):
    monkeypatch.setenv("ROS_DOMAIN_ID", "42")  # of nodes that know nothing of all this
    monkeypatch.setattr(os, "getpid", lambda: 41)
    sign, domain = free_domain()
    with sign:
        assert domain != "42"
