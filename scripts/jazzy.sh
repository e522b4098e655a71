#!/usr/bin/env bash
# The tests of the ROS half against ROS 2 Jazzy:  scripts/jazzy.sh [arguments of pytest]
#
# A copy of the checkout in .jazzy/ gets the wheels of Jazzy; everything else (torch, OpenCV, ...) it takes from .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ -n "${ROS_DISTRO:-}" ]; then
    echo "this shell has sourced ROS 2 $ROS_DISTRO, and the wheels of Jazzy do not go with it: run this in a new shell" >&2
    exit 2
fi
packages=lib/python3.12/site-packages
copy=.jazzy/checkout # colcon visits no folder whose name begins with a dot, unless told to
mkdir -p $copy
find $copy -mindepth 1 -maxdepth 1 ! -name .venv ! -name build ! -name install -exec rm -rf {} + # nothing that is gone
git ls-files -z --cached --others --exclude-standard --deduplicate | xargs -0 cp --parents -t $copy
if [ -d ../shared ]; then ln -sfn "$(realpath ../shared)" .jazzy/shared; fi # real data lies beside a checkout
wheels=$(env -u PYTHONPATH .venv/bin/python -P -c '
from importlib.metadata import requires
lines = (line.partition(";") for line in requires("unexpected_ros"))
print(*(name.strip() for name, _, extra in lines if "extra" in extra and "jazzy" in extra), "numpy")')
if [ "$(cat $copy/.venv/.made 2>/dev/null)" != "$wheels" ]; then
    rm -rf $copy/.venv $copy/build $copy/install
    .venv/bin/python -m venv $copy/.venv
    # shellcheck disable=SC2086 # a list
    $copy/.venv/bin/python -m pip install --disable-pip-version-check --quiet $wheels
    echo "$PWD/.venv/$packages" >$copy/.venv/$packages/zz_everything_else.pth # last: what both have is Jazzy's
    echo "$wheels" >$copy/.venv/.made
fi
cd $copy
scripts/build.sh
set +u # the setup files of colcon ask for variables that nobody has set
source scripts/env.sh
UNEXPECTED_REQUIRE_ROS=1 exec python -P -m pytest "${@:-test/ros}"
