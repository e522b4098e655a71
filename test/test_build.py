"""scripts/build.sh: the wheels' CMake files are pointed at this Python, wherever the checkout lies."""

import os
import shutil
import subprocess

TOOL = """#!/bin/sh
# Stands for cmake, make, c++, colcon and python.
case "$(basename "$0") $*" in
*sysconfig*) echo "$PWD/.venv/include" ;;
*numpy*) echo "$PWD/.venv/numpy" ;;
colcon*) mkdir -p install/unexpected_ros ;;
esac
"""
PYTHON = "/opt/python/cp312-cp312"


def test_the_paths_of_a_checkout_are_taken_as_they_are_written(tmp_path, repository):
    """A & stands for what was found, in the words of sed."""
    checkout, tools = tmp_path / "R&D #1", tmp_path / "tools"
    watched = ("msg", "unexpected_core", "unexpected_ros", "launch", "config", "scripts/executables")
    for folder in (".venv/bin", ".venv/share", *watched):
        (checkout / folder).mkdir(parents=True)
    for file in ("CMakeLists.txt", "package.xml", "msg/A.msg"):
        (checkout / file).touch()
    shutil.copy(repository / "scripts/build.sh", checkout / "scripts")
    (checkout / ".venv/bin/activate").touch()
    made = checkout / ".venv/share/made.cmake"
    made.write_text(f"{PYTHON}/include/python3.12;{PYTHON}/lib/python3.12/site-packages/numpy/_core/include\n")
    tools.mkdir()
    for name in ("cmake", "make", "c++", "colcon", "python"):
        (tools / name).write_text(TOOL)
        (tools / name).chmod(0o755)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "scripts/build.sh"], cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert made.read_text() == f"{checkout}/.venv/include;{checkout}/.venv/numpy\n"
