"""A .venv of another place or another ROS begins anew, and what is missing or does not go together is said first."""

import os
import shutil
import subprocess

import pytest

PYTHON = """#!/bin/sh
# Stands for python3.12 and for the one in .venv: makes a .venv with nothing in it, and installs nothing.
case "$*" in
*version_info*) echo 3.12 ;;
*sysconfig*) echo "$HEADERS" ;;
"-m venv"*)
    case "$*" in *--system-site-packages*) sees=true ;; *) sees=false ;; esac
    mkdir -p .venv/bin
    echo "include-system-site-packages = $sees" >.venv/pyvenv.cfg
    echo "#!$PWD/.venv/bin/python" >.venv/bin/pip
    cp "$0" .venv/bin/python
    ;;
esac
"""


@pytest.fixture
def venv(tmp_path, repository):
    """Run the script in a checkout of its own, with such a Python, and a ROS of this name sourced; returns stderr."""
    checkout = tmp_path / "a checkout"
    (checkout / "scripts").mkdir(parents=True)
    shutil.copy(repository / "scripts" / "venv.sh", checkout / "scripts")
    (checkout / "setup.py").touch()
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    (tmp_path / "Python.h").touch()

    def run(ros="", headers=tmp_path, code=0):
        environment = os.environ | {"PYTHON": str(tmp_path / "python"), "HEADERS": str(headers), "ROS_DISTRO": ros}
        done = subprocess.run([checkout / "scripts/venv.sh"], env=environment, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done.stderr

    run.folder = checkout / ".venv"
    return run


def test_another_ros_begins_anew_and_the_same_does_not(venv):
    for ros, sees in (("", "false"), ("jazzy", "true"), ("", "false")):
        venv(ros)
        assert (venv.folder / "pyvenv.cfg").read_text() == f"include-system-site-packages = {sees}\n"
        assert not (venv.folder / "mine").exists()
        (venv.folder / "mine").touch()
        (venv.folder / ".made").unlink()  # as with another setup.py
        venv(ros)
        assert (venv.folder / "mine").exists()


def test_a_folder_that_was_moved_begins_anew(venv):
    venv()
    (venv.folder / "bin/pip").write_text("#!/elsewhere/.venv/bin/python\n")
    (venv.folder / ".made").unlink()
    (venv.folder / "mine").touch()
    venv()
    assert not (venv.folder / "mine").exists()


def test_headers_that_are_not_there_are_named_before_anything_is_fetched(venv, tmp_path):
    said = venv(headers=tmp_path / "none", code=1)
    assert "none/Python.h is not there; on Debian and Ubuntu: sudo apt install python3.12-dev" in said
    assert not venv.folder.exists()


def test_an_installed_ros_is_not_mixed_with_the_wheels_of_jazzy(repository):
    command = ["bash", repository / "scripts/jazzy.sh", "--version"]
    done = subprocess.run(command, env=os.environ | {"ROS_DISTRO": "kilted"}, capture_output=True, text=True)
    assert done.returncode == 2 and "ROS 2 kilted" in done.stderr and not done.stdout
