#!/usr/bin/env bash
# Makes .venv with everything the project needs; does nothing when it is there and up to date.
#
# With a sourced ROS the packages of that ROS are used; without one, the wheels of the extra `ros`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec 9<. && flock 9

# What .venv depends on. A virtual environment remembers its own path, too.
state="$PWD ${ROS_DISTRO:-wheels} $(sha256sum setup.py)"
if [ "$(cat .venv/.made 2>/dev/null)" = "$state" ]; then exit 0; fi

python=${PYTHON:-python3.12}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo none)
if [ "$version" != 3.12 ]; then
    echo "venv: Python 3.12 is needed, '$python' gives: $version. Install it (Ubuntu 24.04: sudo apt install" \
        "python3.12-venv python3.12-dev; elsewhere: pyenv install 3.12) or name it:" \
        "make venv PYTHON=/path/to/python3.12" >&2
    exit 1
fi

headers=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
if [ ! -e "$headers/Python.h" ]; then
    echo "venv: the messages are compiled with Python's headers, and $headers/Python.h is not there; on Debian and" \
        "Ubuntu: sudo apt install python3.12-dev" >&2
    exit 1
fi

if [ -n "${ROS_DISTRO:-}" ]; then
    options=--system-site-packages extras=train,plots,export,view,dev
    numpy="numpy<2" # what the messages of ROS on Ubuntu 24.04 are compiled for
else
    options= extras=ros,train,plots,export,view,dev numpy=numpy
fi
# One that was made at another place, or for another kind of ROS (installed or as wheels), begins anew.
sees_ros=$([ -n "${ROS_DISTRO:-}" ] && echo true || echo false)
if ! { grep -qsF "$PWD/.venv/" .venv/bin/pip && grep -qs "^include-system-site-packages = $sees_ros" .venv/pyvenv.cfg; }; then
    rm -rf .venv
fi
if [ ! -e .venv ]; then "$python" -m venv $options .venv; fi
touch .venv/COLCON_IGNORE
echo "venv: installing; from nothing this fetches some gigabytes and takes minutes"
# The pip of Python 3.12.1 fetches whole wheels to learn what they need; newer ones read that from the index.
.venv/bin/python -m pip install --disable-pip-version-check --quiet --upgrade pip
.venv/bin/python -m pip install --disable-pip-version-check -e ".[$extras]" "$numpy" | { grep -v 'already satisfied' || true; }
echo "$state" >.venv/.made
