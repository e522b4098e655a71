#!/usr/bin/env bash
# The tests of the ROS half against ROS 2 Jazzy:  scripts/jazzy.sh [arguments of pytest]
#
# A copy of the checkout in .jazzy/ gets the wheels of Jazzy; everything else (torch, OpenCV, ...) it takes from .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
packages=lib/python3.12/site-packages
mkdir -p .jazzy # colcon visits no folder whose name begins with a dot, unless told to
git ls-files -z | xargs -0 cp --parents -t .jazzy
wheels=$(env -u PYTHONPATH .venv/bin/python -P -c '
from importlib.metadata import requires
lines = (line.partition(";") for line in requires("unexpected_ros"))
print(*(name.strip() for name, _, extra in lines if "extra" in extra and "jazzy" in extra), "numpy")')
if [ "$(cat .jazzy/.venv/.made 2>/dev/null)" != "$wheels" ]; then
    rm -rf .jazzy/.venv .jazzy/build .jazzy/install
    .venv/bin/python -m venv .jazzy/.venv
    # shellcheck disable=SC2086 # a list
    .jazzy/.venv/bin/python -m pip install --disable-pip-version-check --quiet $wheels
    echo "$PWD/.venv/$packages" >.jazzy/.venv/$packages/zz_everything_else.pth # last: what both have is Jazzy's
    echo "$wheels" >.jazzy/.venv/.made
fi
cd .jazzy
scripts/build.sh
set +u # the setup files of colcon ask for variables that nobody has set
source scripts/env.sh
UNEXPECTED_REQUIRE_ROS=1 exec python -P -m pytest "${@:-test/ros}"
